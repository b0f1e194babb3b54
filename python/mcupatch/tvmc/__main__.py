"""``python -m mcupatch.tvmc``, where another program of the name ``tvmc`` comes first on the PATH."""

from mcupatch.tvmc.main import main

main()
