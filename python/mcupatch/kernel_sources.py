"""The micro-kernels as files to ship beside the generated C, so that a C compiler is all that a user needs."""

from __future__ import annotations

from mcupatch.emit.csources import KernelSources
from mcupatch.native import runtime_dir


def read_kernel_sources() -> KernelSources:
    """All kernels: the linker drops what a network does not call. Raises ToolMissing where they are not installed."""
    runtime = runtime_dir()
    include = runtime / "include"
    return KernelSources(
        {f"kernels/{path.name}": path.read_text() for path in sorted((runtime / "kernels").glob("*.c"))},
        {path.relative_to(include).as_posix(): path.read_text() for path in sorted(include.rglob("*.h"))},
    )
