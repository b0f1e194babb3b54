"""Feeds the JPEG decoder mutated files under the address and undefined-behaviour sanitizers.

    .venv/bin/python -m tests.fuzz.fuzz_jpeg --runs 100000 --seed 1        (make fuzz-jpeg)

Seeds are files in all samplings, odd sizes, with and without restart markers, of Pillow's and of the tests' own writer.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mcupatch.firmware.kernel_objects import compile_row_decoders, include_dir
from mcupatch.firmware.toolchain import find_host_compiler
from mcupatch.row_formats import explain_jpeg_status
from tests.support.jpeg_writer import random_picture, write_jpeg

DRIVER = Path(__file__).with_suffix(".c")
SAMPLINGS = (((1, 1),), ((1, 1),) * 3, *(((a, d), (1, 1), (1, 1)) for a, d in ((2, 1), (1, 2), (2, 2))))
SIZES = ((24, 40), (17, 9), (33, 50))  # rows, columns


def build_fuzzer(folder: Path) -> Path:
    """The driver in an existing folder. Raises ToolMissing without a compiler that has the sanitizers."""
    compiler = find_host_compiler(sanitize=True)
    objects = [
        *compiler.compile_objects([DRIVER], folder, [include_dir()]),
        *compile_row_decoders(compiler),
    ]
    program = folder / "fuzz_jpeg"
    compiler.link(objects, program)
    return program


def write_seeds(folder: Path) -> list[Path]:
    """The files to mutate."""
    paths = []
    for number, data in enumerate(_seed_files()):
        paths.append(folder / f"{number}.jpg")
        paths[-1].write_bytes(data)
    return paths


def fuzz(runs: int, seed: int, timeout_seconds: float) -> list[int]:
    """How many runs ended with each status. Raises CalledProcessError where a sanitizer or a check of its own spoke."""
    with tempfile.TemporaryDirectory(prefix="mcupatch-fuzz-") as name:
        folder = Path(name)
        command = [str(build_fuzzer(folder)), str(runs), str(seed), *map(str, write_seeds(folder))]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout_seconds)
    return [int(word) for word in done.stdout.split()]


def _seed_files() -> Iterator[bytes]:
    for number, sampling in enumerate(SAMPLINGS):
        for size in SIZES:
            for interval in (0, 3):
                yield write_jpeg(random_picture(size, sampling, number, interval))
    random = np.random.default_rng(0)
    for subsampling in (0, 1, 2):
        for optimize in (False, True):
            stream = io.BytesIO()
            small = Image.fromarray(random.integers(0, 256, (5, 7, 3), np.uint8))
            small.resize((61, 43)).save(stream, "JPEG", subsampling=subsampling, optimize=optimize)
            yield stream.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    try:
        ended = fuzz(options.runs, options.seed, 24 * 3600)
    except subprocess.CalledProcessError as error:
        sys.exit(f"status {error.returncode}\n{error.stderr}")
    for status, count in enumerate(ended):
        if count:
            print(f"{count:8,}  {explain_jpeg_status(status) or 'decoded'}")
    print(f"{sum(ended):8,}  files in {time.monotonic() - began:.0f} s, none read or wrote where it may not")


if __name__ == "__main__":
    main()
