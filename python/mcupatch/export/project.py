"""What every export holds: the network's C, the kernels it calls, and an example of an input with its outputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcupatch import __version__
from mcupatch.decode_rows import decode_inputs
from mcupatch.emit.csources import CSources, KernelSources, Port
from mcupatch.errors import BadInput
from mcupatch.export.kernel_subset import select_kernels
from mcupatch.firmware.templates import render_from
from mcupatch.ir import reference
from mcupatch.measure.port_data import encode_inputs
from mcupatch.outputs import MARKER, check_replaceable
from mcupatch.saved import BUILD_FILE, SavedModel, load_kernels

SUPPORT = Path(__file__).resolve().parent / "support"
_BYTES_A_LINE = 16


@dataclass(frozen=True, eq=False)
class Project:
    """One network to export. ``examples`` are the bytes of each input and of each output that the reference gives.

    ``core``, ``board`` and its reserve for the stack are those it was compiled for; ``figures`` is what ``mcupatch.json``
    holds.
    """

    sources: CSources
    kernels: KernelSources
    examples: Mapping[str, bytes]
    core: str
    board: str
    stack_bytes: int
    figures: Mapping[str, object]

    @property
    def target(self) -> str:
        """The name of its header and of the library that is built."""
        return f"tvmgen_{self.sources.name}"

    @property
    def source_files(self) -> dict[str, str]:
        """All C files of the library, the kernels in ``kernels/``."""
        return self.sources.sources | self.kernels.sources

    @property
    def header_files(self) -> dict[str, str]:
        """All headers, those of the kernels in ``mcupatch/``."""
        return self.sources.headers | self.kernels.headers

    def render(self, template: str, **values: object) -> str:
        """The text of a template in ``support/``, which knows this project."""
        sources = self.sources
        return render_from(
            SUPPORT,
            template,
            version=__version__,
            name=sources.name,
            target=self.target,
            inputs=sources.inputs,
            outputs=sources.outputs,
            pools=sources.pools,
            core=self.core,
            board=self.board,
            stack_bytes=self.stack_bytes,
            examples={name: _print_bytes(data) for name, data in self.examples.items()},
            example_sizes={name: len(data) for name, data in self.examples.items()},
            row_headers=sorted({port.source.header for port in sources.inputs if not port.source.is_raw}),
            **values,
        )

    def example_files(self) -> dict[str, str]:
        """The arena, one inference and its report, the same in every export; ``put`` is what the system prints with."""
        names = ("example.h", "example.c", "example_data.h", "example_data.c")
        return {name: self.render(f"shared/{name}.j2") for name in names}


def prepare_project(saved: SavedModel, inputs: Mapping[str, NDArray[np.generic]]) -> Project:
    """The project of a compiled model with ``inputs`` as its example. Raises BadInput if its stages are no C."""
    if saved.sources.objects:
        raise BadInput("A project is C throughout: compile the model with --target c, not llvm.")
    sources, graph = saved.sources, saved.graph
    sent = [inputs[name] for name in graph.inputs]
    expected = reference.run(graph, decode_inputs(sources, inputs))
    encoded = [
        *zip(sources.inputs, (_example_bytes(port, value) for port, value in zip(sources.inputs, sent))),
        *zip(sources.outputs, encode_inputs(sources.outputs, expected)),
    ]
    texts = [*sources.sources.values(), *sources.headers.values(), *map(_row_calls, sources.inputs)]
    return Project(
        sources,
        select_kernels(texts, load_kernels(saved.directory)),
        {example_name(sources.inputs, port): data for port, data in encoded},
        saved.firmware.board.core,
        saved.firmware.board.name,
        saved.firmware.board.stack_bytes,
        saved.result.as_json(),
    )


def _example_bytes(port: Port, value: NDArray[np.generic]) -> bytes:
    """The input as the example's C reads it: of a JPEG file, which knows its own size there, the file alone."""
    return value.tobytes() if port.source.is_jpeg else encode_inputs([port], [value])[0]


def _row_calls(port: Port) -> str:
    """What the example's C includes and calls for the rows of ``port``: it needs this of the kernels too."""
    source = port.source
    if source.is_raw:
        return ""
    calls = f"mcup_jpeg_open mcup_jpeg_read_{port.tensor.dtype}" if source.is_jpeg else source.row_function
    return f'#include "{source.header}"\n{calls}\n'


def example_name(inputs: Sequence[Port], port: Port) -> str:
    """The C array of a port's example."""
    return f"example_{'input' if port in inputs else 'output'}_{port.c_name}"


def check_export_target(target: Path, model: Path, replace: bool) -> None:
    """Raise BadInput unless ``target`` is free, or an earlier export that is to be replaced.

    A compiled model is never replaced by its export.
    """
    check_replaceable(target)
    if (target / BUILD_FILE).exists() or target.resolve() == model.resolve():
        raise BadInput(f"{str(target)!r} holds a compiled model; name another directory for the export")
    if model.resolve() in target.resolve().parents or target.resolve() in model.resolve().parents:
        raise BadInput(
            f"{str(target)!r} and the model {str(model)!r} lie in each other; name another directory"
        )
    if (target / MARKER).exists() and not replace:
        raise BadInput(f"{str(target)!r} holds an earlier export; give --replace to write it anew")


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts by their path inside ``folder``."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def write_figures(project: Project, folder: Path) -> None:
    """``mcupatch.json``, which also says that mcupatch wrote ``folder``."""
    write_files(folder, {MARKER: json.dumps(project.figures, indent=2) + "\n"})


def _print_bytes(data: bytes) -> str:
    """The values of a C array of uint8_t."""
    lines = (data[i : i + _BYTES_A_LINE] for i in range(0, len(data), _BYTES_A_LINE))
    return "\n".join("    " + ", ".join(f"0x{byte:02x}" for byte in line) + "," for line in lines)
