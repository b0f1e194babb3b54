"""The same generated C, built for this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcupatch.emit.csources import CSources, Port
from mcupatch.errors import BadInput
from mcupatch.firmware.kernel_objects import compile_kernels, compile_row_decoders, include_dir
from mcupatch.firmware.templates import render_template
from mcupatch.firmware.toolchain import find_host_compiler


@dataclass(frozen=True)
class HostProgram:
    """An executable: ``path INPUT OUTPUT`` runs the network on each set of inputs in file INPUT."""

    path: Path
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def build_host_program(sources: CSources, workdir: Path, sanitize: bool = False) -> HostProgram:
    """Compile and link ``sources`` in the existing folder ``workdir``.

    With ``sanitize`` the address and undefined-behaviour sanitizers watch it, and what lies around the arena's
    pools is poisoned. Raises ToolMissing without a compiler that can, BadInput for stages that are no C.
    """
    if sources.objects:
        raise BadInput(
            "The stages are an object for the board's core (--target llvm) and do not run on this computer."
        )
    compiler = find_host_compiler(sanitize)
    files = sources.write_to(workdir)
    runner = workdir / "mcup_runner.c"
    runner.write_text(
        render_template(
            "host/runner.c.j2",
            name=sources.name,
            inputs=sources.inputs,
            outputs=sources.outputs,
            pools=sources.pools,
            sanitize=sanitize,
        )
    )
    includes = [workdir, include_dir()]
    objects = [
        *compiler.compile_objects([*files, runner], workdir, includes),
        *compile_kernels(compiler),
        *(compile_row_decoders(compiler) if sources.has_row_formats else ()),
    ]
    path = workdir / f"{sources.name}_host"
    compiler.link(objects, path)
    return HostProgram(path, sources.inputs, sources.outputs)
