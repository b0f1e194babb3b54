"""The words of TVM's former ``tvmc`` for what ``mcupatch`` does: a second command line over the same code."""
