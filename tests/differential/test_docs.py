"""The C of the docs: it builds without a warning and does what the text says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from mcupatch.decode_rows import decode_picture, jpeg_source
from mcupatch.ir import reference
from mcupatch.model_file import load_model_file
from mcupatch.options import CompileOptions, LeastSram
from mcupatch.pipeline import compile_model
from mcupatch.saved import save_compiled
from tests.support.jpeg_writer import random_picture, write_jpeg

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMPILERS = {"gcc": ["gcc"], "clang": [sys.executable, "-m", "ziglang", "cc"]}


def example(name: str, document: str) -> str:
    """The indented program of ``document`` that begins with a comment naming the file ``name``."""
    text = (DOCS / document).read_text()
    blocks = re.findall(r"(?:^ {4}.*\n|^\n)+", text, re.MULTILINE)
    (found,) = (b for b in blocks if b.lstrip().startswith(f"/* {name}:"))
    return textwrap.dedent(found).strip() + "\n"


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, list[int]]:
    """The directory of the model, a raw picture, and the scores that the reference gives it."""
    directory = tmp_path_factory.mktemp("docs") / "vww0"
    options = CompileOptions(mode=LeastSram(), stream_input=True)
    compiled = compile_model(load_model_file("zoo:mcunet_vww0"), options)
    save_compiled(compiled, directory)
    pixels = np.random.default_rng(3).integers(0, 256, (1, 64, 64, 3)).astype(np.uint8)
    (scores,) = reference.run(compiled.graph, [(pixels.astype(np.int16) - 128).astype(np.int8)])
    return directory, pixels.tobytes(), scores.ravel().tolist()


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_streamed_example(compiler: str, streamed: tuple[Path, bytes, list[int]], tmp_path: Path) -> None:
    directory, picture, scores = streamed
    program = build_example(compiler, example("stream.c", "using-the-c.md"), directory, tmp_path)
    done = subprocess.run([str(program)], input=picture, capture_output=True)
    assert (done.returncode, done.stdout.split()) == (0, [str(s).encode() for s in scores])
    short = subprocess.run([str(program)], input=picture[: 40 * 192], capture_output=True)
    assert (short.returncode, short.stdout, short.stderr) == (1, b"", b"row 40 is missing\n")


@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_jpeg_example(compiler: str, tmp_path: Path) -> None:
    options = CompileOptions(mode=LeastSram(), stream_input=True, input_format="jpeg")
    compiled = compile_model(load_model_file("zoo:mcunet_vww0"), options)
    directory = tmp_path / "vww0"
    save_compiled(compiled, directory)
    program = build_example(compiler, example("photo.c", "jpeg-and-camera-input.md"), directory, tmp_path)
    photo = write_jpeg(random_picture((64, 64), ((2, 2), (1, 1), (1, 1)), 4))
    pixels = decode_picture(jpeg_source(64), photo, (64, 64, 3), "int8")
    (scores,) = reference.run(compiled.graph, [pixels])
    done = subprocess.run([str(program)], input=photo, capture_output=True)
    assert (done.returncode, done.stdout.split()) == (0, [str(s).encode() for s in scores.ravel()])
    for damaged, status in ((photo[:-100], 2), (b"text", 1), (photo.replace(b"\xff\xc0", b"\xff\xc2"), 4)):
        done = subprocess.run([str(program)], input=damaged, capture_output=True)
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"status %d\n" % status)


def build_example(compiler: str, text: str, directory: Path, folder: Path) -> Path:
    """The program ``text`` with the C that was compiled to ``directory``."""
    if compiler == "gcc" and shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    (folder / "main.c").write_text(text)
    sources = [str(p) for p in sorted((directory / "src").rglob("*.c"))]
    flags = [
        "-std=c11",
        "-O1",
        "-ffp-contract=off",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{directory / 'include'}",
    ]
    program = folder / "program"
    command = [*COMPILERS[compiler], *flags, str(folder / "main.c"), *sources, "-lm", "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return program
