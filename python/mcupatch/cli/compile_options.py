"""The options of a compilation, for every subcommand that compiles."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from mcupatch.cli.parameters import (
    SIZE,
    board_option,
    io_option,
    schedule_mode,
    schedule_options,
    stream_options,
)
from mcupatch.options import TARGETS, CompileOptions, FitBudget
from mcupatch.row_formats import RAW, ROW_FORMATS

_sram_option = click.option("--sram", type=SIZE, help="Budget of SRAM, e.g. 64KiB; the board's without it.")
_flash_option = click.option(
    "--flash",
    type=SIZE,
    help="Budget of flash, e.g. 1MiB; the board's without it. What is left "
    "of it holds some weights as int16, which is faster.",
)
_memories_option = click.option(
    "--memories",
    metavar="NAMES",
    default="auto",
    show_default=True,
    help="What may hold the arena: the board's main RAM and, if it is too small, all its RAM (auto); the main RAM "
    "alone (main); or memories by name, the first ones first, each with as much as may be used of it: "
    "axi_sram=64KiB,dtcm.",
)
_input_format_option = click.option(
    "--input-format",
    type=click.Choice(ROW_FORMATS),
    default=RAW,
    show_default=True,
    help="What the rows of a streamed image are made of: its values, pixels of a camera, or a JPEG file in flash.",
)
_jpeg_memory_option = click.option(
    "--jpeg-memory",
    type=SIZE,
    help="What the JPEG decoder holds, from 3 bytes a column on: with less than 24 it decodes blocks several times.",
)
_toolchain_option = click.option(
    "--toolchain", type=click.Choice(["zig", "gcc"]), default="zig", show_default=True, help="The C compiler."
)
_target_option = click.option(
    "--target",
    type=click.Choice(TARGETS),
    default="c",
    show_default=True,
    help="The stages as C, or as an object for the board's core from TVM's LLVM; the rest is C either way.",
)
_tuned_option = click.option(
    "--tuned",
    metavar="FILE",
    help="Take the best schedule that 'mcupatch tune' measured into FILE and that fits.",
)

_fast_rounding_option = click.option(
    "--fast-rounding",
    is_flag=True,
    help="Round convolutions once instead of twice. Gives up that the output equals the reference: a layer's values may "
    "differ from it by 1, those of a network by more. Saves little, about 3 % of the instructions. "
    "ONNX models round once anyway.",
)


def compile_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """All of them; the command takes what they say as one ``CompileOptions``, its parameter ``options``."""

    @wraps(command)
    def call(
        board: str,
        sram: int | None,
        flash: int | None,
        memories: str,
        per_layer: bool,
        grid: tuple[int, int] | None,
        ops: int | None,
        halo: str,
        least_sram: bool,
        max_extra_macs: float | None,
        io: str,
        stream_input: bool,
        input_scale: float | None,
        input_offset: float | None,
        input_format: str,
        jpeg_memory: int | None,
        toolchain: str,
        tuned: str | None,
        target: str,
        fast_rounding: bool,
        **others: Any,
    ) -> Any:
        mode = schedule_mode(per_layer, grid, ops, halo, least_sram, max_extra_macs)
        options = CompileOptions(
            board,
            sram,
            flash,
            mode,
            io,
            toolchain,
            stream_input,
            input_scale,
            input_offset,
            memories,
            input_format,
            jpeg_memory,
            tuned,
            target,
            fast_rounding,
        )
        return command(options=options, **others)

    return _with_options(
        call,
        board_option,
        _sram_option,
        _flash_option,
        _memories_option,
        schedule_options,
        io_option,
        stream_options,
        _input_format_option,
        _jpeg_memory_option,
        _toolchain_option,
        _tuned_option,
        _target_option,
        _fast_rounding_option,
    )


def budget_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Those of them that go with the board's main RAM as the budget; taken as one ``CompileOptions`` too."""

    @wraps(command)
    def call(
        board: str,
        sram: int | None,
        flash: int | None,
        io: str,
        stream_input: bool,
        input_scale: float | None,
        input_offset: float | None,
        input_format: str,
        jpeg_memory: int | None,
        toolchain: str,
        **others: Any,
    ) -> Any:
        options = CompileOptions(
            board,
            sram,
            flash,
            FitBudget(),
            io,
            toolchain,
            stream_input,
            input_scale,
            input_offset,
            "main",
            input_format,
            jpeg_memory,
        )
        return command(options=options, **others)

    return _with_options(
        call,
        board_option,
        _sram_option,
        _flash_option,
        io_option,
        stream_options,
        _input_format_option,
        _jpeg_memory_option,
        _toolchain_option,
    )


def _with_options(
    command: Callable[..., Any], *options: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Callable[..., Any]:
    """``command`` with the options, the first one first in its help."""
    for option in reversed(options):
        command = option(command)
    return command
