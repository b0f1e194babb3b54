import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from mcupatch.errors import BadInput, ToolMissing
from mcupatch.firmware import toolchain
from mcupatch.firmware.toolchain import find_host_compiler, find_toolchain
from mcupatch.target.board import load_board


def test_an_unknown_toolchain_names_the_known() -> None:
    with pytest.raises(BadInput, match="Known are zig and gcc"):
        find_toolchain("tcc", "cortex-m7")


def test_gcc_that_is_missing_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    with pytest.raises(ToolMissing, match="gcc-arm-none-eabi"):
        find_toolchain("gcc", "cortex-m7")


def test_without_a_host_compiler_zig_serves_but_cannot_sanitize(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None)
    assert "zig" in find_host_compiler().command[0]
    with pytest.raises(ToolMissing, match="gcc or clang"):
        find_host_compiler(sanitize=True)


def test_a_full_disk_is_no_rejected_c(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    zig = find_toolchain("zig", "cortex-m7")
    with pytest.raises(toolchain.CompileError):
        zig.compile_objects([tmp_path / "absent.c"], tmp_path, [])
    monkeypatch.setattr(toolchain.shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(OSError, match="No space left"):
        zig.compile_objects([tmp_path / "absent.c"], tmp_path, [])


def test_a_cache_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = "from mcupatch.firmware.cache import cache_dir; print(cache_dir())"
    environment = {**os.environ, "MCUPATCH_CACHE_DIR": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert Path(done.stdout.strip()).parent == tmp_path
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_compiler_that_cannot_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/no/such/cc -m32")
    with pytest.raises(ToolMissing, match="/no/such/cc -m32"):
        find_host_compiler()


DOUBLES = "double scale(double x) { return x * 3.0 + 1.0; }\n"


@pytest.mark.parametrize("name", ["zig", "gcc"])
def test_a_single_precision_unit_gets_no_doubles(name: str, tmp_path: Path) -> None:
    """The M7 of the STM32F746 would stop at one with an undefined instruction."""
    if name == "gcc" and shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    assert (load_board("stm32f746").has_double, load_board("stm32h743").has_double) == (False, True)
    source = tmp_path / "scale.c"
    source.write_text("double scale(double x);\n" + DOUBLES)
    code = {}
    for has_double in (True, False):
        (made,) = find_toolchain(name, "cortex-m7", has_double).compile_objects([source], tmp_path, [])
        code[has_double] = b"__aeabi_dmul" in made.read_bytes()
    assert code == {True: False, False: True}
