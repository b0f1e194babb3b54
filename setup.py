"""Builds the native libraries with CMake and puts them, with the kernels' sources, into the package."""

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
LIBRARIES = ("mcupatch_native", "mcupatch_scheduler")  # targets of CMakeLists.txt


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


def digest_folder(folder: Path) -> str:
    """The fingerprint that the package compares with the sources it finds."""
    spec = importlib.util.spec_from_file_location("source_digest", ROOT / "python/mcupatch/source_digest.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.digest_sources(folder))


class CMakeBuild(build_ext):
    """``build_ext`` that runs CMake; in an editable install the kernels are read from the checkout."""

    def get_ext_filename(self, fullname: str) -> str:
        *folders, target = fullname.split(".")
        return str(Path(*folders, f"lib{target}.so"))

    def build_extensions(self) -> None:
        self.configure()
        super().build_extensions()

    def configure(self) -> None:
        # A build folder of another compiler, or of a deleted isolated environment, cannot be reconfigured.
        shutil.rmtree(self.cmake_folder, ignore_errors=True)
        self.cmake_folder.mkdir(parents=True)
        command = [
            *("cmake", "-G", "Ninja", "-S", str(ROOT), "-B", str(self.cmake_folder)),
            f"-DPython_EXECUTABLE={sys.executable}",  # the one whose tvm-ffi is pinned
            f"-DMCUP_SOURCE_DIGEST={digest_folder(ROOT / 'src' / 'runtime')}",
            f"-DMCUP_SCHEDULER_DIGEST={digest_folder(ROOT / 'src' / 'scheduler')}",
        ]
        subprocess.run(command, check=True, env={**os.environ, **find_compilers()})

    @property
    def cmake_folder(self) -> Path:
        return Path(self.build_temp).resolve() / "cmake"

    def build_extension(self, ext: Extension) -> None:
        target = ext.name.rpartition(".")[2]
        subprocess.run(["cmake", "--build", str(self.cmake_folder), "--target", target], check=True)
        library = Path(self.get_ext_fullpath(ext.name)).resolve()
        library.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.cmake_folder / library.name, library)
        if not self.editable_mode:
            shutil.copytree(ROOT / "src" / "runtime", library.parent / "runtime", dirs_exist_ok=True)

    def copy_extensions_to_source(self) -> None:
        # New files, never an overwrite: a running process may hold the old ones mapped.
        for target in LIBRARIES:
            (NATIVE / f"lib{target}.so").unlink(missing_ok=True)
        NATIVE.mkdir(exist_ok=True)
        super().copy_extensions_to_source()


setup(
    ext_modules=[Extension(f"mcupatch._native.{target}", sources=[]) for target in LIBRARIES],
    cmdclass={"build_ext": CMakeBuild},
)
