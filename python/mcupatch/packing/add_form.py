"""How ``mcup_add`` adds: the quickest of its functions that is exact for an operator, with the constants that it reads.

LiteRT's converter shifts both operands left by 20 and halves the one with the larger scale, here the first. Halving is
exact, so its offset is shifted by 19 and nothing is left to scale; the other scale and the sum's are three instructions
each where they are shifts to the right (``fixed_scale.h``).
"""

from __future__ import annotations

from dataclasses import dataclass

from mcupatch.ir import ops
from mcupatch.ir.quant import Requant, Rounding

_LEFT_SHIFT = 20
_HALF = (1 << 30, 0)  # multiplier and shift of 1/2


@dataclass(frozen=True)
class AddForm:
    """``run`` is a C function; the others are the fields of ``mcup_add_params`` of their names, 0 where unused."""

    run: str
    is_swapped: int = 0
    offset_first: int = 0
    offset_second: int = 0
    second_multiplier: int = 0
    second_divisor: int = 0
    sum_multiplier: int = 0
    sum_divisor: int = 0


def find_add_form(op: ops.Add) -> AddForm:
    """The form of ``op``, however its operands repeat."""
    if op.input_requant.rounding is not Rounding.FIXED:
        return AddForm("mcup_add_float")
    scales = [_entry(op.input_requant, operand) for operand in (0, 1)]
    second = 1 if scales[0] == _HALF else 0
    total = _right_shift(_entry(op.output_requant, 0))
    if op.left_shift != _LEFT_SHIFT or scales[1 - second] != _HALF or total is None:
        return AddForm("mcup_add_fixed")
    offsets = [-zero_point << (_LEFT_SHIFT - 1) for zero_point in op.input_zero_points]
    first_fields = (int(second == 0), offsets[1 - second])
    if scales[second] == _HALF:
        return AddForm("mcup_add_halves", *first_fields, offsets[second], 0, 0, *total)
    scale = _right_shift(scales[second])
    if scale is None:
        return AddForm("mcup_add_fixed")
    return AddForm("mcup_add_scaled", *first_fields, 2 * offsets[second], *scale, *total)


def _entry(requant: Requant, index: int) -> tuple[int, int]:
    return int(requant.multiplier[index]), int(requant.shift[index])


def _right_shift(scale: tuple[int, int]) -> tuple[int, int] | None:
    """Multiplier and divisor of ``mcup_fixed_scale``, None for a scale outside [2**-32, 1/2)."""
    multiplier, shift = scale
    if multiplier < 1 << 30 or not -31 <= shift <= -1:
        return None
    return 2 * multiplier - (1 << 32), -(1 << (32 + shift))
