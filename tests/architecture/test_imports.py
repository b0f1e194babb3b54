"""Who may import whom: each line of the design, as a test."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.imports import PACKAGE, Import, part_of, read_imports, source_files

IMPORTS = read_imports()

# The parts of mcupatch that each package may import, beside itself.
ALLOWED = {
    "errors": set(),
    "ir": {"errors", "target"},
    "target": {"errors", "ir"},
    "schedule": {"errors", "ir", "native_scheduler", "target"},
    "memory": {"errors", "ir", "native_scheduler", "target", "schedule"},
    "importer": {"errors", "ir", "tvm_api"},
    "program": {"errors", "ir", "schedule", "tvm_api"},
    "transform": {"decide", "errors", "ir", "memory", "options", "program", "schedule", "target", "tvm_api"},
    "packing": {"ir", "kernel_params"},
    "emit": {
        *(
            "errors",
            "ir",
            "kernel_params",
            "memory",
            "packing",
            "program",
            "row_formats",
            "schedule",
            "transform",
            "tvm_api",
        ),
    },
    "firmware": {"emit", "errors", "native", "target"},
    "export": {
        *("__version__", "decode_rows", "emit", "errors", "firmware", "ir", "measure", "outputs"),
        *("saved", "target"),
    },
    "measure": {"emit", "errors", "firmware", "native", "row_formats", "target"},
    "report": {"errors", "result"},
    "tuning": {"errors", "files", "ir", "outputs", "schedule"},
    "result": {"errors"},
    "zoo": {"errors", "files", "ir"},
    "redistribution": {"zoo"},
    "paper": {
        *("describe", "errors", "ir", "model_file", "model_inputs", "options", "patch_stage", "pipeline"),
        *("plan_schedules", "redistribution", "schedule", "zoo"),
    },
    "native": {"errors", "source_digest"},
    "row_formats": set(),
    "native_scheduler": {"errors", "source_digest"},
    "source_digest": set(),  # setup.py loads it alone
}
# The stages of the flow: pipeline and the modules beside it wire them, the command line asks pipeline.
STAGES = {"importer", "program", "schedule", "memory", "transform", "emit", "firmware", "measure"}
COMMAND_LINES = {"cli", "tvmc"}
# What plans and what measures runs where TVM is not installed.
WITHOUT_TVM = (
    "errors",
    "ir",
    "target",
    "schedule",
    "memory",
    "importer",
    "firmware",
    "measure",
    "report",
    "tuning",
    "redistribution",
    "zoo",
)


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_package_imports_only_what_it_may(part: str) -> None:
    allowed = {part, *ALLOWED[part], None}
    assert [str(i) for i in IMPORTS if i.importer == part and i.imported not in allowed] == []


def test_every_package_has_its_line() -> None:
    packages = {part_of(file) for file in source_files() if file.parent != PACKAGE}
    assert packages - COMMAND_LINES <= set(ALLOWED), "add the new package to the design and to ALLOWED"


def test_only_tvm_api_names_tvm() -> None:
    # The planner's library is loaded through tvm-ffi alone, so that planning needs no TVM.
    may_name = {"tvm": {"tvm_api"}, "tvm_ffi": {"tvm_api", "native_scheduler"}}

    def is_stray(found: Import) -> bool:
        package = found.module.split(".")[0]
        return package in may_name and found.importer not in may_name[package]

    assert [str(i) for i in IMPORTS if is_stray(i)] == []


def test_of_emit_firmware_and_measure_see_only_its_result() -> None:
    seen = [i for i in IMPORTS if i.importer in ("firmware", "measure") and i.imported == "emit"]
    assert [str(i) for i in seen if i.module != "mcupatch.emit.csources"] == []


def test_command_line_asks_the_pipeline() -> None:
    assert [str(i) for i in IMPORTS if i.importer in COMMAND_LINES and i.imported in STAGES] == []


def test_nothing_imports_the_command_line() -> None:
    assert [str(i) for i in IMPORTS if i.imported in COMMAND_LINES and i.importer not in COMMAND_LINES] == []


def test_no_stage_imports_the_pipeline() -> None:
    assert [str(i) for i in IMPORTS if i.imported == "pipeline" and i.importer in STAGES] == []


BLOCK_TVM = """
import importlib, pkgutil, sys
sys.modules["tvm"] = sys.modules["tvm_ffi"] = None
for name in {packages!r}:
    module = importlib.import_module("mcupatch." + name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        importlib.import_module(found.name)
"""


def test_planning_and_measuring_import_without_tvm() -> None:
    code = BLOCK_TVM.format(packages=WITHOUT_TVM)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
