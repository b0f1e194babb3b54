"""One stage of a schedule as one TIR function.

    for tile_row, tile_col:                         # only if the stage has more than one tile
        conv1_r0 = max(tile_row * 8 - 1, 0) ...     # the region of each inner tensor, in its own coordinates
        with sblock("conv1"):                       # reads(input[r0:r1, c0:c1]), writes(tile buffer)
            loops over the region
        with sblock("conv2"): ...                   # writes the tile's window of the stage's output

The blocks' reads and writes are the windows, so a later pass can replace a block's loops by a kernel call
(``lower_to_kernels``). Parameters: the stage's input tensors, its constants, then each operator's arrays, then
the output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from mcupatch.ir.access import input_access, slides_window
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.ir.region import ELEMENTWISE, Interval
from mcupatch.program.bodies import emit_body, is_windowed
from mcupatch.program.op_codec import operator_arrays
from mcupatch.program.tile_affine import fit_tile_expression
from mcupatch.program.window import Window, whole_region, whole_window
from mcupatch.schedule.regions import COLS, ROWS, largest_lengths, tile_intervals
from mcupatch.schedule.stage import Stage
from mcupatch.schedule.stage_tensors import stage_inputs
from mcupatch.tvm_api import IRBuilder, T

OP_ATTRIBUTE = "mcupatch.op"
PADS_ATTRIBUTE = "mcupatch.pads"
STAGE_ATTRIBUTE = "mcupatch.stage"


@dataclass(frozen=True)
class StageTensors:
    """The tensors at a stage's border: ``inputs`` and ``constants`` in order of first use, and ``output``."""

    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    output: str


def find_stage_tensors(graph: Graph, first: int, last: int) -> StageTensors:
    """The border of operators ``first`` to ``last``."""
    ops = graph.ops[first : last + 1]
    constants = dict.fromkeys(n for op in ops for n in op.inputs if n in graph.constants)
    return StageTensors(stage_inputs(graph, first, last), tuple(constants), ops[-1].output)


def build_stage_function(graph: Graph, stage: Stage, name: str) -> Any:
    """The stage as a ``PrimFunc`` in pure TIR. Any TVM target can run it."""
    return _StageBuilder(graph, stage).build(name)


class _StageBuilder:
    def __init__(self, graph: Graph, stage: Stage) -> None:
        self._graph, self._stage = graph, stage
        self._ops = graph.ops[stage.first : stage.last + 1]
        self._tensors = find_stage_tensors(graph, stage.first, stage.last)
        self._whole: dict[str, Any] = {}
        self._arrays: dict[str, dict[str, Any]] = {}

    def build(self, name: str) -> Any:
        with IRBuilder() as builder:
            with T.prim_func(is_private=False):
                T.func_name(name)
                names = [op.name for op in self._ops]
                T.func_attr({"tirx.noalias": True, "op_pattern": 8, STAGE_ATTRIBUTE: names})
                self._declare_parameters()
                with T.sblock("root"):  # TVM's analyses of block functions start from it
                    T.reads([])
                    T.writes([])
                    if self._stage.is_patched:
                        self._emit_tiles()
                    else:
                        self._emit_whole()
        return builder.get()

    def _declare_parameters(self) -> None:
        border = self._tensors
        for tensor_name in (*border.inputs, *border.constants):
            self._whole[tensor_name] = self._parameter(tensor_name)
        for op in self._ops:
            self._arrays[op.name] = {
                key: T.arg(f"{op.name}_{key.replace('.', '_')}", T.buffer(array.shape, array.dtype.name))
                for key, array in operator_arrays(op).items()
            }
        self._whole[border.output] = self._parameter(border.output)

    def _parameter(self, tensor_name: str) -> Any:
        tensor = self._graph.tensors[tensor_name]
        return T.arg(_identifier(tensor_name), T.buffer(tensor.shape, tensor.dtype))

    def _emit_whole(self) -> None:
        windows = {n: whole_window(self._graph.tensors[n], b) for n, b in self._whole.items()}
        for op in self._ops:
            if op.output not in windows:
                tensor = self._graph.output_tensor(op)
                buffer = T.alloc_buffer(tensor.shape, tensor.dtype)
                windows[op.output] = whole_window(tensor, buffer)
            self._emit_operator(op, windows)

    def _emit_tiles(self) -> None:
        rows, cols = self._stage.grid
        regions = _TileRegions(self._graph, self._stage)
        buffers = {op.output: self._tile_buffer(op, regions) for op in self._ops[:-1]}
        with _tile_loop("tile_row", rows) as tile_row, _tile_loop("tile_col", cols) as tile_col:
            windows: dict[str, Window] = {}
            for tensor_name in (*self._tensors.inputs, *(op.output for op in self._ops)):
                bounds = regions.bind(tensor_name, tile_row, tile_col)
                tensor = self._graph.tensors[tensor_name]
                inner = tensor_name in buffers
                origin = (bounds[0], bounds[2]) if inner else (0, 0)
                buffer = buffers[tensor_name] if inner else self._whole[tensor_name]
                windows[tensor_name] = Window(tensor, buffer, *bounds, origin)
            for tensor_name in self._tensors.constants:
                windows[tensor_name] = whole_window(
                    self._graph.tensors[tensor_name], self._whole[tensor_name]
                )
            for op in self._ops:
                self._emit_operator(op, windows)

    def _tile_buffer(self, op: Operator, regions: _TileRegions) -> Any:
        tensor = self._graph.output_tensor(op)
        rows, cols = regions.largest(op.output)
        buffer = T.alloc_buffer((1, max(rows, 1), max(cols, 1), tensor.hwc[2]), tensor.dtype)
        IRBuilder.name(_identifier(op.output) + "_tile", buffer)
        return buffer

    def _emit_operator(self, op: Operator, windows: dict[str, Window]) -> None:
        output = windows[op.output]
        if is_windowed(op, len(output.tensor.shape)):
            inputs = [self._input_window(op, i, windows) for i in range(len(op.inputs))]
        else:
            inputs = [windows[name] for name in op.inputs]
        arrays = self._arrays[op.name]
        with T.sblock(op.name):
            T.reads(*[w.region() for w in inputs], *[whole_region(a) for a in arrays.values()])
            T.writes(output.region())
            T.sblock_attr(
                {OP_ATTRIBUTE: op.name, PADS_ATTRIBUTE: _relative_pads(self._graph, op, inputs, output)}
            )
            emit_body(op, inputs, output, arrays)

    def _input_window(self, op: Operator, position: int, windows: dict[str, Window]) -> Window:
        """The window of an input. Elementwise operators get exactly the output's rows and columns of it."""
        window, output = windows[op.inputs[position]], windows[op.output]
        if slides_window(op) or input_access(self._graph, op, position) != ELEMENTWISE:
            return window
        return replace(window, row0=output.row0, rows=output.rows, col0=output.col0, cols=output.cols)


