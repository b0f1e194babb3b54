"""``mcupatch export --arduino``: the layout of the specification, and sources that build as Arduino builds them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mcupatch.cli.main import run_command_line
from tests.support.programs import find_program, run_program

HEAVY = pytest.mark.heavy  # a variant of what `make test` runs

# The flags of Arduino's own cores; the language is that of the compiler.
C_FLAGS = ("-c", "-Os", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-ffunction-sections", "-fdata-sections")
CPP_FLAGS = ("-c", "-Os", "-std=gnu++17", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti")
# What the sketch uses of Arduino, on this computer.
ARDUINO_H = """\
#include <stdint.h>
#include <stdio.h>
struct Console {
  void begin(long) {}
  void print(const char *text) { fputs(text, stdout); }
  explicit operator bool() const { return true; }
};
static Console Serial;
static inline uint32_t millis() { return 0; }
static inline uint32_t micros() { return 0; }
void setup();
void loop();
"""


@pytest.fixture
def library(request: pytest.FixtureRequest, compiled_models: dict[str, Path], tmp_path: Path) -> Path:
    out = tmp_path / "library"
    assert run_command_line(["export", str(compiled_models[request.param]), "--arduino", str(out)]) == 0
    return out


def compile_sources(library: Path, objects: Path, command: str, flags: tuple[str, ...]) -> list[Path]:
    """Every C file of the library and of its example, each as Arduino calls the compiler."""
    files = [*(library / "src").rglob("*.c"), *(library / "examples").rglob("*.c")]
    objects.mkdir(exist_ok=True)
    for file in files:
        run_program(command, *flags, f"-I{library / 'src'}", file, "-o", objects / f"{file.stem}.o")
    return [objects / f"{file.stem}.o" for file in files]


@pytest.mark.parametrize(
    "library",
    ["held", *(pytest.param(kind, marks=HEAVY) for kind in ("streamed", "jpeg", "floats"))],
    indirect=True,
)
def test_the_sketch_gives_the_reference(library: Path, tmp_path: Path) -> None:
    objects = compile_sources(library, tmp_path / "objects", find_program("gcc"), C_FLAGS)
    (tmp_path / "Arduino.h").write_text(ARDUINO_H)
    sketch = (library / "examples" / "run_once" / "run_once.ino").read_text()
    (tmp_path / "sketch.cpp").write_text(
        f"#include <Arduino.h>\n{sketch}\nint main() {{ setup(); loop(); return 0; }}\n"
    )
    includes = [f"-I{folder}" for folder in (tmp_path, library / "src", library / "examples" / "run_once")]
    compiler = find_program("g++")
    run_program(compiler, *CPP_FLAGS, *includes, tmp_path / "sketch.cpp", "-o", tmp_path / "sketch.o")
    run_program(compiler, tmp_path / "sketch.o", *objects, "-lm", "-o", tmp_path / "sketch")
    lines = run_program(tmp_path / "sketch").splitlines()
    assert lines[0] == "microseconds 0" and lines[-1] == "equal yes"


@pytest.mark.parametrize("library", ["floats"], indirect=True)
def test_it_builds_for_a_chip_without_fused_operations(library: Path, tmp_path: Path) -> None:
    compiler = find_program("arm-none-eabi-gcc")
    chip = ("-mcpu=cortex-m7", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv5-d16")
    compile_sources(library, tmp_path / "objects", compiler, (*C_FLAGS, *chip))
    probe = "float probe(float a, float b, float c) { return a * b + c; }\n"
    prelude, _, _ = next((library / "src" / "kernels").iterdir()).read_text().partition("\n\n")
    for text, fused in ((probe, True), (f"{prelude}\n\n{probe}", False)):
        (tmp_path / "probe.c").write_text(text)
        run_program(compiler, *C_FLAGS[1:3], *chip, "-S", tmp_path / "probe.c", "-o", tmp_path / "probe.s")
        assert ("vfma" in (tmp_path / "probe.s").read_text()) == fused


@pytest.mark.parametrize("library", ["held"], indirect=True)
def test_layout(library: Path) -> None:
    properties = dict(
        line.split("=", 1) for line in (library / "library.properties").read_text().splitlines()
    )
    (header,) = (library / "src").glob("tvmgen_*_r??.h")
    assert properties["includes"] == header.name and properties["name"] == header.stem
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert {"author", "maintainer", "sentence", "category", "architectures"} <= set(properties)
    names = {path.name for path in library.iterdir() if not path.name.startswith(".")}
    assert names == {"library.properties", "src", "examples", "README.md", "mcupatch.json"}
    for sketch in (library / "examples").iterdir():
        assert (sketch / f"{sketch.name}.ino").is_file()
    # A header is found by the one include folder that Arduino gives.
    for file in (library / "src").rglob("*.[ch]"):
        for name in re.findall(r'#include "([^"]+)"', file.read_text()):
            assert (library / "src" / name).is_file() or (file.parent / name).is_file()
    assert {"packed_conv2d.c"} <= {file.name for file in (library / "src" / "kernels").iterdir()}
