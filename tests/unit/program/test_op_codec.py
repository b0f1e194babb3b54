"""Every operator survives the way into a Relax call and back, bit for bit."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.ops import OPERATOR_TYPES, Operator
from mcupatch.ir.quant import Requant
from mcupatch.program.op_codec import decode_operator, encode_operator, operator_type
from tests.support.random_networks import random_tflite


def same(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Requant) and isinstance(b, Requant):
        return same(a.multiplier, b.multiplier) and same(a.shift, b.shift) and a.rounding is b.rounding
    return a == b and type(a) is type(b)


def round_trip(op: Operator) -> Operator:
    attributes, arrays = encode_operator(op)
    return decode_operator(op.kind, op.name, op.inputs, op.output, attributes, arrays)


@pytest.mark.parametrize("seed", range(20))
def test_operators_survive(seed: int) -> None:
    for op in import_tflite(random_tflite(seed), "random").ops:
        back = round_trip(op)
        assert type(back) is type(op)
        for field in dataclasses.fields(op):
            assert same(getattr(op, field.name), getattr(back, field.name)), (op.kind, field.name)


def test_random_networks_hold_most_kinds() -> None:
    """The test above means little if the networks hold few kinds."""
    seen = {op.kind for seed in range(20) for op in import_tflite(random_tflite(seed), "r").ops}
    assert len(seen) >= 14


def test_every_kind_is_known() -> None:
    assert all(operator_type(t.kind) is t for t in OPERATOR_TYPES)
