"""Errors pass between the processes of a benchmark whole."""

from __future__ import annotations

import pickle

from mcupatch.errors import FlashShortage, Infeasible


def test_errors_pass_between_processes() -> None:
    shortage = pickle.loads(pickle.dumps(FlashShortage("too large", 7)))
    assert isinstance(shortage, FlashShortage) and (str(shortage), shortage.missing_bytes) == ("too large", 7)
    infeasible = pickle.loads(pickle.dumps(Infeasible("no room", 9)))
    assert (str(infeasible), infeasible.arena_bytes) == ("no room", 9)
