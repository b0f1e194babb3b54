"""The placement problem as plain numbers: how far above each other two buffers must lie.

For every pair that is in use at the same time one of two things must hold:

    offset[b] - offset[a] >= above[a][b]        b lies above a
    offset[a] - offset[b] >= above[b][a]        a lies above b

Without a safe overlap ``above[a][b]`` is a's size. An input that its operator's output may trail lies above that
output already from the recorded distance on. Sizes and distances are rounded up to the alignment, so offsets are
multiples of it by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcupatch.memory.plan import ACTIVATIONS, Buffer, SafeOverlap
from mcupatch.schedule.trailing import union_bytes


@dataclass(frozen=True)
class Separation:
    """``sizes`` are rounded up to ``align``; ``above[a]`` maps each neighbour b of buffer a to its distance.

    ``together`` are the buffers in use at one step, for the steps at which most are, in ascending order.
    """

    sizes: tuple[int, ...]
    true_sizes: tuple[int, ...]
    align: int
    above: tuple[dict[int, int], ...]
    together: tuple[tuple[int, ...], ...]

    def mirrored(self) -> Separation:
        """The same problem upside down: offset' = -(offset + size)."""
        flipped: tuple[dict[int, int], ...] = tuple({} for _ in self.sizes)
        for a, row in enumerate(self.above):
            for b, distance in row.items():
                flipped[b][a] = distance + self.sizes[b] - self.sizes[a]
        return Separation(self.sizes, self.true_sizes, self.align, flipped, self.together)


def build_separation(buffers: Sequence[Buffer], overlaps: Sequence[SafeOverlap]) -> Separation:
    """Distances for all pairs of ``buffers`` that are alive together; empty buffers are free to lie anywhere."""
    align = max((b.align for b in buffers), default=1)
    sizes = tuple(_round_up(b.nbytes, align) for b in buffers)
    above: tuple[dict[int, int], ...] = tuple({} for _ in buffers)
    order = sorted((i for i, b in enumerate(buffers) if b.nbytes), key=lambda i: buffers[i].first_step)
    alive: list[int] = []
    for i in order:
        alive = [j for j in alive if buffers[j].last_step >= buffers[i].first_step]
        for j in alive:
            above[i][j], above[j][i] = sizes[i], sizes[j]
        alive.append(i)
    index = {b.name: i for i, b in enumerate(buffers) if b.kind in ACTIVATIONS}
    for overlap in overlaps:
        out, source = index[overlap.output], index[overlap.input]
        if source in above[out]:
            above[out][source] = min(_round_up(overlap.distance, align), sizes[out])
    return Separation(sizes, tuple(b.nbytes for b in buffers), align, above, _find_together(buffers))


def _find_together(buffers: Sequence[Buffer]) -> tuple[tuple[int, ...], ...]:
    steps = sorted({b.first_step for b in buffers})
    found = [
        tuple(i for i, b in enumerate(buffers) if b.first_step <= step <= b.last_step and b.nbytes)
        for step in steps
    ]
    return tuple(here for here, after in zip(found, [*found[1:], ()]) if not set(here) <= set(after))


def step_bounds(
    buffers: Sequence[Buffer], overlaps: Sequence[SafeOverlap], separation: Separation
) -> dict[int, int]:
    """For each step at which something begins: bytes that any placement needs for what must coexist there.

    Buffers of one step are disjoint, except an output and the inputs that it may trail; those need at
    least ``union_bytes`` together. The highest buffer alone need not be rounded up to the alignment.
    """
    index = {b.name: i for i, b in enumerate(buffers) if b.kind in ACTIVATIONS}
    trailed: dict[int, list[tuple[int, int]]] = {}
    for overlap in overlaps:
        out, source = index[overlap.output], index[overlap.input]
        trailed.setdefault(out, []).append((source, separation.above[out].get(source, 0)))
    sizes, bounds = separation.sizes, {}
    for step in sorted({b.first_step for b in buffers}):
        here = [i for i, b in enumerate(buffers) if b.first_step <= step <= b.last_step and b.nbytes]
        total = sum(sizes[i] for i in here)
        for out in here:
            pairs = [(i, d) for i, d in trailed.get(out, ()) if i in here]
            if pairs:
                together = union_bytes(sizes[out], [(sizes[i], d) for i, d in pairs])
                total += together - sizes[out] - sum(sizes[i] for i, _ in pairs)
        slack = max((sizes[i] - buffers[i].nbytes for i in here), default=0)
        bounds[step] = max(total - slack, max((buffers[i].nbytes for i in here), default=0))
    return bounds


def _round_up(nbytes: int, align: int) -> int:
    return -(-nbytes // align) * align
