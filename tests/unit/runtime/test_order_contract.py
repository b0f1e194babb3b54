"""The order in which kernels read and write, on which in-place execution is built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcupatch.ir import ops
from tests.support.kernel_examples import Example, make_example
from tests.support.kernel_operators import RANDOM_EXAMPLES
from tests.support.kernel_overlap import element_case, row_case
from tests.support.kernels_host import Machine

BY_ROW = [
    *(ops.Conv2D, ops.DepthwiseConv2D, ops.AvgPool2D, ops.MaxPool2D, ops.Pad),
    *(ops.ResizeNearest, ops.ResizeBilinear),
]
BY_ELEMENT = [ops.Lut, ops.Add, ops.Mul, ops.Quantize, ops.Dequantize]


def examples(kind: type[ops.Operator], count: int) -> list[Example]:
    return [RANDOM_EXAMPLES[kind](np.random.default_rng([7, i])) for i in range(count)]


@pytest.mark.parametrize("kind", BY_ROW, ids=lambda kind: kind.kind)
def test_output_rows_may_trail_the_input(machine: Machine, kind: type[ops.Operator]) -> None:
    for i, example in enumerate(examples(kind, 80)):
        case = row_case(np.random.default_rng(i), example, f"{kind.__name__} {i}")
        assert machine.run(case.before) == case.after, case.label


@pytest.mark.parametrize("kind", BY_ELEMENT, ids=lambda kind: kind.kind)
def test_elements_may_be_overwritten(machine: Machine, kind: type[ops.Operator]) -> None:
    tried = 0
    for i, example in enumerate(examples(kind, 60)):
        out_shape = example.graph.output_tensor(example.op).shape
        for over, values in enumerate(example.inputs):
            if values.shape != out_shape:
                continue  # an operand that repeats is read again and again
            case = element_case(np.random.default_rng(i), example, over, f"{kind.__name__} {i} over {over}")
            assert machine.run(case.before) == case.after, case.label
            tried += 1
    assert tried >= 60


def test_add_of_a_tensor_to_itself_in_place(machine: Machine) -> None:
    """Both operands and the output are the same bytes."""
    for i, example in enumerate(examples(ops.Add, 20)):
        values = max(example.inputs, key=lambda x: x.size)
        op = replace(example.op, inputs=("a", "a"))
        doubled = make_example(op, (values, values), values.shape)
        case = element_case(np.random.default_rng(i), doubled, 0, f"add {i}")
        assert machine.run(case.before) == case.after
