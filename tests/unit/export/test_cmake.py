"""``mcupatch export --cmake``: what it writes builds, installs and gives the reference's bytes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mcupatch.cli.main import run_command_line
from mcupatch.decode_rows import decode_inputs
from mcupatch.ir import reference
from mcupatch.saved import load_compiled
from mcupatch.sent_inputs import random_sent_inputs
from tests.support.programs import find_program, run_program

HEAVY = pytest.mark.heavy  # a variant of what `make test` runs

STRICT = "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror"


def export(model: Path, out: Path, *more: str) -> Path:
    assert run_command_line(["export", str(model), "--cmake", str(out), *more]) == 0
    return out


def build(source: Path, *more: str) -> Path:
    folder = source.parent / f"build-{len(list(source.parent.iterdir()))}"
    ninja = find_program("ninja")
    cmake = find_program("cmake")
    run_program(cmake, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}", "-S", source, "-B", folder, *more)
    run_program(cmake, "--build", folder)
    return folder


@pytest.mark.parametrize(
    "kind", ["held", "jpeg", *(pytest.param(kind, marks=HEAVY) for kind in ("streamed", "camera", "floats"))]
)
def test_the_example_gives_the_reference(kind: str, compiled_models: dict[str, Path], tmp_path: Path) -> None:
    out = export(compiled_models[kind], tmp_path / "net", "--seed", "3")
    (program,) = build(out, STRICT).glob("tvmgen_*_example")
    lines = run_program(program).splitlines()
    saved = load_compiled(compiled_models[kind])
    (expected,) = reference.run(saved.graph, decode_inputs(saved.sources, random_sent_inputs(saved, 3)))
    shown = "".join(line.split()[3] for line in lines if line.startswith("output 0 "))
    assert bytes.fromhex(shown) == expected.tobytes()
    assert lines[-2:] == [f"best 0 {int(np.argmax(expected))}", "equal yes"]


def test_other_outputs_are_told(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    out = export(compiled_models["held"], tmp_path / "net")
    data = out / "example" / "example_data.c"
    head, _, tail = data.read_text().rpartition("0x")
    data.write_text(f"{head}0x{int(tail[:2], 16) ^ 1:02x}{tail[2:]}")
    (program,) = build(out).glob("tvmgen_*_example")
    assert run_program(program, status=1).splitlines()[-1] == "equal no"


def test_an_installed_library_is_found(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    out = export(compiled_models["held"], tmp_path / "net")
    run_program(find_program("cmake"), "--install", build(out), "--prefix", tmp_path / "prefix")
    (header,) = (tmp_path / "prefix" / "include").iterdir()
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.16)\nproject(user C)\nfind_package({header.stem} REQUIRED)\n"
        f"add_executable(user main.c)\ntarget_link_libraries(user mcupatch::{header.stem})\n"
    )
    (user / "main.c").write_text(
        f'#include "{header.name}"\nint main(void) {{ return {header.stem}_run(0, 0, 0) + 1; }}\n'
    )
    run_program(build(user, f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}") / "user")


@pytest.mark.parametrize(
    ("kind", "cpu"),
    [
        ("streamed", "cortex-m3"),
        pytest.param("streamed", "cortex-m4", marks=HEAVY),
        pytest.param("streamed", "cortex-m7-single", marks=HEAVY),
        ("jpeg", "cortex-m55"),
    ],
)
def test_it_builds_for_a_chip(kind: str, cpu: str, compiled_models: dict[str, Path], tmp_path: Path) -> None:
    find_program("arm-none-eabi-gcc")
    out = export(compiled_models[kind], tmp_path / "net")
    toolchain = f"-DCMAKE_TOOLCHAIN_FILE={out}/cmake/arm-none-eabi.cmake"
    folder = build(out, STRICT, toolchain, f"-DMCUPATCH_CPU={cpu}")
    assert list(folder.glob("libtvmgen_*.a")) and not list(folder.glob("*_example"))


def test_the_core_is_that_of_the_board(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    """The unit of the STM32F746 has no double precision: code for one that has stops there."""
    out = export(compiled_models["held"], tmp_path / "net")
    told = [(out / name).read_text() for name in ("cmake/arm-none-eabi.cmake", "CMakeLists.txt", "README.md")]
    assert 'set(MCUPATCH_CPU "cortex-m7-single"' in told[0]
    assert all("-DMCUPATCH_CPU=cortex-m7-single" in text for text in told[1:])


def test_only_kernels_that_are_called(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    out = export(compiled_models["held"], tmp_path / "net")
    kernels = {file.name for file in (out / "src" / "kernels").iterdir()}
    assert "packed_conv2d.c" in kernels and not kernels & {"softmax.c", "resize_bilinear.c", "mul.c"}
    assert not (out / "src" / "rows").exists()


def test_only_the_decoder_of_the_format(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    out = export(compiled_models["camera"], tmp_path / "net")
    assert [file.name for file in (out / "src" / "rows").iterdir()] == ["yuv422_rows.c"]
    assert json.loads((out / "mcupatch.json").read_text())["memory"]["arena_bytes"] > 0


def test_replacing(
    compiled_models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = compiled_models["held"], export(compiled_models["held"], tmp_path / "net")
    (out / "mine.txt").write_text("mine")
    first = {file: file.read_bytes() for file in out.rglob("*") if file.is_file()}
    assert run_command_line(["export", str(model), "--cmake", str(out)]) == 2
    assert "--replace" in capsys.readouterr().err
    export(model, out, "--replace")
    assert {file: file.read_bytes() for file in out.rglob("*") if file.is_file()} == first


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--cmake OUT"),
        (["--cmake", "{model}"], "holds a compiled model"),
        (["--cmake", "{model}/export"], "lie in each other"),
        (["--cmake", "{foreign}"], "was not written by mcupatch"),
        (["--cmake", "{new}", "--input", "{foreign}/none.png"], "none.png"),
    ],
)
def test_bad_input(
    arguments: list[str],
    words: str,
    compiled_models: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("mine")
    places = {"model": compiled_models["held"], "foreign": tmp_path / "foreign", "new": tmp_path / "new"}
    filled = [argument.format(**places) for argument in arguments]
    assert run_command_line(["export", str(places["model"]), *filled]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "new").exists() and list((tmp_path / "foreign").iterdir()) == [
        tmp_path / "foreign" / "thesis.tex"
    ]


def test_no_compiled_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert run_command_line(["export", str(tmp_path / "empty"), "--cmake", str(tmp_path / "out")]) == 2
    assert "is no compiled model" in capsys.readouterr().err


def test_a_changed_kernel_is_refused(
    compiled_models: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    shutil.copytree(compiled_models["held"], model)
    (model / "src" / "kernels" / "copy.c").write_text("changed")
    assert run_command_line(["export", str(model), "--cmake", str(tmp_path / "out")]) == 2
    assert "copy.c was changed" in capsys.readouterr().err


@pytest.mark.heavy
def test_two_networks_in_one_program(compiled_models: dict[str, Path], tmp_path: Path) -> None:
    """Each library holds the kernels it calls; the linker takes those of one."""
    headers = []
    for kind in ("held", "floats"):
        out = export(compiled_models[kind], tmp_path / kind)
        headers += [
            file.stem for file in (out / "include").glob("*.h") if (out / "src" / f"{file.stem}.c").is_file()
        ]
    names = [name for name in headers if not name.endswith(("_operators", "_weights"))]
    user = tmp_path / "user"
    user.mkdir()
    (user / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(user C)\nadd_executable(user main.c)\n"
        + "".join(f"add_subdirectory(../{kind} {kind})\n" for kind in ("held", "floats"))
        + f"target_link_libraries(user {' '.join(names)})\n"
    )
    includes = "".join(f'#include "{name}.h"\n' for name in names)
    calls = " && ".join(f"{name}_run(0, 0, 0) == -1" for name in names)
    (user / "main.c").write_text(f"{includes}int main(void) {{ return !({calls}); }}\n")
    assert len(names) == 2
    run_program(build(user) / "user")
