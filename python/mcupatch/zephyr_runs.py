"""One inference under Zephyr: a compiled model is exported, built and run in QEMU, and compared with the reference."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from mcupatch.decode_rows import decode_inputs
from mcupatch.export.project import prepare_project
from mcupatch.export.zephyr import write_zephyr
from mcupatch.measure.zephyr_backend import DEFAULT_BOARD, run_on_zephyr
from mcupatch.measure.zephyr_build import ZephyrTree, find_zephyr
from mcupatch.pipeline import Array, ComparedRun, compare_with_reference
from mcupatch.saved import SavedModel

__all__ = ["DEFAULT_BOARD", "find_zephyr", "measure_on_zephyr"]


def measure_on_zephyr(
    saved: SavedModel, inputs: Mapping[str, Array], tree: ZephyrTree, board: str, timeout_seconds: float
) -> ComparedRun:
    """Run once on a ``board`` of Zephyr's that QEMU emulates. Raises as ``run_on_zephyr`` and ``write_zephyr`` do."""
    values = decode_inputs(saved.sources, inputs)
    with tempfile.TemporaryDirectory(prefix="mcupatch-zephyr-") as folder:
        write_zephyr(prepare_project(saved, inputs), Path(folder))
        measurement = run_on_zephyr(tree, Path(folder), saved.sources.outputs, board, timeout_seconds)
    return compare_with_reference(saved.graph, values, measurement)
