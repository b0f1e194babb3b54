"""One inference on a real board: a compiled model is exported, built, flashed and run, and compared with the reference."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcupatch.decode_rows import decode_inputs
from mcupatch.export.project import prepare_project
from mcupatch.export.stm32 import check_board, write_stm32
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.measure.board_backend import choose_probe, run_on_board
from mcupatch.pipeline import Array, ComparedRun, compare_with_reference
from mcupatch.saved import SavedModel
from mcupatch.target.board import load_board


def measure_on_board(
    saved: SavedModel,
    inputs: Mapping[str, Array],
    board: str | None,
    probe: str | None,
    timeout_seconds: float,
) -> ComparedRun:
    """Run once on the board that ``saved`` was compiled for, which ``board`` names if given.

    ``probe`` is "openocd" or "pyocd"; None: what is installed. Raises as ``run_on_board`` and ``write_stm32`` do.
    """
    project = prepare_project(saved, inputs)
    check_board(project, board)
    whole = load_board(project.board)
    toolchain = find_toolchain(saved.toolchain, whole.core)
    with tempfile.TemporaryDirectory(prefix="mcupatch-board-") as folder:
        write_stm32(project, Path(folder))
        measurement = run_on_board(
            Path(folder), saved.sources.outputs, whole, toolchain, choose_probe(probe), timeout_seconds
        )
    # The flash and the statics are those of the firmware; the input and the report that lie beside them are no part of it.
    stack_bytes = measurement.stack_bytes or 0
    measurement = replace(
        measurement,
        sram_bytes=saved.firmware.sizes.statics_bytes + stack_bytes,
        flash_bytes=saved.firmware.flash_bytes,
    )
    return compare_with_reference(saved.graph, decode_inputs(saved.sources, inputs), measurement)
