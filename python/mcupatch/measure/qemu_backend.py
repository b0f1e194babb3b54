"""Boots the network in QEMU, on a machine with the board's core and memories of the board's sizes, and measures it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcupatch.emit.csources import CSources
from mcupatch.errors import EmulationFault, ToolMissing
from mcupatch.firmware.bare_metal import Firmware
from mcupatch.firmware.qemu_image import build_qemu_image
from mcupatch.firmware.qemu_machines import QemuMachine, find_machine
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.measure.hosted_runs import HostedRun, read_fault, read_results, write_runs
from mcupatch.measure.measurement import Measurement
from mcupatch.measure.port_data import decode_output, encode_inputs, stored_bytes

TIMEOUT_SECONDS = 600.0
COMMAND = "qemu-system-arm"
_SHOWN_LINES = 5


def run_on_qemu(
    firmware: Firmware,
    sources: CSources,
    input_sets: Sequence[Sequence[NDArray[np.generic]]],
    toolchain: Toolchain,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> list[Measurement]:
    """Link ``sources`` once more, for QEMU's machine with the core of ``firmware``'s board, and run each set of inputs.

    Flash and SRAM in the result are those of ``firmware``, of which the image is a twin. Raises BadInput for inputs that
    do not fit, ToolMissing without QEMU, Infeasible where the machine is too small or a flash for the files that are
    read, EmulationFault where the firmware faults, returns an error, reads what it never wrote, or runs for more than
    ``timeout_seconds``.
    """
    command = find_qemu()
    machine = find_machine(firmware.board.cpu)
    encoded = [encode_inputs(firmware.inputs, inputs) for inputs in input_sets]
    with tempfile.TemporaryDirectory(prefix="mcupatch-qemu-") as name:
        folder = Path(name)
        image = build_qemu_image(sources, firmware.board, machine, folder, toolchain)
        for inputs in encoded:
            firmware.place_inputs(inputs)
            image.place_inputs(inputs)
        write_runs(folder, encoded)
        _boot(command, machine, image, timeout_seconds)
        runs = read_results(folder, len(encoded), image.pools, image.outputs)
    files_bytes = (stored_bytes(firmware.inputs, inputs) for inputs in encoded)
    return [_measurement(firmware, machine, run, nbytes) for run, nbytes in zip(runs, files_bytes)]


def find_qemu() -> str:
    """Raises ToolMissing, naming the packages."""
    path = shutil.which(COMMAND)
    if path is None:
        raise ToolMissing(
            f"{COMMAND} is not installed (Debian, Ubuntu, Fedora and Arch: the package qemu-system-arm; Homebrew: qemu). "
            "Install it, or run without --on qemu."
        )
    return path


def _boot(command: str, machine: QemuMachine, image: Firmware, timeout_seconds: float) -> None:
    """Run ``image`` until it leaves QEMU by itself, in the folder with its files."""
    folder = image.path.parent
    arguments = [
        *("-M", machine.name, "-nodefaults", "-display", "none", "-serial", "null", "-monitor", "none"),
        *("-semihosting-config", "enable=on,target=native", "-icount", f"shift={machine.shift}"),
        *("-kernel", image.path.name),
    ]
    try:
        done = subprocess.run(
            [command, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise EmulationFault(
            f"The network did not end in QEMU within {timeout_seconds:g} s. --timeout gives it longer."
        ) from error
    fault = read_fault(folder, image.elf.function_at)
    if fault is not None:
        raise EmulationFault(fault)
    if done.returncode != 0:
        said = "\n".join(done.stderr.strip().splitlines()[:_SHOWN_LINES])
        raise EmulationFault(
            f"QEMU ended with status {done.returncode} before the network did. It said:\n{said}"
        )


def _measurement(firmware: Firmware, machine: QemuMachine, run: HostedRun, files_bytes: int) -> Measurement:
    reserve = firmware.board.stack_bytes
    if run.stack_bytes > reserve:
        raise EmulationFault(
            f"The stack overflowed its reserve ({reserve} bytes): the network needs {run.stack_bytes} bytes."
        )
    return Measurement(
        backend="qemu",
        cpu=firmware.board.cpu,
        outputs=tuple(decode_output(port, data) for port, data in zip(firmware.outputs, run.outputs)),
        instructions=machine.instructions(run.ticks),
        arena_touched_bytes=sum(run.pools_touched_bytes),
        pools_touched_bytes=run.pools_touched_bytes,
        stack_bytes=run.stack_bytes,
        sram_bytes=firmware.sizes.statics_bytes + run.stack_bytes,
        flash_bytes=firmware.flash_bytes + files_bytes,
    )
