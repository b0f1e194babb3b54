"""What is said of a schedule that does not fit: by how much, what is in the way, and what would help."""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.errors import BadInput, Infeasible
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Lut, Quantize
from mcupatch.memory.plan import Pool
from mcupatch.memory.pools import describe_pools
from mcupatch.options import ByHand, LeastSram, Mode, PerLayer
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.explain import describe_largest, format_bytes, shorten_name, title_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs

LARGEST = 2  # buffers that are named: they are most of it
LARGE = 4  # an input of a quarter of the arena is worth streaming


def explain_miss(
    graph: Graph,
    schedule: Schedule,
    mode: Mode,
    need_bytes: int,
    budget_bytes: int,
    reserved_bytes: int,
    pools: Sequence[Pool] = (),
) -> Infeasible:
    """That ``schedule``, the answer to ``mode``, needs an arena of ``need_bytes`` and ``budget_bytes`` are there.

    Users count the ``reserved_bytes`` of the stack and the data too, so what would be enough is told with them.
    """
    where = f" in {describe_pools(pools)}" if len(pools) > 1 else ""
    title, over = title_schedule(graph, schedule), need_bytes - budget_bytes
    if isinstance(mode, PerLayer | ByHand):
        text = f"This schedule, {title}, does not fit: its arena takes"
    elif budget_bytes > 0:
        text = (
            f"No schedule fits an arena of {format_bytes(budget_bytes)}{where}: the smallest, {title}, takes"
        )
    else:
        text = f"The stack and data leave no room for an arena: the smallest, {title}, takes"
    beside = f", with the {reserved_bytes} of stack and data" if reserved_bytes else ""
    missing = f", {over} byte{'' if over == 1 else 's'} too many" if budget_bytes > 0 else ""
    largest = max(step_loads(graph, schedule), key=lambda load: load.nbytes)
    op = graph.ops[largest.step]
    return Infeasible(
        f"{text} {need_bytes} bytes{missing}, most of it at operator {largest.step} '{shorten_name(op.name)}' "
        f"({describe_largest(largest, most=LARGEST)}). Give it at least {need_bytes + reserved_bytes} bytes{beside}"
        f"{_advise(graph, schedule, mode, [h.name for h in largest.held if LARGE * h.nbytes > need_bytes])}",
        need_bytes,
    )


def hint_at_ends(graph: Graph) -> str:
    """Float inputs take four times their int8 bytes, and what reorders them cannot run in patches."""
    if all(graph.tensors[name].dtype != "float32" for name in graph.inputs):
        return ""
    return "The model takes float input: --io int8 (io='int8') leaves out that end and takes the int8 values."


def _advise(graph: Graph, schedule: Schedule, mode: Mode, large: list[str]) -> str:
    """The rest of the sentence, and what is worth trying most as a sentence of its own."""
    if isinstance(mode, PerLayer | ByHand):
        other = " or take smaller patches" if isinstance(mode, ByHand) else ""
        end = f", or leave the schedule to mcupatch{other}."
    elif isinstance(mode, LeastSram) and mode.max_extra_macs is not None:
        end = ", or allow more extra MACs."
    else:
        end = ", or a smaller input or network."
    ends = hint_at_ends(graph)
    if ends:
        return f"{end} {ends}"
    held = [
        name for name in graph.inputs if name not in schedule.streamed and _forms(graph, name) & set(large)
    ]
    if held and held[0] in _streamable(graph):
        end += f" Input '{shorten_name(held[0])}' is in the way: --stream-input (stream_input=True) holds a few rows of it."
    return end


def _forms(graph: Graph, name: str) -> set[str]:
    """An input, and what it is converted to value by value."""
    readers = (graph.ops[i] for i in graph.consumers[name])
    return {name, *(op.output for op in readers if isinstance(op, Lut | Quantize))}


def _streamable(graph: Graph) -> tuple[str, ...]:
    try:
        return find_streamed_inputs(graph)
    except BadInput:
        return ()
