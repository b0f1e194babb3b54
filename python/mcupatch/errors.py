"""The errors that a user can mend. The command line prints their text and leaves with status 2."""

from __future__ import annotations


class McupatchError(Exception):
    """Base of every error whose text is meant for the user: one or two plain sentences."""


class BadInput(McupatchError):
    """A file, an option or a value that cannot be used as it is."""


class UnsupportedModel(McupatchError):
    """The model is well formed but holds operators or types that mcupatch does not compile."""


class Infeasible(McupatchError):
    """No schedule meets the budget, or the asked-for schedule is not legal for this network.

    ``arena_bytes`` is the arena that would be enough, where it is the budget that is missed.
    """

    def __init__(self, text: str, arena_bytes: int | None = None) -> None:
        super().__init__(text)
        self.arena_bytes = arena_bytes


class FlashShortage(Infeasible):
    """A firmware that is ``missing_bytes`` too large for its board's flash."""

    def __init__(self, text: str, missing_bytes: int) -> None:
        super().__init__(text)
        self.missing_bytes = missing_bytes


class ToolMissing(McupatchError):
    """An optional package or an external tool is needed and absent."""


class EmulationFault(McupatchError):
    """The firmware left its memories or ran out of them while it was measured."""


class BoardFault(McupatchError):
    """A board, its debug probe or the program on it failed while it was flashed or measured."""
