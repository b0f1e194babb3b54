"""The oracle's own arithmetic against slow and plain statements of it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Rounding, make_requant, quantize_multiplier
from mcupatch.ir.reference import apply, execute, run
from mcupatch.ir.reference_requantize import divide_by_power_of_two, high_product, multiply_fixed, requantize
from mcupatch.ir.tensor import Tensor

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def interesting(rng: np.random.Generator, count: int) -> list[int]:
    edges = [INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX]
    wide = rng.integers(INT32_MIN, INT32_MAX, count).tolist()
    return edges + wide + rng.integers(-1000, 1000, count).tolist()


def gemmlowp_high_mul(a: int, b: int) -> int:
    """The C of SaturatingRoundingDoublingHighMul, with its division towards zero."""
    nudge = 1 << 30 if a * b >= 0 else 1 - (1 << 30)
    return math.trunc(Fraction(a * b + nudge, 1 << 31))


def gemmlowp_divide(value: int, exponent: int) -> int:
    """The C of RoundingDivideByPOT."""
    mask = (1 << exponent) - 1
    return (value >> exponent) + ((value & mask) > (mask >> 1) + (value < 0))


def test_high_product_is_gemmlowps() -> None:
    rng = np.random.default_rng(0)
    for a in interesting(rng, 100):
        for b in (1 << 30, INT32_MAX, 1518500250, 0, 1, -(1 << 30), int(rng.integers(INT32_MIN, INT32_MAX))):
            assert int(high_product(np.int64(a), np.int64(b))) == gemmlowp_high_mul(a, b), (a, b)


def test_division_is_gemmlowps() -> None:
    rng = np.random.default_rng(1)
    for value in interesting(rng, 200):
        for exponent in (0, 1, 2, 7, 15, 30, 31):
            assert int(divide_by_power_of_two(np.int64(value), np.int64(exponent))) == gemmlowp_divide(
                value, exponent
            )


def test_multiply_fixed_rounds_twice() -> None:
    multiplier, shift = quantize_multiplier(2.0**-8)
    # 127 / 256 is below a half; the first rounding makes it 64 / 128, the second 1
    values = np.array([-128, -127, 126, 127, 128])
    assert multiply_fixed(values, np.int64(multiplier), np.int64(shift)).tolist() == [-1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        (Rounding.FIXED, [-2, -1, 0, 0, 1, 2, 3]),
        (Rounding.FLOAT, [-2, -2, 0, 0, 0, 2, 2]),
        (Rounding.DOUBLE, [-3, -2, -1, 0, 1, 2, 3]),
    ],
)
def test_ties_of_each_rounding(rounding: Rounding, expected: list[int]) -> None:
    acc = np.array([-5, -3, -1, 0, 1, 3, 5])  # halves
    requant = make_requant(rounding, np.array([0.5]))
    assert requantize(acc, requant, 0, ops.Clamp()).tolist() == expected
    shifted = requantize(acc, requant, 10, ops.Clamp(9, 11))
    assert shifted.tolist() == np.clip(np.array(expected) + 10, 9, 11).tolist()


@pytest.mark.parametrize("groups", [1, 2])
def test_conv2d_against_loops(groups: int) -> None:
    rng = np.random.default_rng(groups)
    op = ops.Conv2D(
        name="c",
        inputs=("x",),
        output="y",
        weights=rng.integers(-128, 128, (4, 3, 2, 4 // groups)).astype(np.int8),
        bias=rng.integers(-500, 500, 4).astype(np.int32),
        requant=make_requant(Rounding.FIXED, rng.uniform(0.0005, 0.002, 4)),
        stride=(2, 1),
        dilation=(1, 2),
        padding=ops.Padding(2, 0, 1, 3),
        groups=groups,
        input_zero_point=-7,
        weight_zero_point=3,
        output_zero_point=11,
        clamp=ops.Clamp(-90, 100),
    )
    x = rng.integers(-128, 128, (1, 6, 5, 4)).astype(np.int8)
    rows, cols = (6 + 3 - 3) // 2 + 1, 5 + 3 - 3 + 1
    tensors = {"x": Tensor("x", x.shape, "int8"), "y": Tensor("y", (1, rows, cols, 4), "int8")}
    graph = Graph("g", ("x",), ("y",), (op,), tensors)
    acc = np.zeros((rows, cols, 4), np.int64)
    for r, c, o in np.ndindex(rows, cols, 4):
        acc[r, c, o] = op.bias[o]
        for kr, kc, i in np.ndindex(3, 2, 4 // groups):
            row, col = 2 * r - 2 + kr, c + 2 * kc
            if 0 <= row < 6 and 0 <= col < 5:
                channel = i + (o // (4 // groups)) * (4 // groups)
                acc[r, c, o] += (int(x[0, row, col, channel]) + 7) * (int(op.weights[o, kr, kc, i]) - 3)
    expected = requantize(acc, op.requant, 11, op.clamp)
    assert np.array_equal(run(graph, [x])[0][0], expected)
    assert np.array_equal(execute(graph, {"x": x})["y"], apply(graph, op, [x]))


def test_inputs_are_checked() -> None:
    tensors = {n: Tensor(n, (1, 4), "int8") for n in "xy"}
    relu = ops.Lut(name="l", inputs=("x",), output="y", table=np.arange(256).astype(np.uint8).view(np.int8))
    graph = Graph("g", ("x",), ("y",), (relu,), tensors)
    with pytest.raises(ValueError, match="no value"):
        execute(graph, {})
    with pytest.raises(ValueError, match="wants int8"):
        run(graph, [np.zeros((1, 4), np.float32)])
    with pytest.raises(ValueError, match="1 inputs, 2"):
        run(graph, [np.zeros((1, 4), np.int8)] * 2)
