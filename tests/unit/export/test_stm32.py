"""The STM32 project: its image beside the datasheets, built by CMake and by mcupatch, booted in QEMU."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.errors import Infeasible
from mcupatch.firmware.elf import Elf, read_elf
from mcupatch.firmware.stm32_image import build_stm32_image
from mcupatch.firmware.toolchain import find_toolchain
from mcupatch.model_file import load_model_file
from mcupatch.options import CompileOptions
from mcupatch.pipeline import compile_model
from mcupatch.saved import save_compiled
from mcupatch.target.board import STATICS_BYTES, load_board
from mcupatch.target.stm32 import CHIPS, find_chip
from tests.support.qemu import needs_qemu

HEAVY = pytest.mark.heavy  # a variant of what `make test` runs

KIB = 1024
# DS11139, DS10916, DS12110, "Memory mapping": where the main RAM lies, its size, that of the flash
DATASHEETS = {
    "stm32f412": (0x2000_0000, 256 * KIB, 1024 * KIB),
    "stm32f746": (0x2000_0000, 320 * KIB, 1024 * KIB),
    "stm32h743": (0x2400_0000, 512 * KIB, 2048 * KIB),
}
needs_cmake = pytest.mark.skipif(shutil.which("cmake") is None, reason="cmake is not installed")
needs_gcc = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("cmake") is None,
    reason="arm-none-eabi-gcc or cmake is not installed",
)


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The export of a small network by board; "divided" has its arena in three memories of the H743."""
    folder = tmp_path_factory.mktemp("stm32")
    options = {board: CompileOptions(board) for board in DATASHEETS}
    options["divided"] = CompileOptions("stm32h743", memories="axi_sram=8KiB,dtcm=8KiB,sram1+sram2")
    options["streamed"] = CompileOptions("stm32f412", stream_input=True)
    for name, chosen in options.items():
        save_compiled(compile_model(load_model_file("zoo:mbv2_w0.35_r144@32"), chosen), folder / f"c-{name}")
        arguments = [
            "export",
            str(folder / f"c-{name}"),
            "--stm32",
            str(folder / name),
            "--board",
            chosen.board,
        ]
        assert run_command_line(arguments) == 0
    return {name: folder / name for name in options}


def build(project: Path, folder: Path, toolchain: str = "zig", start_clock: bool = True) -> Elf:
    shutil.copytree(project, folder / "project")
    cpu = find_chip(project.name if project.name in DATASHEETS else "stm32h743").cpu
    return read_elf(build_stm32_image(folder / "project", find_toolchain(toolchain, cpu), start_clock))


@pytest.mark.parametrize("board", DATASHEETS)
def test_the_image_lies_where_the_datasheet_says(
    board: str, projects: dict[str, Path], tmp_path: Path
) -> None:
    elf = build(projects[board], tmp_path)
    ram, ram_bytes, flash_bytes = DATASHEETS[board]
    chip = find_chip(board)
    first = elf.segments[0]
    assert first.address == 0x0800_0000
    vectors = [int.from_bytes(first.data[4 * i : 4 * i + 4], "little") for i in range(16 + chip.interrupts)]
    assert vectors[0] == elf.address("stack_top") == ram + load_board(board).stack_bytes
    assert vectors[1] == elf.address("Reset_Handler") | 1
    handlers = {elf.function_at(vector & ~1) for vector in vectors[2:]}
    assert handlers == {"fault_handler", "stop"} and all(vector & 1 for vector in vectors[1:])
    assert elf.address("stack_bottom") == ram
    # What the report needs of the RAM fits what the planner leaves beside arena and stack.
    assert 0 < elf.address("example_arena") - elf.address("stack_top") <= STATICS_BYTES
    assert ram < elf.address("example_arena") < ram + ram_bytes
    assert max(s.address + len(s.data) for s in elf.segments) < 0x0800_0000 + flash_bytes


def test_each_part_of_the_arena_lies_in_its_memory(projects: dict[str, Path], tmp_path: Path) -> None:
    elf = build(projects["divided"], tmp_path)
    places = {
        s.name: s.address for s in elf.symbols if s.name.startswith("example_") and s.address >= 0x2000_0000
    }
    bases = {"example_axi_sram": 0x2400_0000, "example_dtcm": 0x2000_0000, "example_sram1_sram2": 0x3000_0000}
    assert {name: places[name] & 0xFF00_0000 for name in bases} == bases


