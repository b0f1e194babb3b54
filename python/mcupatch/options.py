"""What the user may ask of a compilation, as plain frozen values."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import PurePath

from mcupatch.errors import BadInput
from mcupatch.memory.board_pools import AUTO, MAIN
from mcupatch.row_formats import JPEG, RAW, ROW_FORMATS
from mcupatch.schedule.work import INT8_WEIGHTS, INT16_WEIGHTS, WorkModel

TARGETS = ("c", "llvm")


@dataclass(frozen=True)
class PerLayer:
    """Every operator whole: plain layer-by-layer execution."""


@dataclass(frozen=True)
class ByHand:
    """The first ``ops`` operators run for a ``grid`` of (rows, columns) tiles; halos "recompute"d or "keep"t."""

    ops: int
    grid: tuple[int, int]
    halo: str = "recompute"

    def __post_init__(self) -> None:
        _check_choice("halo", self.halo, ("recompute", "keep"))
        if self.ops < 1:
            raise BadInput(
                f"the number of operators to run patch by patch must be at least 1, not {self.ops}"
            )
        if min(self.grid) < 1:
            raise BadInput(f"a grid needs at least 1x1 tiles, not {self.grid[0]}x{self.grid[1]}")


@dataclass(frozen=True)
class FitBudget:
    """The fewest extra MACs that fit the SRAM budget; layer by layer if that fits."""


@dataclass(frozen=True)
class LeastSram:
    """The smallest arena; ``max_extra_macs`` bounds the recomputation as a fraction of the model's MACs."""

    max_extra_macs: float | None = None

    def __post_init__(self) -> None:
        if self.max_extra_macs is not None and not 0 <= self.max_extra_macs < math.inf:
            raise BadInput(f"the bound on extra MACs must be a number from 0 on, not {self.max_extra_macs}")


Mode = PerLayer | ByHand | FitBudget | LeastSram


@dataclass(frozen=True)
class CompileOptions:
    """All choices of one compilation.

    ``sram_bytes`` and ``flash_bytes`` replace the board's budgets. ``io`` is "model" (the model's own input and
    output types and order) or "int8" (float ends are dropped, and images are ``[1, H, W, C]`` in an ONNX model too).
    ``toolchain`` is "zig" or "gcc". With ``stream_input`` the model's images come row by row through a function of
    the caller's, and have no place in the arena; of a float image these are raw bytes, each worth
    ``raw * input_scale + input_offset`` (None: they span the range of the input's own quantisation). ``memories``
    may hold the arena: "auto" (the board's main RAM; if that is too small, all of its RAM), "main", or names as in
    ``axi_sram=64KiB,dtcm`` (``memory/board_pools.py``). ``input_format`` says what the firmware makes the rows of a
    streamed image of: its "raw" values, the pixels of a camera, or a "jpeg" file, whose decoder holds ``jpeg_bytes``
    (None: enough to decode every block once). ``tuned`` is the file of a tuning database. ``target``: the stages as
    "c", or by TVM's "llvm" as an object for the board's core; the rest is C in either case. With ``fast_rounding``
    convolutions round once instead of twice: an operator's values may then differ by 1 from the reference
    (``packing/round_once.py``).
    """

    board: str = "stm32f746"
    sram_bytes: int | None = None
    flash_bytes: int | None = None
    mode: Mode = field(default_factory=FitBudget)
    io: str = "model"
    toolchain: str = "zig"
    stream_input: bool = False
    input_scale: float | None = None
    input_offset: float | None = None
    memories: str = AUTO
    input_format: str = RAW
    jpeg_bytes: int | None = None
    tuned: str | None = None
    target: str = "c"
    fast_rounding: bool = False

    def __post_init__(self) -> None:
        _check_choice("io", self.io, ("model", "int8"))
        _check_choice("toolchain", self.toolchain, ("zig", "gcc"))
        _check_choice("input_format", self.input_format, ROW_FORMATS)
        if self.input_format != RAW and not self.stream_input:
            raise BadInput("A format of the rows goes with a streamed input (--stream-input).")
        if self.jpeg_bytes is not None and self.input_format != JPEG:
            raise BadInput("The memory of a JPEG decoder goes with --input-format jpeg.")
        _check_choice("target", self.target, TARGETS)
        for name in ("sram_bytes", "flash_bytes"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                kind = name.removesuffix("_bytes")
                raise BadInput(
                    f"A budget of {value} bytes is none: give {kind.upper()} (--{kind}, {name}) 1 byte or more."
                )
        if self.sram_bytes is not None and self.memories not in (AUTO, MAIN):
            raise BadInput("Sizes of named memories go with their names: --memories axi_sram=64KiB,dtcm.")
        if (self.input_scale is None) != (self.input_offset is None):
            raise BadInput("The scale and the offset of a raw input belong together: give both.")
        if self.input_scale is not None and not self.stream_input:
            raise BadInput("A scale and an offset of the input go with a streamed input (--stream-input).")
        if self.tuned is not None and (
            not isinstance(self.mode, FitBudget) or self.memories not in (AUTO, MAIN)
        ):
            raise BadInput(
                "A tuning database goes with a budget of SRAM (--sram, or the board's): it holds no other schedules."
            )
        if self.tuned is not None and (self.fast_rounding or self.target != "c"):
            raise BadInput(
                "A tuning database holds what stages in C cost with exact rounding: give --tuned without --fast-rounding "
                "and --target llvm."
            )

    @property
    def work_model(self) -> WorkModel:
        """What schedules are compared by: a budget of flash makes weights int16, as many as there is room for."""
        return INT8_WEIGHTS if self.flash_bytes is None else INT16_WEIGHTS


def command_line(source: str, options: CompileOptions) -> str:
    """The call of ``mcupatch compile`` that means ``options``; files by their names, wherever they lie."""
    words = ["mcupatch compile", source, "--board", PurePath(options.board).name]
    for name, value in (("--sram", options.sram_bytes), ("--flash", options.flash_bytes)):
        words += [name, f"{value}B"] if value is not None else []
    mode = options.mode
    if isinstance(mode, PerLayer):
        words.append("--per-layer")
    elif isinstance(mode, ByHand):
        words += ["--grid", f"{mode.grid[0]}x{mode.grid[1]}", "--ops", str(mode.ops)]
        words += ["--halo", mode.halo] if mode.halo != "recompute" else []
    elif isinstance(mode, LeastSram):
        words.append("--least-sram")
        words += ["--max-extra-macs", f"{mode.max_extra_macs:.4%}"] if mode.max_extra_macs is not None else []
    words += ["--io", options.io] if options.io != "model" else []
    words += ["--stream-input"] if options.stream_input else []
    if options.input_scale is not None:
        words += ["--input-scale", repr(options.input_scale), f"--input-offset={options.input_offset!r}"]
    words += ["--input-format", options.input_format] if options.input_format != RAW else []
    words += ["--jpeg-memory", f"{options.jpeg_bytes}B"] if options.jpeg_bytes is not None else []
    words += ["--memories", options.memories] if options.memories != AUTO else []
    words += ["--tuned", PurePath(options.tuned).name] if options.tuned is not None else []
    words += ["--target", options.target] if options.target != "c" else []
    words += ["--fast-rounding"] if options.fast_rounding else []
    words += ["--toolchain", options.toolchain] if options.toolchain != "zig" else []
    return " ".join(words)


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BadInput(f"{name} is one of {', '.join(allowed)}, not {value!r}")
