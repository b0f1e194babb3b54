"""``tvmc compile``: the grammar that TVM's users know, the same archive as ``mcupatch compile``, refusals in a sentence."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from mcupatch.tvmc.main import COMMANDS, run_command_line
from tests.support.command_line import run_cli


def tvmc(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    return run_cli(capsys, *words, status=status, program=run_command_line)


def read_json(archive: Path, name: str) -> dict[str, object]:
    with tarfile.open(archive) as tar:
        found: dict[str, object] = json.load(tar.extractfile("./" + name))  # type: ignore[arg-type]
    return found


def configured(*pairs: str) -> list[str]:
    return ["--pass", "mcupatch", *(word for pair in pairs for word in ("--pass-config", pair))]


def test_the_archive_is_that_of_mcupatch(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And two runs give the same bytes."""
    words = configured("mcupatch.sram=64KiB", "mcupatch.least_sram=1", "mcupatch.stream_input=true")
    for name in ("first.tar", "second.tar"):
        text = tvmc(
            capsys, "compile", "--target", "c", *words, "--board", "stm32h743", "-o", name, "net.tflite"
        )
    assert "Run it: tvmc run second.tar" in text
    run_cli(
        capsys,
        "compile",
        "net.tflite",
        "--sram",
        "64KiB",
        "--least-sram",
        "--stream-input",
        "--board",
        "stm32h743",
    )
    assert (
        Path("first.tar").read_bytes()
        == Path("second.tar").read_bytes()
        == Path("net/model.tar").read_bytes()
    )


def test_without_the_pass_every_operator_runs_whole(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "layer by layer" in tvmc(capsys, "compile", "net.tflite")
    stages = read_json(here / "module.tar", "mcupatch.json")["schedule"]
    assert all(stage["grid"] == [1, 1] for stage in stages)  # type: ignore[index, attr-defined]


def test_words_that_change_nothing_are_taken(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A command line of a tutorial of microTVM, with the pass."""
    tvmc(
        capsys, "compile", "net.tflite", "--target=c -keys=arm_cpu,cpu -mcpu=cortex-m7", "--executor=aot",
        "--executor-aot-interface-api=c", "--executor-aot-unpacked-api=1", "--runtime=crt", "--output-format=mlf",
        "-O", "3", "--model-format", "tflite", "--module-name", "detector", *configured("mcupatch.io=int8"),
        "--output", "model.tar",
    )  # fmt: skip
    (module,) = read_json(here / "model.tar", "metadata.json")["modules"].items()  # type: ignore[attr-defined]
    assert module[0] == module[1]["model_name"] == "detector"


REFUSED = {
    "target": (["--target", "cuda"], "c or llvm"),
    "target with an open quote": (["--target", 'c "'], "c or llvm"),
    "another core": (["--target", "c -mcpu=cortex-m4"], "stm32f746 has a cortex-m7"),
    "attribute": (["--target", "c -march=armv7e-m"], "-march=armv7e-m"),
    "triple": (["--target", "llvm -mtriple=aarch64-linux-gnu"], "thumbv7em"),
    "pass": (["--pass", "FoldConstant"], "FoldConstant"),
    "config without the pass": (["--pass-config", "mcupatch.sram=64KiB"], "--pass mcupatch"),
    "config of TVM": (configured("tir.disable_vectorize=1"), "tir.disable_vectorize"),
    "unknown config": (configured("mcupatch.srm=64KiB"), "mcupatch.sram"),
    "the board as config": (configured("mcupatch.board=stm32f412"), "not known"),
    "no value": (configured("mcupatch.least_sram"), "NAME=VALUE"),
    "no switch": (configured("mcupatch.least_sram=maybe"), "1 or 0"),
    "no size": (configured("mcupatch.sram=much"), "not a size"),
    "contradiction": (configured("mcupatch.per_layer=1", "mcupatch.least_sram=1"), "choose one"),
    "shared object": (["--output-format", "so"], "mlf"),
    "graph executor": (["--executor", "graph"], "ahead of time"),
    "runtime": (["--runtime", "cpp"], "no runtime"),
    "packed functions": (["--executor-aot-unpacked-api", "0"], "plain pointers"),
    "level": (["-O", "0"], "one level"),
    "cross compiler": (["--cross-compiler", "arm-none-eabi-gcc"], "mcupatch.toolchain=gcc"),
    "layout": (["--desired-layout", "NCHW"], "NHWC"),
    "dump": (["--dump-code", "relay"], "mcupatch compile --dump"),
    "shapes": (["--input-shapes", "x:[1,2]"], "shapes"),
    "disabled pass": (["--disabled-pass", "FuseOps"], "one order"),
    "AutoTVM": (["--tuning-records", "log.json"], "AutoTVM"),
    "pools": (["--workspace-pools", "sram"], "mcupatch.memories"),
    "format": (["--model-format", "onnx"], "does not end in .onnx"),
    "output": (["-o", "absent/model.tar"], "does not exist"),
    "board": (["--board", "esp32"], "esp32"),
    "unknown option": (["--no-such-thing"], "No such option"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_a_sentence(case: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, says = REFUSED[case]
    text = tvmc(capsys, "compile", "net.tflite", *words, status=2)
    assert says in text and "Traceback" not in text and len(text) < 800
    assert [p.name for p in here.iterdir()] == ["net.tflite"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = tvmc(capsys, command, "--help")
    assert text.startswith(f"Usage: tvmc {command}") and max(map(len, text.splitlines())) <= 80


def test_verbose_explains(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = configured("mcupatch.grid=2x2", "mcupatch.ops=2")
    assert "operators 0 to 1" in tvmc(capsys, "compile", "-v", *words, "net.tflite")


def test_nothing_that_is_read_is_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "net.json").write_text("{}")
    assert "MODEL and --output" in tvmc(capsys, "compile", "net.json", "-o", "net.json", status=2)
    assert "PATH and --outputs" in tvmc(capsys, "run", "net.json", "-o", "net.json", status=2)
    assert (here / "net.json").read_text() == "{}"
