"""``mcupatch tune``: schedules and int16 weights chosen by what they cost on the emulated chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mcupatch.decode_rows import find_row_sources, reserve_decoders
from mcupatch.errors import BadInput, Infeasible
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.ir.graph import Graph
from mcupatch.model_file import ModelFile
from mcupatch.options import CompileOptions
from mcupatch.packing.wide_weights import find_widened, widen_weights
from mcupatch.pipeline import Progress, decide_for_board, input_scaling, read_graph
from mcupatch.plan_schedules import SchedulePlanner
from mcupatch.program.build_module import build_module
from mcupatch.program.extract_graph import extract_graph
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.streaming import find_streamed_inputs
from mcupatch.schedule.work import operator_work
from mcupatch.target.board import arena_budget, load_board
from mcupatch.trials import TrialRunner
from mcupatch.tuned import make_task
from mcupatch.tuning.database import Database
from mcupatch.tuning.features import FeatureReader
from mcupatch.tuning.learned_model import load_xgboost
from mcupatch.tuning.record import Record
from mcupatch.tuning.tuner import ScheduleTuner, Trial

WIDENED = 2  # of the best schedules, so many are also measured with int16 weights


@dataclass(frozen=True)
class TuneOptions:
    """At most ``trials`` schedules are measured, the untuned one included."""

    trials: int = 24
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Outcome:
    """``untuned`` is what a compilation takes without the database, ``best`` what it takes with it."""

    graph: Graph
    cpu: str
    untuned: Record
    best: Record
    trials: tuple[Trial, ...]
    interrupted: bool


class ModelTuning:
    """The trials of one model on one board. Raises the errors of a compilation, and ToolMissing without XGBoost."""

    def __init__(
        self,
        source: ModelFile,
        options: CompileOptions,
        wanted: TuneOptions,
        database: Database,
        progress: Progress,
    ) -> None:
        load_xgboost()
        self._options, self._wanted, self._progress = options, wanted, progress
        self._board = load_board(options.board, options.sram_bytes, options.flash_bytes)
        toolchain = find_toolchain(options.toolchain, self._board.core)
        progress("importing the model")
        module = build_module(read_graph(source, options.io, options.stream_input, input_scaling(options)))
        self.graph = extract_graph(module)
        if not self.graph.ops:
            raise BadInput("There is nothing to tune: the model has no operators.")
        progress("choosing a schedule")
        streamed = find_streamed_inputs(self.graph) if options.stream_input else ()
        rows = find_row_sources(self.graph, streamed, options.input_format, options.jpeg_bytes)
        self._board = reserve_decoders(self._board, rows.values())
        decision = decide_for_board(self.graph, options, self._board, streamed)
        if len(decision.plan.pools) > 1:
            raise BadInput(
                "This model needs several memories of the board, and an arena that is divided is not tuned."
            )
        self._untuned = decision.schedule
        self.task = make_task(source, options, self._board, toolchain)
        self._planner = SchedulePlanner(self.graph, streamed)
        self._runner = TrialRunner(
            module, self._planner, rows, self._board, toolchain, self.task, database.cost
        )
        self._known = {record.identity: record for record in database.of(self.task)}

    def run(self, on_trial: Callable[[Trial], None]) -> Outcome:
        """Measure, and tell ``on_trial`` of each. Ctrl-C ends it early, with what there is."""
        trials: list[Trial] = []
        interrupted = False
        try:
            for trial in self._trials():
                trials.append(trial)
                self._known[trial.record.identity] = trial.record
                on_trial(trial)
        except KeyboardInterrupt:
            if self._find_untuned() is None:
                raise
            interrupted = True
        untuned = self._find_untuned()
        if untuned is None:
            raise Infeasible("The firmware does not fit the flash: 'mcupatch compile' says by how much.")
        best = min([untuned, *self._find_fitting()], key=lambda record: record.cost)
        return Outcome(self.graph, self._board.cpu, untuned, best, tuple(trials), interrupted)

    def _trials(self) -> Iterator[Trial]:
        yield from self._try(self._untuned)  # first of all, so that the best is never worse
        plain = self._find_plain(self._untuned)
        if plain is None:
            return
        if self._fills_flash:
            yield from self._try(self._untuned, self._find_untuned_wide(plain))
        tuner = ScheduleTuner(
            self._planner.problem,
            FeatureReader(self.graph, self._planner.streamed, operator_work(self.graph)),
            arena_budget(self._board),
            self._fits,
            self._measure,
            self._wanted.seed,
        )
        known = [record for record in self._find_fitting() if not record.wide]
        yield from tuner.run(known, self._wanted.trials - 1)
        if self._fills_flash:
            narrow = [record for record in self._find_fitting() if not record.wide]
            for record in sorted(narrow, key=lambda record: record.cost)[:WIDENED]:
                self._progress("choosing int16 weights by what each was measured to gain")
                yield from self._try(record.schedule, self._runner.choose_wide(record))

    @property
    def _fills_flash(self) -> bool:
        return self._options.flash_bytes is not None

    def _try(self, schedule: Schedule, wide: tuple[str, ...] = ()) -> Iterator[Trial]:
        """One trial, unless its record is there."""
        if (self.task, schedule, wide) not in self._known:
            record = self._measure(schedule, wide)
            if record is not None:
                yield Trial(record, None)

    def _measure(self, schedule: Schedule, wide: tuple[str, ...] = ()) -> Record | None:
        self._progress("building and running a schedule")
        return self._runner.measure(schedule, wide)

    def _fits(self, schedule: Schedule) -> bool:
        return self._planner.arena_bytes(schedule) <= arena_budget(self._board)

    def _find_fitting(self) -> list[Record]:
        """The records that this board can hold."""
        budget, flash = arena_budget(self._board), self._board.flash_bytes
        return [r for r in self._known.values() if r.arena_bytes <= budget and r.flash_bytes <= flash]

    def _find_plain(self, schedule: Schedule) -> Record | None:
        """The record of ``schedule`` without int16 weights."""
        return self._known.get((self.task, schedule, ()))

    def _find_untuned(self) -> Record | None:
        """The record of what a compilation takes without a database."""
        plain = self._find_plain(self._untuned)
        if plain is None or not self._fills_flash:
            return plain
        return self._known.get((self.task, self._untuned, self._find_untuned_wide(plain)))

    def _find_untuned_wide(self, plain: Record) -> tuple[str, ...]:
        """The operators with int16 weights in what a compilation takes untuned."""
        spare = self._board.flash_bytes - plain.flash_bytes
        return find_widened(self.graph, widen_weights(self.graph, spare))
