"""The micro-kernels as files to ship beside the generated C, so that a C compiler is all that a user needs."""

from __future__ import annotations

from mcupatch.emit.csources import KernelSources
from mcupatch.native import runtime_dir

_ROWS = "rows"  # the folder of the row decoders, among the sources and among the headers


def read_kernel_sources(with_row_decoders: bool = False) -> KernelSources:
    """All kernels: the linker drops what a network does not call; the decoders of JPEG and camera rows if asked for.

    Raises ToolMissing where they are not installed.
    """
    runtime = runtime_dir()
    include = runtime / "include"
    sources = sorted((runtime / "kernels").glob("*.c"))
    headers = sorted(include.rglob("*.h"))
    if with_row_decoders:
        sources += sorted((runtime / _ROWS).glob("*.c"))
    else:
        headers = [path for path in headers if path.parent.name != _ROWS]
    return KernelSources(
        {path.relative_to(runtime).as_posix(): path.read_text() for path in sources},
        {path.relative_to(include).as_posix(): path.read_text() for path in headers},
    )
