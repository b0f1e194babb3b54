"""Dense layers with packed weights: which ones have them, and where each weight lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops
from mcupatch.ir.quant import Rounding, make_requant
from mcupatch.packing.dense import choose_dense, pack_blocks


def layer(outputs: int, inputs: int) -> ops.Dense:
    weights = np.arange(outputs * inputs).reshape(outputs, inputs) % 255 - 127
    return ops.Dense(
        name="op",
        inputs=("x",),
        output="y",
        weights=weights.astype(np.int8),
        bias=np.arange(outputs, dtype=np.int32) * 1000,
        requant=make_requant(Rounding.DOUBLE, np.array([0.001])),
        input_zero_point=5,
        weight_zero_point=0,
        output_zero_point=0,
        clamp=ops.Clamp(),
    )


@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("inputs", [1, 4, 7])
def test_every_weight_and_bias_is_where_the_kernel_reads_it(outputs: int, inputs: int) -> None:
    op = layer(outputs, inputs)
    words = pack_blocks(op.weights, op.bias)
    taken, groups = 0, -(-inputs // 4)
    for first in range(0, outputs, 4):
        pairs = min(2, -(-(outputs - first) // 2))
        size = 2 * pairs * (1 + groups)
        block, taken = words[taken : taken + size], taken + size
        biases = block[: 2 * pairs]
        halves = block[2 * pairs :].view(np.int16).reshape(groups, pairs, 4)
        for o in range(first, first + 2 * pairs):
            low = halves[:, (o - first) // 2].astype(np.int8).astype(np.int32)
            found = (halves[:, (o - first) // 2] - low) // 256 if o % 2 else low
            row = found[:, [0, 2, 1, 3]].reshape(-1)
            assert np.array_equal(row[:inputs], op.weights[o] if o < outputs else np.zeros(inputs))
            assert not row[inputs:].any()
            assert biases[o - first] == (op.bias[o] if o < outputs else 0)
    assert taken == len(words)


@pytest.mark.parametrize(
    ("lower", "upper", "fits"), [(-128, -127, True), (-128, -128, False), (-1, -128, False), (0, -128, True)]
)
def test_two_weights_must_fit_in_a_halfword(lower: int, upper: int, fits: bool) -> None:
    weights = np.array([[lower], [upper]], np.int8)
    op = replace(layer(2, 1), weights=weights, bias=np.zeros(2, np.int32))
    assert (choose_dense(op) is not None) == fits


def test_the_zero_point_of_the_input_is_in_the_bias() -> None:
    choice = choose_dense(layer(2, 3))
    assert choice is not None
    op = layer(2, 3)
    expected = op.bias - 5 * op.weights.astype(np.int32).sum(axis=1)
    assert np.array_equal(choice.pack()["blocks"][:2], expected)
    choice = choose_dense(replace(op, weight_zero_point=7))
    assert choice is not None and choice.params.weight_zero_point == 7
    assert np.array_equal(choice.pack()["blocks"][:2], expected + 5 * 7 * 3)
