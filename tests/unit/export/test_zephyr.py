"""``mcupatch export --zephyr``: the files of an application, and the C of it that needs no Zephyr."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.emit.csources import WorkspacePool
from mcupatch.errors import BadInput
from mcupatch.export.project import Project, prepare_project
from mcupatch.export.zephyr import write_zephyr
from mcupatch.model_inputs import random_inputs
from mcupatch.saved import load_compiled
from tests.architecture.imports import ROOT
from tests.support.programs import find_program, run_program


@pytest.fixture
def project(compiled_models: dict[str, Path]) -> Project:
    saved = load_compiled(compiled_models["held"])
    return prepare_project(saved, random_inputs(saved.graph))


def divide(project: Project, *memories: str) -> Project:
    """The project with its arena in several memories."""
    pools = tuple(WorkspacePool(memory, 4096, memory) for memory in memories)
    return replace(project, sources=replace(project.sources, pools=pools))


def test_layout(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "app"
    assert run_command_line(["export", str(compiled_models["held"]), "--zephyr", str(out)]) == 0
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert names == {
        *("CMakeLists.txt", "Kconfig", "prj.conf", "README.md", "mcupatch.json"),
        *("boards", "include", "src"),
    }
    listed = set(re.findall(r"^ +(src/\S+\.c)$", (out / "CMakeLists.txt").read_text(), re.MULTILINE))
    example = {"src/main.c", "src/example.c", "src/example_data.c"}
    assert listed | example == {file.relative_to(out).as_posix() for file in out.rglob("*.c")}
    assert 'source "Kconfig.zephyr"' in (out / "Kconfig").read_text().splitlines()
    assert (out / "boards" / "stm32f746g_disco.overlay").is_file()


@pytest.mark.parametrize("kind", ["held", "streamed", "floats"])
def test_main_with_a_zephyr_of_a_few_lines(
    kind: str, compiled_models: dict[str, Path], tmp_path: Path
) -> None:
    """What of Zephyr the application calls, on this computer: the thread runs where it is made."""
    out = tmp_path / "app"
    assert run_command_line(["export", str(compiled_models[kind]), "--zephyr", str(out)]) == 0
    (tmp_path / "zephyr" / "sys").mkdir(parents=True)
    (tmp_path / "zephyr" / "sys" / "printk.h").write_text("#include <stdio.h>\n#define printk printf\n")
    (tmp_path / "zephyr" / "kernel.h").write_text(
        "#include <stddef.h>\n#include <stdint.h>\n"
        "struct k_thread { int none; };\n"
        "#define K_THREAD_STACK_DEFINE(name, bytes) static char name[bytes]\n"
        "#define K_THREAD_STACK_SIZEOF(name) sizeof(name)\n"
        "#define K_PRIO_PREEMPT(level) (level)\nenum { K_NO_WAIT, K_FOREVER };\n"
        "#define k_thread_create(thread, stack, size, run, a, b, c, priority, options, delay) "
        "((void)(thread), (void)(stack), run(a, b, c))\n"
        "#define k_thread_join(thread, wait) ((void)0)\n"
        "#define k_thread_stack_space_get(thread, unused) (*(unused) = 1000, 0)\n"
        "#define k_cycle_get_32() 7u\n#define sys_clock_hw_cycles_per_sec() 25000000\n"
    )
    flags = (
        "-std=c11",
        "-O1",
        "-ffp-contract=off",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-DCONFIG_NETWORK_STACK_SIZE=4096",
    )
    includes = [f"-I{folder}" for folder in (tmp_path, out / "include", out / "src")]
    files = sorted((out / "src").rglob("*.c"))
    run_program(find_program("gcc"), *flags, *includes, *files, "-lm", "-o", tmp_path / "app.out")
    lines = run_program(tmp_path / "app.out").splitlines()
    assert lines[0].startswith("mcupatch begin ") and lines[1:4] == [
        *("cycles 0", "cycles_per_second 25000000", "stack 3096")
    ]
    assert lines[-2:] == ["equal yes", "mcupatch end 0"]


def test_an_arena_in_two_memories(project: Project, tmp_path: Path) -> None:
    write_zephyr(divide(project, "axi_sram", "dtcm"), tmp_path)
    assert "EXAMPLE_PLACE_DTCM=__attribute__" in (tmp_path / "CMakeLists.txt").read_text()
    example = (tmp_path / "src" / "example.c").read_text()
    assert "EXAMPLE_PLACE_DTCM static" in example and "EXAMPLE_PLACE_AXI_SRAM static" in example


@pytest.mark.parametrize("memories", [("axi_sram", "sram1"), ("dtcm", "axi_sram", "sram1")])
def test_other_memories_are_refused(memories: tuple[str, ...], project: Project, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--memories main"):
        write_zephyr(divide(project, *memories), tmp_path)


def test_the_module_builds_all_kernels() -> None:
    build = (ROOT / "zephyr" / "CMakeLists.txt").read_text()
    (runtime,) = re.findall(r"set\(RUNTIME \$\{CMAKE_CURRENT_LIST_DIR\}/(\S+)\)", build)
    assert (ROOT / "zephyr" / runtime / "include" / "mcupatch" / "kernels.h").is_file()
    module = (ROOT / "zephyr" / "module.yml").read_text()
    assert "name: mcupatch" in module and "kconfig: zephyr/Kconfig" in module
