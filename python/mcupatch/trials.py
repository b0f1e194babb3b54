"""One schedule, built and run on the emulated chip with every check of a compilation: what each operator costs."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcupatch.decode_rows import decode_input
from mcupatch.emit.emit_model import emit_model
from mcupatch.errors import EmulationFault, Infeasible
from mcupatch.firmware.bare_metal import Firmware, build_firmware
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.ir import reference
from mcupatch.ir.graph import Graph
from mcupatch.measure.cycle_model import model_cycles
from mcupatch.measure.unicorn_backend import run_on_unicorn
from mcupatch.memory.check import check_plan
from mcupatch.packing.wide_weights import KERNEL_BYTES, find_wide_options, widen_chosen
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.row_formats import RowSource
from mcupatch.schedule.check import check_schedule
from mcupatch.schedule.stage import Schedule
from mcupatch.scratch import find_schedule_scratch
from mcupatch.sent_inputs import random_row_inputs
from mcupatch.target.board import Board, generic_board
from mcupatch.transform.fuse_patches import FusePatches
from mcupatch.tuning.record import Record, Task
from mcupatch.tuning.wide_choice import WideGain, choose_wide
from mcupatch.tvm_api import IRModule

_ROOMY_BYTES = 64 << 20  # flash for int16 weights everywhere, of which the best are then chosen


@dataclass(frozen=True, eq=False)
class _Run:
    firmware: Firmware
    operators: tuple[int, ...]
    glue: int


class TrialRunner:
    """Runs of ``module``, the network of ``planner``, on ``board`` with inputs in the formats ``rows``.

    ``cost`` is "instructions" or "cycles".
    """

    def __init__(
        self,
        module: IRModule,
        planner: SchedulePlanner,
        rows: Mapping[str, RowSource],
        board: Board,
        toolchain: Toolchain,
        task: Task,
        cost: str,
    ) -> None:
        self._module, self._planner, self._board = module, planner, board
        self._toolchain, self._task, self._cost = toolchain, task, cost
        self._graph: Graph = planner.graph
        self._rows = rows
        sent = random_row_inputs(self._graph, rows)
        values = [decode_input(self._graph.tensors[n], rows.get(n, RowSource()), v) for n, v in sent.items()]
        self._inputs = list(sent.values())
        self._expected = [output.tobytes() for output in reference.run(self._graph, values)]

    def measure(self, schedule: Schedule, wide: tuple[str, ...] = ()) -> Record | None:
        """The record of ``schedule`` with int16 weights for the operators ``wide``; None: too large for the flash.

        Raises EmulationFault where the output is not the reference's.
        """
        try:
            run = self._run(schedule, wide, self._board)
        except Infeasible:
            return None
        return Record(
            self._task,
            schedule,
            wide,
            self._planner.arena_bytes(schedule),
            run.firmware.flash_bytes,
            run.operators,
            run.glue,
        )

    def choose_wide(self, record: Record) -> tuple[str, ...]:
        """The operators that gain most from int16 weights in the flash that ``record`` leaves, all of them measured."""
        options = find_wide_options(self._graph)
        roomy = generic_board(self._board.cpu, self._board.sram_bytes, _ROOMY_BYTES)
        widest = self._run(record.schedule, tuple(options), roomy)
        gains = {
            op.name: WideGain(narrow - wide, options[op.name].extra_bytes)
            for op, narrow, wide in zip(self._graph.ops, record.operators, widest.operators)
            if op.name in options
        }
        return choose_wide(gains, self._board.flash_bytes - record.flash_bytes - KERNEL_BYTES)

    def _run(self, schedule: Schedule, wide: tuple[str, ...], board: Board) -> _Run:
        graph, plan = self._graph, self._planner.plan(schedule)
        check_schedule(graph, schedule)
        check_plan(graph, schedule, plan, find_schedule_scratch(graph, schedule))
        tiled = FusePatches(schedule=schedule)(self._module)
        sources = emit_model(tiled, graph, plan, "trial", "", widen_chosen(graph, wide), self._rows)
        with tempfile.TemporaryDirectory(prefix="mcupatch-") as folder:
            firmware = build_firmware(sources, board, Path(folder), self._toolchain)
            (measured,) = run_on_unicorn(firmware, [self._inputs], profile=False)
        if [output.tobytes() for output in measured.outputs] != self._expected:
            raise EmulationFault("The output of a schedule that was tried differs from the reference.")
        profile = measured.profile
        assert profile is not None, "the emulator makes a profile of every run"
        if self._cost == "cycles":
            cycles = model_cycles(profile, board.cpu)
            return _Run(firmware, tuple(cycles.operators[op.name] for op in graph.ops), cycles.glue)
        operators = tuple(profile.operators[op.name].instructions for op in graph.ops)
        return _Run(firmware, operators, profile.glue.instructions)
