"""Where the instructions of a run go: one measured inference, operator by operator."""

from __future__ import annotations

from collections.abc import Mapping

from mcupatch.ir.access import macs
from mcupatch.measure.cycle_model import model_cycles
from mcupatch.pipeline import Array, BuiltModel, ComparedRun, measure_model
from mcupatch.report.operator_costs import Cost, OperatorCost, OperatorCosts


def measure_operators(built: BuiltModel, name: str, inputs: Mapping[str, Array]) -> OperatorCosts:
    """Run the model ``name`` once on the emulated chip. Raises EmulationFault if the firmware leaves its memories."""
    return cost_operators(built, name, measure_model(built, inputs))


def cost_operators(built: BuiltModel, name: str, run: ComparedRun) -> OperatorCosts:
    """What each operator of the model ``name`` cost in ``run`` on the emulated chip."""
    graph, board, profile = built.graph, built.firmware.board, run.measurement.profile
    assert profile is not None, "the emulator makes a profile of every run"
    cycles = model_cycles(profile, board.cpu)
    operators = tuple(
        OperatorCost(
            index,
            op.name,
            op.kind,
            tuple(getattr(op, "kernel", ())),
            tuple(getattr(op, "stride", ())),
            graph.input_tensors(op)[0].shape,
            graph.output_tensor(op).shape,
            macs(graph, op),
            Cost(profile.operators[op.name].instructions, cycles.operators[op.name]),
        )
        for index, op in enumerate(graph.ops)
    )
    glue = Cost(profile.glue.instructions, cycles.glue)
    return OperatorCosts(name, board.name, board.cpu, operators, glue, run.matches_reference, run.as_compiled)
