"""Builds the native library with CMake and puts it, with the kernels' sources, into the package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
NATIVE = ROOT / "python" / "mcupatch" / "_native"
LIBRARY = "libmcupatch_native.so"


def find_compilers() -> dict[str, str]:
    """CC and CXX for CMake: the caller's, the system's, else zig from its wheel."""
    found = {}
    choices = (("CC", ("cc", "gcc", "clang"), "cc"), ("CXX", ("c++", "g++", "clang++"), "c++"))
    for variable, names, zig_command in choices:
        named = os.environ.get(variable) or next((path for path in map(shutil.which, names) if path), None)
        # zig compiles for this very processor unless told otherwise; a wheel may go to another one.
        found[variable] = named or f"{find_zig()} {zig_command} -mcpu=baseline"
    return found


def find_zig() -> str:
    import ziglang

    return str(Path(ziglang.__file__).parent / ("zig.exe" if sys.platform == "win32" else "zig"))


def digest_kernels() -> str:
    """The fingerprint that ``mcupatch.native`` compares with the sources it finds."""
    spec = importlib.util.spec_from_file_location("source_digest", ROOT / "python/mcupatch/source_digest.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.digest_sources(ROOT / "src" / "runtime"))


class CMakeBuild(build_ext):
    """``build_ext`` that runs CMake; in an editable install the kernels are read from the checkout."""

    def get_ext_filename(self, fullname: str) -> str:
        return str(Path(*fullname.split(".")).with_name(LIBRARY))

    def build_extension(self, ext: Extension) -> None:
        build = Path(self.build_temp).resolve() / "cmake"
        library = Path(self.get_ext_fullpath(ext.name)).resolve()
        environment = {**os.environ, **find_compilers()}
        # A build folder of another compiler, or of a deleted isolated environment, cannot be reconfigured.
        shutil.rmtree(build, ignore_errors=True)
        build.mkdir(parents=True)
        for command in (
            [
                *("cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(build)),
                f"-DMCUP_SOURCE_DIGEST={digest_kernels()}",
            ],
            ["cmake", "--build", str(build)],
        ):
            subprocess.run(command, check=True, env=environment)
        library.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(build / LIBRARY, library)
        if not self.editable_mode:
            shutil.copytree(ROOT / "src" / "runtime", library.parent / "runtime", dirs_exist_ok=True)

    def copy_extensions_to_source(self) -> None:
        # A new file, never an overwrite: a running process may hold the old one mapped.
        (NATIVE / LIBRARY).unlink(missing_ok=True)
        NATIVE.mkdir(exist_ok=True)
        super().copy_extensions_to_source()


setup(
    ext_modules=[Extension("mcupatch._native.mcupatch_native", sources=[])],
    cmdclass={"build_ext": CMakeBuild},
)
