"""An image for QEMU: the firmware of a network with the runner of ``support/hosted`` around it.

QEMU serves it files by semihosting; ``measure/hosted_runs.py`` writes and reads them.
"""

from __future__ import annotations

from pathlib import Path

from mcupatch.emit.csources import CSources
from mcupatch.errors import Infeasible
from mcupatch.firmware.bare_metal import Firmware, build_firmware
from mcupatch.firmware.camera import camera_addresses, camera_bytes
from mcupatch.firmware.kernel_objects import compile_hosted
from mcupatch.firmware.qemu_machines import QemuMachine, stand_in
from mcupatch.firmware.templates import HOSTED, render_template
from mcupatch.firmware.toolchain import Toolchain
from mcupatch.target.board import Board


def build_qemu_image(
    sources: CSources, board: Board, machine: QemuMachine, workdir: Path, toolchain: Toolchain
) -> Firmware:
    """The firmware of ``sources`` with ``board``'s memories, for ``machine``; files are written to ``workdir``.

    Raises Infeasible, naming what overflows, where it does not fit the board or the machine.
    """
    if camera_bytes(sources.inputs) > machine.camera.size:
        raise Infeasible(
            f"The streamed images do not fit the {machine.camera.size} bytes that {machine.name} has for them."
        )
    runner = workdir / "mcup_hosted.c"
    runner.write_text(
        render_template(
            "hosted/runner.c.j2",
            timer=machine.timer,
            inputs=sources.inputs,
            pools=sources.pools,
            cameras=camera_addresses(sources.inputs, machine.camera.base),
            files=[port for port in sources.inputs if port.source.is_jpeg],
            symbols={pool.c_name: pool.symbol for pool in sources.pools},
        )
    )
    objects = [*toolchain.compile_objects([runner], workdir, [HOSTED]), *compile_hosted(toolchain)]
    place = stand_in(board, sources.pools, machine)
    return build_firmware(sources, place, workdir, toolchain, camera=machine.camera.base, runner=objects)
