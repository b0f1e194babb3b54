"""The archive: the same bytes twice, the layout and metadata that microTVM wrote, C that a C compiler alone builds."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from mcupatch.decide import SchedulePlanner
from mcupatch.emit.archive import EPOCH, NO_PARAMETERS, build_archive
from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.ir.graph import Graph
from mcupatch.kernel_sources import read_kernel_sources
from mcupatch.program.build_module import build_module
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.transform import FusePatches
from mcupatch.tvm_api import tvm
from tests.support.small_graph import patched, small_graph

COMPILERS = {"gcc": ["gcc"], "zig": [sys.executable, "-m", "ziglang", "cc"]}
# What TVM 0.12 wrote of a whole network (python/tvm/micro/model_library_format.py), version 7: key and type.
MODULE_KEYS = {
    "model_name": str,
    "export_datetime": str,
    "memory": dict,
    "target": list,
    "executors": list,
    "style": str,
}
MAIN_KEYS = {
    "device": int,
    "workspace_size_bytes": int,
    "constants_size_bytes": int,
    "io_size_bytes": int,
    "inputs": dict,
    "outputs": dict,
}


def emit(graph: Graph, schedule: Schedule) -> CSources:
    plan = SchedulePlanner(graph).plan(schedule)
    return emit_model(FusePatches(schedule=schedule)(build_module(graph)), graph, plan, graph.name)


def read(archive: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as tar:
        stream = tar.extractfile("./" + name)
        assert stream is not None
        return stream.read()


def check_keys(found: dict[str, Any], expected: dict[str, type]) -> None:
    assert {key: type(found[key]) for key in expected} == expected


def test_bytes_depend_on_the_model_alone() -> None:
    graph, kernels = small_graph(), read_kernel_sources()
    first, second = (build_archive(emit(graph, patched(graph, 4, (2, 2))), kernels, "d") for _ in range(2))
    assert first == second
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        entries = tar.getmembers()
    assert [e.name for e in entries] == sorted(e.name for e in entries)
    assert {(e.mtime, e.uid, e.gid, e.uname, e.gname, e.mode) for e in entries} == {(0, 0, 0, "", "", 0o644)}


def test_layout_is_that_of_the_format() -> None:
    graph = small_graph()
    archive = build_archive(
        emit(graph, plan_layer_by_layer(graph)), read_kernel_sources(), "d", {"src/small.relax": b"text"}
    )
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        names = set(tar.getnames())
    assert {
        "./metadata.json",
        "./codegen/host/src/tvmgen_small.c",
        "./codegen/host/include/tvmgen_small.h",
        "./codegen/host/include/mcupatch/kernels.h",
        "./parameters/small.params",
        "./src/small.relax",
    } <= names
    assert {name.split("/")[1] for name in names} == {"codegen", "metadata.json", "parameters", "src"}
    assert read(archive, "parameters/small.params") == NO_PARAMETERS == tvm.runtime.save_param_dict({})


def test_metadata_has_the_keys_of_version_7() -> None:
    graph = small_graph()
    schedule = patched(graph, 4, (2, 2))
    plan = SchedulePlanner(graph).plan(schedule)
    sources = emit(graph, schedule)
    when = datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    metadata = json.loads(
        read(build_archive(sources, read_kernel_sources(), "d", exported=when), "metadata.json")
    )
    assert metadata["version"] == 7 and list(metadata["modules"]) == ["small"]
    module = metadata["modules"]["small"]
    check_keys(module, MODULE_KEYS)
    assert (
        module["model_name"] == "small" and module["style"] == "full-model" and module["executors"] == ["aot"]
    )
    assert module["export_datetime"] == "2026-02-03 04:05:06Z"

    functions = module["memory"]["functions"]
    (main,) = functions["main"]
    check_keys(main, MAIN_KEYS)
    assert (
        main["workspace_size_bytes"] == plan.arena_bytes
        and main["constants_size_bytes"] == sources.weights_bytes
    )
    for port in (*main["inputs"].values(), *main["outputs"].values()):
        check_keys(port, {"size": int, "dtype": str})
    assert main["io_size_bytes"] == sum(p["size"] for k in ("inputs", "outputs") for p in main[k].values())

    stages = functions["operator_functions"]
    called = re.findall(r"^  (\w+_stage)\(", sources.sources["tvmgen_small.c"], re.M)
    assert [stage["function_name"] for stage in stages] == called
    assert [set(entry) for stage in stages for entry in stage["workspace"]] == [
        {"device", "workspace_size_bytes"}
    ] * len(called)
    tiled, *_, last = (stage["workspace"][0]["workspace_size_bytes"] for stage in stages)
    assert 0 < tiled < plan.arena_bytes and last == 0  # the dense layer holds its input and the output alone


def test_no_time_is_told_by_default() -> None:
    graph = small_graph()
    archive = build_archive(emit(graph, plan_layer_by_layer(graph)), read_kernel_sources())
    (module,) = json.loads(read(archive, "metadata.json"))["modules"].values()
    assert module["export_datetime"] == "1970-01-01 00:00:00Z" and EPOCH.timestamp() == 0


@pytest.mark.parametrize("compiler", COMPILERS)
def test_a_c_compiler_alone_builds_it(compiler: str, tmp_path: Path) -> None:
    """One command line over what lies in the archive, and a program of ten lines."""
    if compiler == "gcc" and shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    graph = small_graph()
    archive = build_archive(emit(graph, patched(graph, 4, (2, 2))), read_kernel_sources())
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tmp_path, filter="data")
    (tmp_path / "main.c").write_text(
        '#include "tvmgen_small.h"\n'
        "static uint8_t arena[TVMGEN_SMALL_WORKSPACE_POOL_SIZE] __attribute__((aligned(16)));\n"
        "int main(void) {\n"
        "  struct tvmgen_small_workspace_pools pools = {arena};\n"
        "  struct tvmgen_small_inputs inputs = tvmgen_small_map_inputs(&pools);\n"
        "  struct tvmgen_small_outputs outputs = tvmgen_small_map_outputs(&pools);\n"
        "  if (tvmgen_small_run(&inputs, &outputs, &pools) != 0) { return 1; }\n"
        "  return tvmgen_small_run(NULL, NULL, NULL) == -1 ? 7 : 2;\n"
        "}\n"
    )
    command = (
        f"{' '.join(COMPILERS[compiler])} -std=c11 -O1 -Wall -Wextra -Werror -Icodegen/host/include main.c"
    )
    command += " codegen/host/src/*.c codegen/host/src/kernels/*.c -o run -lm"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert subprocess.run([tmp_path / "run"]).returncode == 7
