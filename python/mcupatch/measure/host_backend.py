"""Runs the generated C natively, if asked under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import platform
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.csources import CSources
from mcupatch.errors import EmulationFault
from mcupatch.firmware.host_program import HostProgram, build_host_program
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.port_data import decode_output, encode_inputs

TIMEOUT_SECONDS = 600.0
_SHOWN_LINES = 30


def run_on_host(
    sources: CSources,
    input_sets: Sequence[Sequence[NDArray[np.generic]]],
    sanitize: bool = False,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> list[Measurement]:
    """Build the network for this machine and run it once for each set of inputs; only outputs are measured.

    The arena has exactly its planned size, is full of garbage before each run and guarded at both ends. Raises
    BadInput for inputs that do not fit, ToolMissing without a compiler, EmulationFault where the program overwrote
    a guard, was stopped by a sanitizer, crashed or ran too long.
    """
    with tempfile.TemporaryDirectory(prefix="mcupatch-host-") as folder:
        encoded = [b"".join(encode_inputs(sources.inputs, inputs)) for inputs in input_sets]
        program = build_host_program(sources, Path(folder), sanitize)
        data = _run(program, b"".join(encoded), timeout_seconds)
    set_bytes = sum(port.tensor.nbytes for port in program.outputs)
    return [
        Measurement(
            "host", platform.machine(), _split_outputs(program, data[i * set_bytes : (i + 1) * set_bytes])
        )
        for i in range(len(input_sets))
    ]


def _run(program: HostProgram, data: bytes, timeout_seconds: float) -> bytes:
    source, target = program.path.with_suffix(".in"), program.path.with_suffix(".out")
    source.write_bytes(data)
    try:
        done = subprocess.run(
            [str(program.path), str(source), str(target)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise EmulationFault(f"The network ran for more than {timeout_seconds:g} s on the host.") from error
    if done.returncode != 0:
        shown = "\n".join(done.stderr.strip().splitlines()[:_SHOWN_LINES])
        raise EmulationFault(f"The network failed on the host (status {done.returncode}):\n{shown}")
    return target.read_bytes()


def _split_outputs(program: HostProgram, data: bytes) -> tuple[NDArray[np.generic], ...]:
    outputs = []
    for port in program.outputs:
        outputs.append(decode_output(port, data[: port.tensor.nbytes]))
        data = data[port.tensor.nbytes :]
    return tuple(outputs)
