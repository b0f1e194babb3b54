"""From a compiled model and its run to the figures that are shown and written."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.measure.cycle_model import model_cycles
from mcupatch.memory.ledger import make_ledger
from mcupatch.pipeline import ComparedRun, CompiledModel
from mcupatch.result import (
    ComputeFacts,
    FlashFacts,
    MeasuredFacts,
    MemoryFacts,
    ModelFacts,
    PoolFacts,
    PortFacts,
    Result,
    SegmentFacts,
    StageFacts,
)
from mcupatch.schedule.cost import extra_macs, total_macs
from mcupatch.schedule.explain import halo_policy, segment_grid
from mcupatch.schedule.stage import Schedule, Stage


def describe_model(compiled: CompiledModel) -> Result:
    """Everything that is known of a compiled model before it runs."""
    graph, schedule = compiled.graph, compiled.schedule
    ledger = make_ledger(graph, schedule, compiled.plan)
    return Result(
        ModelFacts(
            compiled.source.name,
            compiled.source.digest,
            tuple(_port(graph, name, name in schedule.streamed) for name in graph.inputs),
            tuple(_port(graph, name) for name in graph.outputs),
        ),
        describe_stages(graph, schedule),
        MemoryFacts(
            arena_bytes=ledger.arena_bytes,
            input_bytes=ledger.input_bytes,
            streamed_input_bytes=ledger.streamed_input_bytes,
            output_bytes=ledger.output_bytes,
            lower_bound_bytes=ledger.lower_bound_bytes,
            optimal=ledger.optimal,
            analytic_per_layer_bytes=ledger.analytic_per_layer_bytes,
            analytic_schedule_bytes=ledger.analytic_schedule_bytes,
            pools=tuple(
                PoolFacts(pool.memory or compiled.board.main_ram.name, pool.nbytes)
                for pool in compiled.sources.pools
            ),
            statics_bytes=compiled.firmware.sizes.data + compiled.firmware.sizes.bss,
        ),
        ComputeFacts(total_macs(graph), extra_macs(graph, schedule)),
        FlashFacts(compiled.firmware.weights_bytes, compiled.firmware.code_bytes),
    )


def describe_stages(graph: Graph, schedule: Schedule) -> tuple[StageFacts, ...]:
    """Every stage, in order."""
    return tuple(_stage(graph, stage) for stage in schedule.stages)


def describe_run(run: ComparedRun) -> MeasuredFacts:
    """The figures of one run, with the cycles that a model of the core gives for it."""
    m = run.measurement
    cycles = model_cycles(m.profile, m.cpu) if m.profile is not None else None
    return MeasuredFacts(
        backend=m.backend,
        cpu=m.cpu,
        instructions=m.instructions,
        arena_touched_bytes=m.arena_touched_bytes,
        pools_touched_bytes=m.pools_touched_bytes,
        stack_bytes=m.stack_bytes,
        sram_bytes=m.sram_bytes,
        flash_bytes=m.flash_bytes,
        matches_reference=run.matches_reference,
        max_abs_diff=run.max_abs_diff,
        cycles_model=None if cycles is None else cycles.total,
        timer_cycles=m.timer_cycles,
        as_compiled=run.as_compiled,
        cycles=m.cycles,
        milliseconds=None if m.cycles is None or not m.clock_hz else 1000 * m.cycles / m.clock_hz,
    )


def _port(graph: Graph, name: str, streamed: bool = False) -> PortFacts:
    tensor = graph.tensors[name]
    quant = tensor.quant
    return PortFacts(
        name,
        tensor.shape,
        tensor.dtype,
        quant.scale if quant else None,
        quant.zero_point if quant else None,
        streamed,
    )


def _stage(graph: Graph, stage: Stage) -> StageFacts:
    segments = tuple(
        SegmentFacts(
            (s.first, s.last),
            segment_grid(graph, s),
            s.tile,
            s.recomputed_rows,
            s.recomputed_cols,
            s.early,
        )
        for s in stage.segments
    )
    last = segments[-1]
    return StageFacts((stage.first, stage.last), last.grid, last.tile, halo_policy(graph, stage), segments)
