"""What tuning gains: networks at tight budgets of SRAM, untuned and tuned, compiled with the database and run.

    python -m benchmarks.tuning_table --models DIR [NAME...]

DIR holds the trained models. Without a NAME: every row of ``ROWS``, written to ``benchmarks/tuning.md``. Every schedule
that is measured is compared with the reference, byte for byte, and the best is compiled and compared once more.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.markdown import format_table
from benchmarks.side_by_side import exit_if_failed, measure_all
from mcupatch.describe_tuning import describe_tuning
from mcupatch.errors import McupatchError
from mcupatch.model_file import load_model_file
from mcupatch.model_inputs import random_inputs
from mcupatch.options import CompileOptions
from mcupatch.pipeline import compile_model, measure_model
from mcupatch.report.tuning import TuningFigures
from mcupatch.tune import ModelTuning, TuneOptions
from mcupatch.tuning.database import Database, save_database

OUTPUT = Path(__file__).with_name("tuning.md")
TRIALS = 24
BOARD = "stm32f746"


@dataclass(frozen=True)
class Row:
    """A trained model with its image streamed, int8 ends, in so much SRAM; with ``flash_kib`` int16 weights fill it."""

    model: str
    sram_kib: int
    flash_kib: int | None = None

    @property
    def title(self) -> str:
        flash = "" if self.flash_kib is None else f" and {self.flash_kib} KiB of flash"
        return f"{self.model} in {self.sram_kib} KiB{flash}"

    @property
    def options(self) -> CompileOptions:
        flash = None if self.flash_kib is None else self.flash_kib << 10
        return CompileOptions(BOARD, self.sram_kib << 10, flash, io="int8", stream_input=True)


ROWS = (
    Row("mcunet_vww1", 17),
    Row("mcunet_vww1", 20),
    Row("mcunet_vww1", 17, 768),
    Row("mlperf_vww96", 16),
    Row("mlperf_vww96", 17),
    Row("mlperf_vww96", 20),
    Row("mlperf_vww96", 16, 400),
    Row("mlperf_resnet8", 14),
    Row("mlperf_resnet8", 16),
    Row("mlperf_resnet8", 20),
    Row("mlperf_resnet8", 16, 128),
)
HEAD = (
    *("network", "SRAM KiB", "flash KiB", "untuned M", "tuned M", "change", "extra MACs then", "trials"),
    *("of which better", "error of the fitted model", "of the learned one"),
)
INTRODUCTION = f"""\
# Tuning

Instructions of one inference on an emulated Cortex-M7 ({BOARD}), the image streamed, int8 ends; at most {TRIALS} trials.
*Untuned* is what `mcupatch compile` takes without a database. Every schedule's output equals the reference, byte for byte.
Flash: what int16 weights may fill; without a figure there are none, and with one a few more trials choose them.

The errors are means over the trials without int16 weights: of the fitted model, by which the search and `compile` choose,
and of what the learned model expected of the same schedule before it ran. Those are schedules that one of the two thinks
best, or that were tried by chance because nothing else was left.

Made by `make bench-tuning`.
"""


def tune_row(row: Row, models: Path) -> TuningFigures:
    """Tune, compile with what was found, run. Raises McupatchError where a run is not the reference's, or not as tuned."""
    source = load_model_file(models / f"{row.model}.tflite")
    database = Database("instructions")
    tuning = ModelTuning(source, row.options, TuneOptions(TRIALS), database, lambda step: None)
    outcome = tuning.run(lambda trial: None)
    figures = describe_tuning(outcome, source.name, BOARD, database.cost, 0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tuned.jsonl"
        save_database(file, database.add(trial.record for trial in outcome.trials))
        compiled = compile_model(source, replace(row.options, tuned=str(file)))
        run = measure_model(compiled, random_inputs(compiled.graph))
    if not run.matches_reference or run.measurement.instructions != figures.best.cost:
        raise McupatchError("the compilation does not run as its trial did")
    return figures


def format_row(row: Row, figures: TuningFigures) -> list[str]:
    """The cells under ``HEAD``."""
    before, after = figures.untuned.cost, figures.best.cost
    narrow = [trial for trial in figures.trials if not trial.wide_operators]
    fitted = [abs(trial.modelled_instructions / trial.cost - 1) for trial in narrow]
    learned = [abs(trial.expected / trial.cost - 1) for trial in narrow if trial.expected is not None]
    return [
        row.model,
        str(row.sram_kib),
        "" if row.flash_kib is None else str(row.flash_kib),
        f"{before / 1e6:.3f}",
        f"{after / 1e6:.3f}",
        f"{after / before - 1:+.1%}",
        f"{figures.best.extra_macs / figures.macs:+.1%}",
        str(len(figures.trials)),
        str(sum(trial.cost < before for trial in figures.trials)),
        _mean(fitted),
        _mean(learned),
    ]


def _mean(errors: Sequence[float]) -> str:
    return f"{sum(errors) / len(errors):.1%}" if errors else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, required=True, metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    rows = {row.title: row for row in ROWS if not arguments.names or row.model in arguments.names}
    found, failures = measure_all(partial(tune_row, models=arguments.models), rows, Console(stderr=True))
    table = format_table(HEAD, [format_row(rows[title], figures) for title, figures in found.items()])
    print(table)
    exit_if_failed(failures, found)
    if not arguments.names:
        OUTPUT.write_text(f"{INTRODUCTION}\n{table}\n")


if __name__ == "__main__":
    main()
