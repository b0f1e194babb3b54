"""The order in which the steps of a stage's segments run, on demand: each step once what it reads is there.

    stem, 1 row a step -> dw stride 2, 1 row a step:        stem stem dw stem stem dw ...

With it comes where the row window of each tensor between segments begins: at the lowest row that is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcupatch.ir.region import Interval


@dataclass(frozen=True)
class WindowRows:
    """One tensor between segments, as rows: ``computed`` by each step of ``producer``, ``read`` by each reader's steps."""

    producer: int
    computed: Sequence[Interval]
    read: Mapping[int, Sequence[Interval]]


@dataclass(frozen=True)
class WindowTrace:
    """What becomes of one row window: at each executed step of its producer it holds ``[base, stop)``.

    ``base_read[g]``: where it begins at each executed step of reader g.
    """

    base: tuple[int, ...]
    stop: tuple[int, ...]
    base_read: dict[int, tuple[int, ...]]


@dataclass(frozen=True)
class StepOrder:
    """``sequence`` holds the executing segment of each step; ``windows`` by tensor."""

    sequence: tuple[int, ...]
    windows: dict[str, WindowTrace]


def order_steps(
    steps: Sequence[int], windows: Mapping[str, WindowRows], complete: Sequence[int]
) -> StepOrder:
    """The order for segments of ``steps[g]`` steps each.

    The segments in ``complete`` run all their steps, one after the other; the others only as far as they are read.
    Raises ValueError if a step reads rows that nobody computes.
    """
    trial = _Ordering(steps, windows).run(complete)
    # What is dropped does not change the order; steps that it leaves out read nothing.
    run = [trial.sequence.count(g) for g in range(len(steps))]
    if run == list(steps):
        return trial
    read = {
        name: replace(w, read={g: intervals[: run[g]] for g, intervals in w.read.items()})
        for name, w in windows.items()
    }
    return _Ordering(run, read).run(complete)


class _Ordering:
    def __init__(self, steps: Sequence[int], windows: Mapping[str, WindowRows]) -> None:
        self._steps, self._windows = steps, windows
        self._next = [0] * len(steps)
        self._sequence: list[int] = []
        self._lowest = {
            (name, g): _lowest_from(read) for name, w in windows.items() for g, read in w.read.items()
        }
        self._base: dict[str, list[int]] = {name: [] for name in windows}
        self._stop: dict[str, list[int]] = {name: [] for name in windows}
        self._base_read: dict[str, dict[int, list[int]]] = {
            name: {g: [] for g in w.read} for name, w in windows.items()
        }
        self._produced = [[n for n, w in windows.items() if w.producer == g] for g in range(len(steps))]
        self._wanted = [[n for n, w in windows.items() if g in w.read] for g in range(len(steps))]

    def run(self, complete: Sequence[int]) -> StepOrder:
        for g in complete:
            while self._next[g] < self._steps[g]:
                self._advance(g)
        traces = {
            name: WindowTrace(
                tuple(self._base[name]),
                tuple(self._stop[name]),
                {g: tuple(bases) for g, bases in self._base_read[name].items()},
            )
            for name in self._windows
        }
        return StepOrder(tuple(self._sequence), traces)

    def _advance(self, g: int) -> None:
        """Run the next step of segment ``g``, after the steps of others that it waits for."""
        step = self._next[g]
        for name in self._wanted[g]:
            window = self._windows[name]
            if window.producer != g:
                while self._there(name) < window.read[g][step].stop:
                    if self._next[window.producer] == self._steps[window.producer]:
                        raise ValueError(
                            f"step {step} of segment {g} reads rows of '{name}' that nobody computes"
                        )
                    self._advance(window.producer)
        for name in self._produced[g]:
            self._move(name, step)
        for name in self._wanted[g]:
            bases = self._base[name]
            self._base_read[name][g].append(bases[-1] if bases else 0)
        self._sequence.append(g)
        self._next[g] = step + 1

    def _there(self, name: str) -> int:
        return self._stop[name][-1] if self._stop[name] else 0

    def _move(self, name: str, step: int) -> None:
        """Before a step writes ``name``: drop the rows that nobody reads any more."""
        window = self._windows[name]
        computed = window.computed[step]
        lowest = [self._lowest[name, g][self._next[g]] for g in window.read]
        base = min([low for low in lowest if low is not None] + [computed.start])
        self._base[name].append(base)
        self._stop[name].append(computed.stop)


def _lowest_from(read: Sequence[Interval]) -> list[int | None]:
    """For each step, and for the end, the lowest row that it or a later one reads; None if nothing is read."""
    lowest: list[int | None] = [None]
    for interval in reversed(read):
        low = lowest[-1]
        if interval.length:
            low = interval.start if low is None else min(low, interval.start)
        lowest.append(low)
    return lowest[::-1]
