"""A network and its search space as the plain numbers that the C++ search takes (``src/scheduler/search_export.cc``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace

from mcupatch.ir import ops
from mcupatch.ir.access import input_access, is_reduction, is_tileable, macs_per_pixel, tiled_tensor
from mcupatch.ir.graph import Graph
from mcupatch.schedule.holdings import SUM_BYTES
from mcupatch.schedule.stage_tensors import find_roots
from mcupatch.schedule.trailing import ELEMENT_OPS, union_bytes, whole_distance
from mcupatch.schedule.work import INT8_WEIGHTS, CallWork, WorkModel, count_whole, operator_work

ALIGN_BYTES = 4  # every buffer is rounded up to it, as the planner does


@dataclass(frozen=True)
class SearchSpace:
    """Which tiles and halo policies are tried for every segment.

    ``tile_rows`` and ``tile_cols`` are lengths, 0 is all of the tensor; ``col_parts`` are numbers of equal parts.
    Halo rows: all kept; all recomputed (``recompute_all``); recomputed for any ``most_recomputed`` tensors of the
    segment or fewer. Halo columns: all kept, or with ``recompute_all`` all recomputed.
    Strided shortcuts run on demand or as early as they can.
    """

    tile_rows: tuple[int, ...] = (1, 2, 4, 0)
    tile_cols: tuple[int, ...] = (1, 2, 4, 8, 0)
    col_parts: tuple[int, ...] = (2, 3, 4)
    most_recomputed: int = 0
    recompute_all: bool = False


KEEP_ALL = SearchSpace()
KEEP_ALL_FINELY = SearchSpace(
    tile_cols=(1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 40, 0), col_parts=(2, 3, 4, 5, 6)
)
RECOMPUTE = SearchSpace(most_recomputed=2, recompute_all=True)


@dataclass(frozen=True)
class SearchProblem:
    """One network. ``tensors``, ``operators`` and ``reads`` hold the fields of ``src/scheduler/network.h`` in turn."""

    graph: Graph
    streamed: tuple[str, ...]
    tensors: tuple[int, ...]
    operators: tuple[int, ...]
    reads: tuple[int, ...]
    moves: tuple[int, int]

    @property
    def layer_by_layer_bytes(self) -> int:
        """The most that any operator needs when all run whole."""
        return max(self.operators[WHOLE_BYTES::OPERATOR_FIELDS], default=0)

    @property
    def most_bytes(self) -> int:
        """More than any schedule that is worth a thought needs."""
        return self.layer_by_layer_bytes + 2 * sum(self.tensors[TENSOR_BYTES::TENSOR_FIELDS])


SCRATCH_COLS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)
"""Widths of calls for which the search knows the scratch of a kernel, ascending, and then for all columns."""
SCRATCH_SIZES = 2 * (len(SCRATCH_COLS) + 1)  # for calls of a single row, then for those of any number
_NO_SCRATCH = (0,) * SCRATCH_SIZES

TENSOR_FIELDS, TENSOR_BYTES = 8, 4
_FIRST_WORK, _WORK_FIELDS = 7, len(fields(CallWork))
WHOLE_BYTES = _FIRST_WORK + _WORK_FIELDS + SCRATCH_SIZES + 1
OPERATOR_FIELDS = WHOLE_BYTES + 3
_WHOLE_WORK = OPERATOR_FIELDS - 1
WORK_FIELDS = (*range(_FIRST_WORK, _FIRST_WORK + _WORK_FIELDS), _WHOLE_WORK)


def build_problem(
    graph: Graph,
    scratch_bytes: Mapping[str, Sequence[int]],
    streamed: tuple[str, ...] = (),
    model: WorkModel = INT8_WEIGHTS,
) -> SearchProblem:
    """``scratch_bytes`` by operator name: ``SCRATCH_SIZES`` of them; none: 0."""
    roots = find_roots(graph)
    index = {name: i for i, name in enumerate(roots)}
    spans = _root_spans(graph, roots)
    tensors: list[int] = []
    for name, root in roots.items():
        tensor = graph.tensors[name]
        height, width, channels = tensor.hwc
        tensors += (height, width, channels * tensor.item_bytes, index[root], graph.tensors[root].nbytes)
        tensors += (*spans[root], name in streamed)
    work = operator_work(graph, model)
    whole_bytes = _whole_bytes(graph, roots, spans, scratch_bytes, streamed)
    operators: list[int] = []
    reads: list[int] = []
    for i, op in enumerate(graph.ops):
        out = graph.output_tensor(op)
        tileable, folds = is_tileable(graph, op), is_reduction(graph, op)
        height, width, _ = graph.tensors[tiled_tensor(graph, i)].hwc if folds else out.hwc
        macs = macs_per_pixel(op, out.hwc[2])
        area = height * width
        full_width = folds and isinstance(op, ops.AvgPool2D) and op.requant is not None
        operators += (index[op.output], tileable, folds, isinstance(op, ELEMENT_OPS), full_width)
        operators += (_may_be_early(graph, i),)
        operators += (macs, *astuple(work[i]), *scratch_bytes.get(op.name, _NO_SCRATCH))
        operators += (out.hwc[2] * SUM_BYTES if folds else 0,)
        operators += (whole_bytes[i], area * macs, work[i].of(count_whole(graph, i)))
        if tileable:
            reads += _reads(graph, i, index)
    return SearchProblem(
        graph,
        streamed,
        tuple(map(int, tensors)),
        tuple(map(int, operators)),
        tuple(reads),
        (model.moved_byte, model.move),
    )


def scale_work(problem: SearchProblem, factors: Sequence[float], move_factor: float) -> SearchProblem:
    """``problem`` with the work of each operator times its factor, and that of copies times ``move_factor``."""
    scaled = list(problem.operators)
    for op, factor in enumerate(factors):
        for field in WORK_FIELDS:
            scaled[op * OPERATOR_FIELDS + field] = round(scaled[op * OPERATOR_FIELDS + field] * factor)
    moved_byte, move = (round(work * move_factor) for work in problem.moves)
    return replace(problem, operators=tuple(scaled), moves=(moved_byte, move))


def _root_spans(graph: Graph, roots: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """By root tensor: the operator that computes it (-1: a model input), and the last one that reads it."""
    spans: dict[str, tuple[int, int]] = {}
    for name, root in roots.items():
        producer, last = spans.get(root, (graph.producer.get(root, -1), -1))
        last = max(last, *graph.consumers[name], -1)
        spans[root] = producer, len(graph.ops) if name in graph.outputs else last
    return spans


def _whole_bytes(
    graph: Graph,
    roots: Mapping[str, str],
    spans: Mapping[str, tuple[int, int]],
    scratch_bytes: Mapping[str, Sequence[int]],
    streamed: tuple[str, ...],
) -> list[int]:
    """Bytes that each operator needs when it runs whole: all that is alive, its output over what it reads last."""
    sizes = {root: _round_up(graph.tensors[root].nbytes) for root in spans}
    found = []
    for i, op in enumerate(graph.ops):
        alive = [root for root, (producer, last) in spans.items() if producer < i <= last]
        own = roots[op.output] == op.output
        total = sum(sizes[root] for root in alive) + (sizes[op.output] if own else 0)
        if own:
            distances: dict[str, list[int | None]] = {}
            for name in graph.activation_inputs(op):
                if spans[roots[name]][1] == i and roots[name] not in streamed:
                    distances.setdefault(roots[name], []).append(whole_distance(graph, op, name))
            pairs = []
            for root, options in distances.items():  # one buffer read under two shapes must bear both reads
                known = [d for d in options if d is not None]
                if len(known) == len(options):
                    pairs.append((sizes[root], _round_up(min(max(known), sizes[op.output]))))
            if pairs:
                total -= sizes[op.output] + sum(n for n, _ in pairs) - union_bytes(sizes[op.output], pairs)
        found.append(total + _round_up(scratch_bytes.get(op.name, _NO_SCRATCH)[-1]))
    return found


def find_early(graph: Graph, first: int, last: int) -> tuple[int, ...]:
    """The operators of a segment that may be early: strided ones whose input another one of it reads too."""

    def is_shared(op: int) -> bool:
        users = {user for name in graph.activation_inputs(graph.ops[op]) for user in graph.consumers[name]}
        return any(first <= user <= last for user in users - {op})

    return tuple(i for i in range(first, last) if _may_be_early(graph, i) and is_shared(i))


def _may_be_early(graph: Graph, index: int) -> bool:
    """Whether the operator makes much less of an input that others read too: a strided shortcut."""
    op = graph.ops[index]
    if not is_tileable(graph, op) or isinstance(op, ops.Concat) or is_reduction(graph, op):
        return False
    access = input_access(graph, op, 0)
    return access is not None and access.rows.stride > 1 and len(graph.consumers[op.inputs[0]]) > 1


def _reads(graph: Graph, index: int, tensors: Mapping[str, int]) -> list[int]:
    found: list[int] = []
    op = graph.ops[index]
    for position, name in enumerate(op.inputs):
        access = None if name in graph.constants else input_access(graph, op, position)
        if access is not None:
            found += (index, tensors[name])
            for axis in (access.rows, access.cols):
                found += (axis.stride, axis.extent, axis.pad)
    return found


def _round_up(nbytes: int) -> int:
    return -(-nbytes // ALIGN_BYTES) * ALIGN_BYTES
