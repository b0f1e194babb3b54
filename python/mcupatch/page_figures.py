"""Gathers what the page of a compiled model shows: one measured run, the plan, the fronts, and what to try next."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mcupatch import __version__
from mcupatch.advice import advise
from mcupatch.bench import cost_operators
from mcupatch.decode_rows import reserve_decoders
from mcupatch.describe import describe_run
from mcupatch.files import read_user_file
from mcupatch.fronts import FrontSearch
from mcupatch.ir.graph import Graph
from mcupatch.memory.plan import MemoryPlan
from mcupatch.options import CompileOptions
from mcupatch.packing.conv2d import WIDE_KERNELS
from mcupatch.pipeline import Array, measure_model
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.report.page.figures import ArenaBlock, PageFigures, StepMemory, TilePicture
from mcupatch.saved import SavedModel
from mcupatch.saved_schedule import rebuild_plan, rebuild_schedule
from mcupatch.schedule.bound import step_loads
from mcupatch.schedule.holdings import lay_out_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.stage_tensors import stage_inputs
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.scratch import find_schedule_scratch
from mcupatch.target.board import arena_budget

FRONT_POINTS = 16
MOST_EXTRA = 0.2  # of the MACs, on the front
PICTURE_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def collect_page(saved: SavedModel, inputs: Mapping[str, Array], picture: Path | None = None) -> PageFigures:
    """Run ``saved`` once on the emulated chip with ``inputs`` and gather everything.

    ``picture`` is drawn under the tiles if a browser can show it. Raises BadInput where the directory comes from
    another version, EmulationFault if the firmware leaves its memories.
    """
    graph, board = saved.graph, saved.firmware.board
    run = measure_model(saved, inputs)
    result = replace(saved.result, measured=describe_run(run))
    schedule = rebuild_schedule(result)
    # what it was compiled by: int16 weights have kernels of their own
    calls = [f"{kernel}(" for kernel in WIDE_KERNELS.values()]
    is_wide = any(call in text for text in saved.sources.sources.values() for call in calls)
    options = CompileOptions(
        flash_bytes=board.flash_bytes if is_wide else None, stream_input=bool(schedule.streamed)
    )
    planner = SchedulePlanner(graph, schedule.streamed, options.work_model)
    plan = rebuild_plan(planner, schedule, result)
    budget = arena_budget(reserve_decoders(board, (port.source for port in saved.sources.inputs)))
    search = FrontSearch(graph, options)
    fronts = search.find(MOST_EXTRA, FRONT_POINTS)
    fronts = replace(fronts, name=result.model.name, budget_bytes=budget)
    costs = cost_operators(saved, result.model.name, run)
    return PageFigures(
        result,
        board.name,
        board.cpu,
        board.sram_bytes,
        board.flash_bytes,
        budget,
        tuple(_steps(graph, schedule)),
        tuple(_blocks(plan)),
        tuple((pool.memory, pool.bytes) for pool in result.memory.pools),
        _tiles(graph, schedule, picture),
        costs,
        fronts,
        tuple(advise(graph, schedule, result, planner, fronts, costs, board.flash_bytes)),
        __version__,
    )


def _steps(graph: Graph, schedule: Schedule) -> Iterator[StepMemory]:
    """What must be there at each operator, scratch included."""
    plain = plan_layer_by_layer(graph)
    plain_scratch, scratch = find_schedule_scratch(graph, plain), find_schedule_scratch(graph, schedule)
    layouts = lay_out_schedule(graph, schedule)
    tiled = [layout.stage for layout in layouts if layout is not None]
    stage_of = {i: number for number, stage in enumerate(tiled) for i in stage.operators}
    for before, now in zip(step_loads(graph, plain), step_loads(graph, schedule)):
        op = graph.ops[now.step]
        yield StepMemory(
            now.step,
            op.name,
            op.kind,
            graph.output_tensor(op).shape,
            before.nbytes + plain_scratch[op.name],
            now.nbytes + scratch[op.name],
            stage_of.get(now.step),
            tuple(graph.producer.get(name, -1) for name in graph.activation_inputs(op)),
        )


def _blocks(plan: MemoryPlan) -> Iterator[ArenaBlock]:
    for placed in plan.placed:
        buffer = placed.buffer
        yield ArenaBlock(
            buffer.name,
            buffer.kind.value,
            placed.pool,
            placed.offset,
            buffer.nbytes,
            buffer.first_step,
            buffer.last_step,
        )


def _tiles(graph: Graph, schedule: Schedule, picture: Path | None) -> TilePicture | None:
    """The first stage in tiles that reads a map of more than one pixel."""
    for layout in lay_out_schedule(graph, schedule):
        if layout is None:
            continue
        for name in stage_inputs(graph, layout.stage.first, layout.stage.last):
            height, width, _ = graph.tensors[name].hwc
            for walk in layout.walks:
                if name in walk.rows.read and height * width > 1:
                    rows, cols = walk.rows.read[name], walk.cols.read[name]
                    tile = walk.segment.tile
                    is_input = name in graph.inputs
                    return TilePicture(
                        f"{'the input' if is_input else name}, {height}x{width}: tiles of {tile[0]}x{tile[1]} "
                        f"of operator {walk.segment.last}",
                        height,
                        width,
                        tuple((part.start, part.stop) for part in rows),
                        tuple((part.start, part.stop) for part in cols),
                        _data_uri(picture) if is_input and picture is not None else "",
                    )
    return None


def _data_uri(picture: Path) -> str:
    """The picture's file inside a link, or nothing where browsers do not know its kind."""
    kind = PICTURE_TYPES.get(picture.suffix.lower())
    if kind is None:
        return ""
    data = base64.b64encode(read_user_file(picture, "the picture")).decode()
    return f"data:{kind};base64,{data}"
