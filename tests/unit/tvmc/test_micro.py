"""``tvmc micro``: projects of an archive; what each platform's tools are called with; refusals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from mcupatch.tvmc.main import run_command_line
from mcupatch.tvmc.platforms import PLATFORMS
from tests.support.command_line import run_cli
from tests.support.programs import find_program


def micro(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    return run_cli(capsys, "micro", *words, status=status, program=run_command_line)


def fake_tool(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, status: int = 0) -> Path:
    """A program ``name`` on the PATH that notes its words and ZEPHYR_BASE; returns the notes' file."""
    tools, notes = folder / "tools", folder / f"{name}.txt"
    tools.mkdir(exist_ok=True)
    script = tools / name
    script.write_text(f'#!/bin/sh\necho "$ZEPHYR_BASE $*" >> {notes}\nmkdir -p proj/build\nexit {status}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("ZEPHYR_BASE", raising=False)
    return notes


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_project_holds_its_archive(
    platform: str, here: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "written to proj" in micro(capsys, "create", "proj", str(archive), platform)
    assert Path("proj/model.tar").read_bytes() == archive.read_bytes()
    if platform != "qemu":
        assert Path("proj/README.md").is_file() and list(Path("proj").rglob("tvmgen_net.h"))
    assert "exists" in micro(capsys, "create-project", "proj", str(archive), platform, status=2)
    micro(capsys, "create-project", "-f", "proj", str(archive), platform)
    assert json.loads(Path("proj/tvmc-project.json").read_text())["platform"] == platform


def test_cmake_builds_a_project_that_runs(
    here: Path, archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("cmake", "ninja"):  # those of the environment, which may not be activated
        found = Path(find_program(program)).parent
        monkeypatch.setenv("PATH", f"{found}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CMAKE_GENERATOR", "Ninja")
    micro(capsys, "create", "proj", str(archive), "cmake")
    micro(capsys, "build", "proj", "cmake")
    assert "there is a build" in micro(capsys, "build", "proj", "cmake", status=2)
    micro(capsys, "build", "-f", "proj", "cmake")
    assert subprocess.run(["proj/build/tvmgen_net_example"], stdout=subprocess.DEVNULL).returncode == 0
    assert "a library" in micro(capsys, "flash", "proj", "cmake", status=2)
    words = ("run", "--device", "micro", "proj")
    assert "its build directory" in run_cli(capsys, *words, status=2, program=run_command_line)


def test_a_project_boots_in_qemu(here: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    micro(capsys, "create", "proj", str(archive), "qemu")
    assert "nothing to build" in micro(capsys, "build", "proj", "qemu")
    words = ("run", "--device", "micro", "--print-time", "proj")
    text = run_cli(capsys, *words, program=run_command_line)
    assert "ran on" in text and "qemu" in text and "byte for byte" in text
    assert "no flash" in micro(capsys, "flash", "proj", "qemu", status=2)


def test_zephyr_is_built_and_flashed_by_west(
    here: Path, archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = fake_tool(here, "west", monkeypatch)
    options = ("--project-option", "board=nucleo_h743zi", "zephyr_base=/opt/zephyr")
    micro(capsys, "create", "proj", str(archive), "zephyr", *options)
    assert "no build" in micro(capsys, "flash", "proj", "zephyr", status=2)
    micro(capsys, "build", "proj", "zephyr")
    micro(capsys, "flash", "proj", "zephyr")
    micro(capsys, "build", "-f", "proj", "zephyr", "--project-option", "board=mps2_an385")
    assert notes.read_text().splitlines() == [
        "/opt/zephyr build -b nucleo_h743zi -d proj/build proj",
        "/opt/zephyr flash -d proj/build",
        "/opt/zephyr build -b mps2_an385 -d proj/build proj",
    ]
    words = ("run", "--device", "micro", "proj")
    assert "/opt/zephyr" in run_cli(capsys, *words, status=2, program=run_command_line)  # which is no Zephyr


def test_arduino_is_built_and_flashed_by_its_cli(
    here: Path, archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = fake_tool(here, "arduino-cli", monkeypatch)
    micro(
        capsys, "create", "proj", str(archive), "arduino", "--project-option", "board=arduino:mbed_giga:giga"
    )
    assert Path("proj/examples/run_once").is_dir()
    micro(capsys, "build", "proj", "arduino")
    assert "port=" in micro(capsys, "flash", "proj", "arduino", status=2)
    micro(capsys, "flash", "proj", "arduino", "--project-option", "port=/dev/ttyACM0")
    board = "--fqbn arduino:mbed_giga:giga"
    assert notes.read_text().splitlines() == [
        f" compile {board} --library proj --build-path proj/build proj/examples/run_once",
        f" upload {board} --port /dev/ttyACM0 --input-dir proj/build",
    ]


def test_stm32_is_built_by_cmake_with_arms_gcc(
    here: Path, archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = fake_tool(here, "cmake", monkeypatch)
    micro(capsys, "create", "proj", str(archive), "stm32")
    micro(capsys, "build", "proj", "stm32")
    micro(capsys, "flash", "proj", "stm32")
    assert Path("proj/cmake/arm-none-eabi.cmake").is_file()
    assert notes.read_text().splitlines() == [
        " -S proj -B proj/build -DCMAKE_TOOLCHAIN_FILE=cmake/arm-none-eabi.cmake",
        " --build proj/build",
        " --build proj/build --target flash",
    ]
    words = ("run", "--device", "micro", "proj")
    assert "debugger" in run_cli(capsys, *words, status=2, program=run_command_line)


def test_a_tool_that_fails_or_is_absent_is_named(
    here: Path, archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    micro(capsys, "create", "proj", str(archive), "zephyr", "--project-option", "board=mps2_an385")
    fake_tool(here, "west", monkeypatch, status=3)
    assert "failed with status 3" in micro(capsys, "build", "proj", "zephyr", status=2)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "pip install west" in micro(capsys, "build", "-f", "proj", "zephyr", status=2)


REFUSED = {
    "platform": (["create", "new", "ARCHIVE", "mbed"], "mbed"),
    "no platform": (["create", "new", "ARCHIVE"], "PLATFORM"),
    "template": (["create", "new", "ARCHIVE", "cmake", "--template-dir", "x"], "mcupatch export"),
    "option": (
        ["create", "new", "ARCHIVE", "zephyr", "--project-option", "project_type=host_driven"],
        "known are",
    ),
    "option of none": (["create", "new", "ARCHIVE", "qemu", "--project-option", "board=x"], "qemu has none"),
    "no value": (["create", "new", "ARCHIVE", "zephyr", "--project-option", "board="], "known are"),
    "no archive": (["create", "new", "net.tflite", "qemu"], "uncompressed .tar"),
    "absent archive": (["create", "new", "absent.tar", "cmake"], "absent.tar"),
    "folder of somebody": (["create", "-f", "mine", "ARCHIVE", "cmake"], "no project"),
    "no project": (["build", "mine", "cmake"], "no project"),
    "another platform": (["build", "proj", "zephyr"], "is for qemu"),
    "board missing": (["build", "zephyr-proj", "zephyr"], "board="),
    "subcommand": (["erase"], "erase"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_a_sentence(
    case: str, here: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, says = REFUSED[case]
    micro(capsys, "create", "proj", str(archive), "qemu")
    micro(capsys, "create", "zephyr-proj", str(archive), "zephyr")
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    before = sorted(here.rglob("*"))
    text = micro(capsys, *(str(archive) if w == "ARCHIVE" else w for w in words), status=2)
    assert says in text and "Traceback" not in text
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"platform": "qemu", "options": 3}',
        '{"platform": "mbed", "options": {}}',
    ],
    ids=lambda content: content[:30],
)
def test_a_damaged_project_is_told(
    content: str, here: Path, archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    micro(capsys, "create", "proj", str(archive), "qemu")
    Path("proj/tvmc-project.json").write_text(content)
    text = run_cli(capsys, "run", "--device", "micro", "proj", status=2, program=run_command_line)
    assert "damaged" in text or "mbed" in text
