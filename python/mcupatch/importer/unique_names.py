"""Names that are unique in a graph, as near to the model's own as that allows."""

from __future__ import annotations


class UniqueNames:
    """Hands out each name once: a second ``x`` becomes ``x_1``, a nameless tensor gets the fallback."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, wanted: str, fallback: str) -> str:
        base = wanted or fallback
        name = base
        while name in self._taken:
            self._next[base] = self._next.get(base, 0) + 1
            name = f"{base}_{self._next[base]}"
        self._taken.add(name)
        return name