class _TileRegions:
    """The regions of all tiles, and their compact form."""

    def __init__(self, graph: Graph, stage: Stage) -> None:
        self._rows, self._cols = (tile_intervals(graph, stage, axis) for axis in (ROWS, COLS))
        self._height, self._width = largest_lengths(self._rows), largest_lengths(self._cols)

    def largest(self, tensor: str) -> tuple[int, int]:
        return self._height[tensor], self._width[tensor]

    def bind(self, tensor: str, tile_row: Any, tile_col: Any) -> tuple[Any, Any, Any, Any]:
        """Let-bound (row0, rows, col0, cols) of ``tensor`` in the current tile."""
        name = _identifier(tensor)
        return (
            *_bind_interval(name, "row", [tile[tensor] for tile in self._rows], tile_row),
            *_bind_interval(name, "col", [tile[tensor] for tile in self._cols], tile_col),
        )


def _bind_interval(name: str, axis: str, intervals: list[Interval], tile: Any) -> tuple[Any, Any]:
    """Let-bound start and length, for each tile of one axis."""
    start = _bind(f"{name}_{axis}0", fit_tile_expression([i.start for i in intervals], tile))
    lengths = {i.length for i in intervals}
    if len(lengths) == 1:
        return start, lengths.pop()
    stop = fit_tile_expression([i.stop for i in intervals], tile)
    return start, _bind(f"{name}_{axis}s", stop - start)


def _relative_pads(graph: Graph, op: Operator, inputs: list[Window], output: Window) -> list[Any]:
    """[top, left]: output row y of the window reads window rows ``y * stride - top`` on, columns alike."""
    access = input_access(graph, op, 0)
    if access is None:
        return [0, 0]
    source = inputs[0]
    return [
        source.row0 - (output.row0 * access.rows.stride - access.rows.pad),
        source.col0 - (output.col0 * access.cols.stride - access.cols.pad),
    ]


@contextmanager
def _tile_loop(name: str, count: int) -> Iterator[Any]:
    """A loop over tiles; no loop at all for a single one."""
    if count == 1:
        with nullcontext():
            yield 0
        return
    with T.serial(0, count) as index:
        IRBuilder.name(name, index)
        yield index


def _bind(name: str, value: Any) -> Any:
    if isinstance(value, int):
        return value
    bound = T.bind(value)
    IRBuilder.name(name, bound)
    return bound


def _identifier(name: str) -> str:
    """A readable name for TVM's printers; it need not be unique."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:40]
    return text if text and not text[0].isdigit() else "t_" + text
