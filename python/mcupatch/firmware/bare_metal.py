"""Generated C to a linked firmware for one board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError

from mcupatch.emit.csources import CSources, Port, WorkspacePool
from mcupatch.errors import FlashShortage, Infeasible
from mcupatch.firmware.camera import CAMERA_BASE, camera_addresses
from mcupatch.firmware.elf import Elf, read_elf
from mcupatch.firmware.kernel_objects import (
    compile_kernels,
    compile_row_decoders,
    compile_startup,
    include_dir,
)
from mcupatch.firmware.templates import render_template
from mcupatch.firmware.toolchain import Toolchain, find_toolchain
from mcupatch.target.board import Board, Memory
from mcupatch.target.sizes import format_size


@dataclass(frozen=True)
class SectionSizes:
    """Bytes by section: ``text`` to ``data`` in flash, ``data`` to ``stack`` (the reserve) in RAM."""

    text: int
    rodata: int
    data: int
    bss: int
    arena: int
    stack: int

    @property
    def flash_bytes(self) -> int:
        return self.text + self.rodata + self.data

    @property
    def statics_bytes(self) -> int:
        """All of the RAM but the stack."""
        return self.data + self.bss + self.arena


@dataclass(frozen=True)
class Firmware:
    """A linked ELF and what is needed to run and to measure it.

    Ports hold offsets into a pool of the arena; a streamed input comes from a camera or a file (``firmware/camera.py``).
    ``operators`` are the C functions of each operator.
    """

    path: Path
    board: Board
    elf: Elf
    sizes: SectionSizes
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    pools: tuple[WorkspacePool, ...]
    weights_bytes: int
    operators: Mapping[str, tuple[str, ...]]

    @property
    def rams(self) -> tuple[Memory, ...]:
        """The runs of RAM that it uses: the main one, then the others that hold a pool."""
        main, *others = self.board.ram_runs
        starts = [self.elf.address(pool.symbol) for pool in self.pools]
        return (main, *(m for m in others if any(m.base <= start < m.stop for start in starts)))

    def port_address(self, port: Port) -> int:
        """Where a port that is not streamed lies."""
        if port.offset is None:
            raise ValueError(f"{port.c_name} is streamed")
        pool = next(pool for pool in self.pools if pool.c_name == port.pool)
        return self.elf.address(pool.symbol) + port.offset

    def place_inputs(self, inputs: Sequence[bytes]) -> tuple[int, ...]:
        """Where the bytes of each input lie before a run: in the arena, in the camera, or a file in flash.

        Raises Infeasible where the flash cannot hold the files.
        """
        cameras, addresses = camera_addresses(self.inputs), []
        files = [len(data) for port, data in zip(self.inputs, inputs) if port.source.is_jpeg]
        address = self._place_files(sum(files)) if files else 0
        for port, data in zip(self.inputs, inputs):
            if port.source.is_jpeg:
                addresses.append(address)
                address += len(data)
            else:
                addresses.append(cameras[port.c_name] if port.streamed else self.port_address(port))
        return tuple(addresses)

    def _place_files(self, nbytes: int) -> int:
        start, flash = self.elf.address("mcup_files"), self.board.main_flash
        if start + nbytes > flash.stop:
            raise Infeasible(
                f"The pictures take {format_size(nbytes)} of flash, and beside the program {self.board.name} has "
                f"{format_size(max(0, flash.stop - start))} left."
            )
        return start

    @property
    def flash_bytes(self) -> int:
        """Code, constants and the image of .data."""
        return self.sizes.flash_bytes

    @property
    def code_bytes(self) -> int:
        """What of the flash is not weights."""
        return self.flash_bytes - self.weights_bytes


def build_firmware(
    sources: CSources,
    board: Board,
    workdir: Path,
    toolchain: Toolchain | None = None,
    stack_bytes: int | None = None,
    camera: int = CAMERA_BASE,
    runner: Sequence[Path] = (),
) -> Firmware:
    """Compile and link ``sources`` for ``board`` in the existing folder ``workdir``.

    ``toolchain`` is zig's for the board's core unless given, ``stack_bytes`` the board's own reserve. Streamed images
    lie at ``camera``. The objects of a ``runner`` do what is done after start-up, if it is more than one inference.
    Raises Infeasible, naming what overflows and by how many bytes, where the board is too small.
    """
    toolchain = toolchain or find_toolchain("zig", board.core)
    stack_bytes = stack_bytes or board.stack_bytes
    files = sources.write_to(workdir)
    harness = workdir / "mcup_harness.c"
    harness.write_text(
        render_template(
            "bare_metal/harness.c.j2",
            name=sources.name,
            inputs=sources.inputs,
            outputs=sources.outputs,
            cameras=camera_addresses(sources.inputs, camera),
            files=[port for port in sources.inputs if port.source.is_jpeg],
            pools=sources.pools,
            symbols={pool.c_name: pool.symbol for pool in sources.pools},
        )
    )
    script = workdir / "board.ld"
    script.write_text(
        render_template(
            "bare_metal/linker_script.ld.j2",
            board=board,
            flash=board.main_flash,
            ram=board.main_ram,
            stack_bytes=stack_bytes,
            pools=[(pool, board.ram_named(pool.memory)) for pool in sources.pools],
            files=[port for port in sources.inputs if port.source.is_jpeg],
        )
    )
    objects = [
        *toolchain.compile_objects(
            [*files, harness],
            workdir,
            [workdir, include_dir()],
        ),
        *runner,
        *compile_startup(toolchain),
        *compile_kernels(toolchain),
        *(compile_row_decoders(toolchain) if sources.has_row_formats else ()),
        *(workdir / name for name in sources.objects),
    ]
    path = workdir / f"{sources.name}.elf"
    toolchain.link(objects, path, [f"-T{script}"])
    firmware = load_firmware(path, board, sources)
    _check_fit(firmware)
    return firmware


def load_firmware(path: Path, board: Board, sources: CSources) -> Firmware:
    """A firmware that was linked from ``sources`` for ``board`` before. Raises ValueError if it is no such ELF."""
    try:
        elf = read_elf(path)
    except ELFError as error:
        raise ValueError(f"{path.name} is no ELF file: {error}") from error
    symbols = {symbol.name for symbol in elf.symbols}
    for pool in sources.pools:
        if pool.symbol not in symbols:
            raise ValueError(f"{path.name} has no place for {pool.title}")
    return Firmware(
        path,
        board,
        elf,
        _section_sizes(elf, sources.pools),
        sources.inputs,
        sources.outputs,
        sources.pools,
        sources.weights_bytes,
        sources.operators,
    )


def _section_sizes(elf: Elf, pools: tuple[WorkspacePool, ...]) -> SectionSizes:
    def size(name: str) -> int:
        return elf.sections.get(name, 0)

    # The unwind index is a constant like any other.
    rodata = size(".rodata") + size(".ARM.exidx")
    arena = sum(size(pool.section) for pool in pools)
    return SectionSizes(size(".text"), rodata, size(".data"), size(".bss"), arena, size(".stack"))


def _check_fit(firmware: Firmware) -> None:
    board = firmware.board
    _check_rams(firmware)
    last = max(firmware.elf.segments, key=lambda s: s.address)
    flash_used = last.address + len(last.data) - board.main_flash.base
    missing = flash_used - board.flash_bytes
    if missing > 0:
        raise FlashShortage(
            f"The firmware needs {format_size(flash_used)} of flash and {board.name} has "
            f"{format_size(board.flash_bytes)}: {missing} bytes too many. The weights take "
            f"{format_size(firmware.weights_bytes)}, the code {format_size(firmware.code_bytes)}.",
            missing,
        )


def _check_rams(firmware: Firmware) -> None:
    """The main RAM holds the statics and the pools behind them; every other memory its own pool."""
    sizes, board, elf = firmware.sizes, firmware.board, firmware.elf
    reaches = {board.main_ram: elf.address("mcup_bss_stop")}
    for pool in firmware.pools:
        memory = board.ram_named(pool.memory)
        memory = board.main_ram if memory.base == board.main_ram.base else memory
        reaches[memory] = max(reaches.get(memory, 0), elf.address(pool.symbol) + pool.nbytes)
    for memory, stop in reaches.items():
        used = stop - memory.base
        if used > memory.size:
            where = "SRAM" if memory == board.main_ram else memory.name
            raise Infeasible(
                f"The firmware needs {format_size(used)} of {where} and {board.name} has "
                f"{format_size(memory.size)}: {used - memory.size} bytes too many. The arena takes "
                f"{format_size(sizes.arena)}, the stack's reserve {format_size(sizes.stack)}."
            )