def test_an_image_that_does_not_fit(projects: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(projects["stm32f746"], tmp_path / "p")
    script = tmp_path / "p" / "board" / "linker.ld"
    full = script.read_text()
    for toolchain in ("zig", "gcc"):
        if toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
            continue
        script.write_text(full.replace(f"LENGTH = {1024 * KIB}", f"LENGTH = {64 * KIB}"))
        with pytest.raises(Infeasible, match=r"flash is \d+ bytes too small"):
            build_stm32_image(tmp_path / "p", find_toolchain(toolchain, "cortex-m7"))
        shutil.rmtree(tmp_path / "p" / "objects")


@needs_cmake
@pytest.mark.parametrize(
    ("board", "tools"),
    [
        ("stm32f412", "arm-none-eabi"),
        ("stm32f746", "arm-none-eabi"),
        pytest.param("stm32h743", "arm-none-eabi", marks=HEAVY),
        pytest.param("stm32f746", "zig", marks=HEAVY),
    ],
)
def test_plain_cmake_builds_it(board: str, tools: str, projects: dict[str, Path], tmp_path: Path) -> None:
    if tools == "arm-none-eabi" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    # zig is found as a module of the python that comes first
    path = (
        {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} if tools == "zig" else {}
    )
    warnings = () if tools == "zig" else ("-DCMAKE_C_FLAGS=-Wall -Wextra -Werror",)
    build_with_cmake(projects[board], tmp_path / "build", *warnings, tools=tools, environment=path)
    (image,) = (tmp_path / "build").glob("*.elf")
    elf = read_elf(image)
    first = elf.segments[0]
    assert (first.address, int.from_bytes(first.data[4:8], "little")) == (
        0x0800_0000,
        elf.address("Reset_Handler") | 1,
    )


def build_with_cmake(
    project: Path,
    folder: Path,
    *options: str,
    tools: str = "arm-none-eabi",
    environment: Mapping[str, str] | None = None,
) -> None:
    file = f"-DCMAKE_TOOLCHAIN_FILE={project / 'cmake' / f'{tools}.cmake'}"
    for command in (
        ["cmake", "-S", str(project), "-B", str(folder), file, *options],
        ["cmake", "--build", str(folder), "-j2"],
    ):
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **(environment or {})}
        )
        assert done.returncode == 0, done.stdout + done.stderr


def boot(machine: str, image: Path, *options: str) -> str:
    common = ["-display", "none", "-monitor", "none", "-icount", "shift=6"]
    done = subprocess.run(
        ["qemu-system-arm", "-M", machine, *common, *options, "-kernel", str(image)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


SEMIHOSTING = ("-serial", "null", "-semihosting-config", "enable=on,target=native")


@needs_qemu
@pytest.mark.parametrize(
    ("name", "toolchain"), [("stm32f412", "zig"), pytest.param("streamed", "gcc", marks=HEAVY)]
)
def test_the_m4_image_boots_on_its_neighbour(
    name: str, toolchain: str, projects: dict[str, Path], tmp_path: Path
) -> None:
    """QEMU's netduinoplus2 is an STM32F405: the same flash and RAM addresses, no clock control."""
    if toolchain == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    shutil.copytree(projects[name], tmp_path / "p")
    image = build_stm32_image(tmp_path / "p", find_toolchain(toolchain, "cortex-m4"), start_clock=False)
    said = boot("netduinoplus2", image, *SEMIHOSTING)
    assert "cycles_per_second 16000000\n" in said
    assert "equal yes\nmcupatch end 0\n" in said


@needs_qemu
def test_a_wrong_chip_is_seen_by_the_image_too(projects: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(projects["stm32f412"], tmp_path / "p")
    image = build_stm32_image(tmp_path / "p", find_toolchain("zig", "cortex-m4"))
    said = boot("netduinoplus2", image, *SEMIHOSTING)
    assert said.splitlines()[1:] == ["clock_step_failed 1", "mcupatch end -1"]


@needs_qemu
@needs_gcc
def test_the_m7_image_boots_elsewhere(projects: dict[str, Path], tmp_path: Path) -> None:
    """No STM32 of QEMU has an M7: the F746's image, caches on, with its flash moved to where the MPS2 board has memory."""
    script = tmp_path / "moved.ld"
    script.write_text(
        (projects["stm32f746"] / "board" / "linker.ld").read_text().replace("0x08000000", "0x00000000")
    )
    build_with_cmake(
        projects["stm32f746"], tmp_path / "build", "-DSTART_CLOCK=OFF", f"-DLINKER_SCRIPT={script}"
    )
    (image,) = (tmp_path / "build").glob("*.elf")
    assert "equal yes\nmcupatch end 0\n" in boot("mps2-an500", image, *SEMIHOSTING)


@needs_qemu
@needs_gcc
def test_the_report_comes_over_the_uart(projects: dict[str, Path], tmp_path: Path) -> None:
    build_with_cmake(projects["stm32f412"], tmp_path / "build", "-DSTART_CLOCK=OFF", "-DREPORT_TO_UART=ON")
    (image,) = (tmp_path / "build").glob("*.elf")
    serials = ("-serial", "null", "-serial", "null", "-serial", f"file:{tmp_path / 'said'}")
    boot("netduinoplus2", image, *serials, "-semihosting-config", "enable=on,target=native")
    assert (tmp_path / "said").read_text().endswith("equal yes\nmcupatch end 0\n")


def test_every_chip_is_a_board_and_no_other_can_be_exported(
    projects: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for chip in CHIPS:
        board = load_board(chip.board)
        assert (board.cpu, board.clock_hz % 1_000_000) == (chip.cpu, 0)
    model = tmp_path / "generic"
    save_compiled(compile_model(load_model_file("zoo:mbv2_w0.35_r144@32"), CompileOptions("generic")), model)
    assert run_command_line(["export", str(model), "--stm32", str(tmp_path / "out")]) == 2
    assert "'generic' is no STM32" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
