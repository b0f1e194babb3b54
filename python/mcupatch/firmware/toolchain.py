"""Compilers as plain data: the command, its flags for a core, and how a call of it fails."""

from __future__ import annotations

import errno
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mcupatch.errors import BadInput, ToolMissing
from mcupatch.firmware.cache import cache_dir
from mcupatch.firmware.templates import BARE_METAL

# FMA contraction rounds once where the reference rounds twice.
_C_FLAGS = ("-std=c11", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror")
# A bare-metal target brings no C library: its string.h is ours.
_BARE_FLAGS = (
    "-O2",  # on the zoo: as few instructions as -O3 on the M7, 8 % fewer on the M4
    "-ffunction-sections",
    "-fdata-sections",
    "-fomit-frame-pointer",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    f"-isystem{BARE_METAL / 'include'}",
    *_C_FLAGS,
)
# zig: without -fhosted no memcpy is inlined, and its default sanitizer would trap.
_ZIG_FLAGS = ("-fhosted", "-fno-sanitize=all", "-g0")
_ZIG_CPUS = {
    "cortex-m3": ("-target", "thumb-freestanding-eabi", "-mcpu=cortex_m3"),
    "cortex-m4": ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m4+vfp4d16sp"),
    "cortex-m7": ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7+fp_armv8d16"),
    "cortex-m7-single": ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m7+fp_armv8d16sp"),
    # without MVE: no kernel here is written for it
    "cortex-m55": ("-target", "thumb-freestanding-eabihf", "-mcpu=cortex_m55+fp_armv8d16"),
}
_BARE_LINK_FLAGS = ("-Wl,--gc-sections", "-Wl,--entry=Reset_Handler")
_GCC_CPUS = {
    "cortex-m3": ("-mcpu=cortex-m3", "-mfloat-abi=soft"),
    "cortex-m4": ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
    "cortex-m7": ("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
    "cortex-m7-single": ("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
    "cortex-m55": ("-mcpu=cortex-m55+nomve", "-mfloat-abi=hard", "-mfpu=auto"),
}


_LEAST_FREE_BYTES = 1 << 20


class CompileError(Exception):
    """A compiler rejected generated C: a mistake of mcupatch, not of the user."""


@dataclass(frozen=True)
class Toolchain:
    """One compiler for one target. ``identity`` changes whenever its output may."""

    name: str
    command: tuple[str, ...]
    machine_flags: tuple[str, ...]  # when compiling and when linking
    compile_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    libraries: tuple[str, ...]  # after the objects: the compiler's own helpers (64-bit division and the like)
    identity: str

    def compile_objects(
        self, sources: Sequence[Path], objects: Path, includes: Sequence[Path], extra: Sequence[str] = ()
    ) -> list[Path]:
        """Compile each of ``sources`` into the folder ``objects``. Raises CompileError."""
        flags = [*self.machine_flags, *self.compile_flags, *extra, *(f"-I{folder}" for folder in includes)]

        def compile_one(source: Path) -> Path:
            target = objects / f"{source.stem}.o"
            self._call([*flags, "-c", str(source), "-o", str(target)])
            return target

        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            return list(pool.map(compile_one, sources))

    def link(self, objects: Sequence[Path], target: Path, extra: Sequence[str] = ()) -> None:
        """Link ``objects`` into ``target``. Raises CompileError."""
        flags = [*self.machine_flags, *self.link_flags, *extra]
        self._call([*flags, *map(str, objects), "-o", str(target), *self.libraries])

    def _call(self, arguments: Sequence[str]) -> None:
        zig_cache = str(cache_dir() / "zig")
        environment = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache}
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, errors="replace", env=environment
        )
        if done.returncode != 0:
            _check_space(cache_dir(), Path(tempfile.gettempdir()))
            command = shlex.join([*self.command, *arguments])
            raise CompileError(
                f"{self.name} failed with status {done.returncode}:\n{command}\n{done.stderr.strip()}"
            )


def find_toolchain(name: str, cpu: str, has_double: bool = True) -> Toolchain:
    """The cross compiler ``zig`` or ``gcc`` for a core; ``has_double`` as of a board. Raises BadInput or ToolMissing."""
    core = cpu if has_double else f"{cpu}-single"
    if name == "zig":
        return _find_zig(core)
    if name == "gcc":
        return _find_gcc(core)
    raise BadInput(f"toolchain {name!r} is not known. Known are zig and gcc.")


def _find_zig(core: str) -> Toolchain:
    return Toolchain(
        name="zig",
        command=_zig_command(),
        machine_flags=(*_ZIG_FLAGS, *_ZIG_CPUS[core]),
        compile_flags=_BARE_FLAGS,
        link_flags=_BARE_LINK_FLAGS,  # -nostdlib would leave out zig's compiler_rt
        libraries=(),
        identity=f"zig {metadata.version('ziglang')}",
    )


def _zig_command() -> tuple[str, ...]:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise ToolMissing("The compiler zig is missing. Install it with `pip install ziglang`.")
    return str(Path(spec.origin).with_name("zig.exe" if sys.platform == "win32" else "zig")), "cc"


def _find_gcc(core: str) -> Toolchain:
    path = shutil.which("arm-none-eabi-gcc")
    if path is None:
        raise ToolMissing(
            "arm-none-eabi-gcc is not installed (Debian and Ubuntu: gcc-arm-none-eabi). "
            "Install it, or use the default toolchain zig."
        )
    return Toolchain(
        name="gcc",
        command=(path,),
        machine_flags=("-mthumb", *_GCC_CPUS[core]),
        compile_flags=_BARE_FLAGS,
        link_flags=("-nostdlib", *_BARE_LINK_FLAGS),
        libraries=("-lgcc",),
        identity=_version(path),
    )


def find_host_compiler(sanitize: bool = False) -> Toolchain:
    """A compiler for this machine: ``$CC``, gcc, clang or zig; with the sanitizers gcc or clang.

    Raises ToolMissing where none is found.
    """
    command = _host_command(with_zig=not sanitize)
    return Toolchain(
        name="host",
        command=command,
        machine_flags=("-fsanitize=address,undefined", "-fno-sanitize-recover=all") if sanitize else (),
        compile_flags=(*(("-O1", "-g") if sanitize else ("-O2",)), *_C_FLAGS),
        link_flags=(),
        libraries=("-lm",),
        identity=_version(*command),
    )


def _host_command(with_zig: bool) -> tuple[str, ...]:
    if os.environ.get("CC"):
        return tuple(shlex.split(os.environ["CC"]))
    path = next(filter(None, map(shutil.which, ("gcc", "clang", "cc"))), None)
    if path is not None:
        return (path,)
    if with_zig:
        return _zig_command()
    raise ToolMissing("The sanitizers need gcc or clang on this machine, and neither is installed.")


def _check_space(*folders: Path) -> None:
    """Raise OSError for a folder on a full disk: a compiler that failed there says so in its own words, or not at all."""
    for folder in folders:
        if shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))


def _version(*command: str) -> str:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolMissing(f"The compiler {shlex.join(command)} cannot be run: {error}") from error
    return f"{shlex.join(command)}: {done.stdout.splitlines()[0]}"
