"""The generated C: builds without a warning for hostile names, says where it came from."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcupatch.decide import SchedulePlanner
from mcupatch.emit.csources import CSources
from mcupatch.emit.emit_model import emit_model
from mcupatch.ir.graph import Graph
from mcupatch.native import runtime_dir
from mcupatch.program.build_module import build_module
from mcupatch.schedule.stage import Schedule
from mcupatch.schedule.whole import plan_layer_by_layer
from mcupatch.transform import FusePatches
from tests.support.graphs import GraphBuilder
from tests.support.small_graph import patched, small_graph

COMPILERS = {"gcc": ["gcc"], "clang": [sys.executable, "-m", "ziglang", "cc"]}


def emit(graph: Graph, schedule: Schedule) -> CSources:
    plan = SchedulePlanner(graph).plan(schedule)
    module = FusePatches(schedule=schedule)(build_module(graph))
    return emit_model(module, graph, plan, graph.name, 'from "a */ b\nc"')


def renamed(graph: Graph, names: dict[str, str]) -> Graph:
    """The graph with other tensor names."""

    def name(old: str) -> str:
        return names.get(old, old)

    return dataclasses.replace(
        graph,
        inputs=tuple(map(name, graph.inputs)),
        outputs=tuple(map(name, graph.outputs)),
        ops=tuple(
            dataclasses.replace(op, inputs=tuple(map(name, op.inputs)), output=name(op.output))
            for op in graph.ops
        ),
        tensors={name(k): dataclasses.replace(t, name=name(k)) for k, t in graph.tensors.items()},
    )


def compile_all(sources: CSources, compiler: str, folder: Path) -> None:
    """Every file with ``compiler``, no warning allowed."""
    if compiler == "gcc" and shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    for file_name, text in {**sources.sources, **sources.headers}.items():
        (folder / file_name).write_text(text)
    includes = [f"-I{folder}", f"-I{runtime_dir() / 'include'}"]
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-c", *includes]
    for file_name in sources.sources:
        command = [*COMPILERS[compiler], *flags, str(folder / file_name), "-o", str(folder / "out.o")]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("halo", ["recompute", "keep"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_hostile_names_build_without_a_warning(compiler: str, halo: str, tmp_path: Path) -> None:
    graph = renamed(
        dataclasses.replace(small_graph(), name='quote"\n*/ int'),
        {"x": "int", "a": 'a "quoted"\nname */', "b": "while", "c": "", "d": "arena", "e": "é", "y": "int_"},
    )
    compile_all(emit(graph, patched(graph, 4, (2, 2), halo)), compiler, tmp_path)


def test_tensors_named_like_macros(tmp_path: Path) -> None:
    names = {
        "x": "INT8_MAX",
        "a": "bool",
        "b": "true",
        "c": "NULL",
        "d": "offsetof",
        "e": "memcpy",
        "y": "INT32_C",
    }
    graph = renamed(small_graph(), names)
    compile_all(emit(graph, patched(graph, 4, (2, 2))), "clang", tmp_path)


def test_operators_named_like_other_c_objects(tmp_path: Path) -> None:
    """The entry function, another operator's arrays, a stage: names that the generated C makes itself."""
    graph = small_graph()
    names = ["run", "dw", "dw_weights", "sum", "sum_input", "dw_stage", "main"]
    graph = dataclasses.replace(
        graph,
        ops=tuple(dataclasses.replace(op, name=name) for op, name in zip(graph.ops, names, strict=True)),
    )
    sources = emit(graph, plan_layer_by_layer(graph))
    assert sources.weights_bytes == emit(small_graph(), plan_layer_by_layer(small_graph())).weights_bytes
    compile_all(sources, "clang", tmp_path)


def test_inputs_whose_macros_would_be_the_same(tmp_path: Path) -> None:
    """``x`` and ``X`` are two tensors, and INPUT_X_SIZE is one macro."""
    b = GraphBuilder()
    graph = b.build(b.add(b.input(4, 4, 2), b.input(4, 4, 2)))
    graph = renamed(graph, {"in0": "x", "in1": "X"})
    sources = emit(graph, plan_layer_by_layer(graph))
    defined = re.findall(r"#define (\w+)", sources.headers["tvmgen_net.h"])
    assert len(defined) == len(set(defined))
    compile_all(sources, "clang", tmp_path)


def test_no_allocation_and_no_tvm_header() -> None:
    graph = small_graph()
    sources = emit(graph, patched(graph, 4, (2, 2)))
    text = "".join([*sources.sources.values(), *sources.headers.values()])
    assert "malloc" not in text and "tvm/" not in text and "TVM_DLL" not in text


def test_patches_are_loops_over_operator_calls() -> None:
    graph = small_graph()
    text = emit(graph, patched(graph, 4, (2, 3))).sources["tvmgen_small.c"]
    assert "step < 2" in text and "tile < 3" in text
    assert "for (" not in emit(graph, plan_layer_by_layer(graph)).sources["tvmgen_small.c"]


def test_header_gives_sizes_scales_and_places() -> None:
    graph = small_graph()
    sources = emit(graph, plan_layer_by_layer(graph))
    header = sources.headers["tvmgen_small.h"]
    assert f"#define TVMGEN_SMALL_WORKSPACE_POOL_SIZE {sources.arena_bytes}u" in header
    assert "#define TVMGEN_SMALL_INPUT_X_SIZE 969u" in header
    assert "#define TVMGEN_SMALL_INPUT_X_ZERO_POINT (-3)" in header
