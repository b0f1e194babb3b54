"""Every .tflite operator: random models through the importer and the oracle, equal to LiteRT byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from mcupatch.importer.tflite import import_tflite
from mcupatch.ir.reference import run
from mcupatch.zoo import tflite_options as options
from tests.support import tflite_cases as cases
from tests.support.litert import LiteRt
from tests.support.tflite_case_writer import Case, CaseWriter

SEEDS = 25
DTYPES = ("int8", "uint8")
MAKERS: dict[str, Callable[[CaseWriter], Case]] = {
    "conv2d": cases.conv2d_case,
    "depthwise": cases.depthwise_case,
    "dense": cases.dense_case,
    "add": partial(cases.binary_case, kind="ADD"),
    "mul": partial(cases.binary_case, kind="MUL"),
    "average_pool": partial(cases.pool_case, kind="AVERAGE_POOL_2D"),
    "max_pool": partial(cases.pool_case, kind="MAX_POOL_2D"),
    "mean": cases.mean_case,
    "softmax": cases.softmax_case,
    "pad": cases.pad_case,
    "pad_conv2d": partial(cases.padded_window_case, kind="CONV_2D"),
    "pad_depthwise": partial(cases.padded_window_case, kind="DEPTHWISE_CONV_2D"),
    "pad_max_pool": partial(cases.padded_window_case, kind="MAX_POOL_2D"),
    "pad_average_pool": partial(cases.padded_window_case, kind="AVERAGE_POOL_2D"),
    "concat": cases.concat_case,
    "resize_nearest": partial(cases.resize_case, kind="RESIZE_NEAREST_NEIGHBOR"),
    "resize_bilinear": partial(cases.resize_case, kind="RESIZE_BILINEAR"),
    "transpose": cases.transpose_case,
    "requantize": cases.requantize_case,
    "float_ends": cases.float_ends_case,
}
BYTE_FUNCTIONS = (
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "RELU_0_TO_1",
    "HARD_SWISH",
    "LOGISTIC",
    "TANH",
    "LEAKY_RELU",
)
MAKERS |= {kind.lower(): partial(cases.byte_function_case, kind=kind) for kind in BYTE_FUNCTIONS}


def assert_equals_litert(case: Case, where: str) -> None:
    graph = import_tflite(case.data, "case.tflite")
    expected = LiteRt(case.data).run(case.inputs).outputs
    for got, want in zip(run(graph, case.inputs), expected, strict=True):
        assert got.dtype == want.dtype and got.shape == want.shape, where
        assert np.array_equal(got, want), f"{where}: {np.count_nonzero(got != want)} of {got.size} differ"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAKERS)
def test_equals_litert(name: str, dtype: str) -> None:
    if (name, dtype) == ("resize_bilinear", "uint8"):
        pytest.skip("uint8 is resized in float32 by LiteRT; the importer rejects it")
    for seed in range(SEEDS):
        writer = CaseWriter(np.random.default_rng([seed, len(name)]), dtype)
        assert_equals_litert(MAKERS[name](writer), f"{name} {dtype} seed {seed}")


@pytest.mark.parametrize("dtype", DTYPES)
def test_wide_dense_layers(dtype: str) -> None:
    """Enough outputs to see the rounding: fixed point would differ in about 0.2 % of them."""
    for seed in range(10):
        writer = CaseWriter(np.random.default_rng(seed), dtype)
        assert_equals_litert(cases.wide_dense_case(writer), f"seed {seed}")


def test_conv2d_without_bias() -> None:
    """LiteRT refuses it, TFLM does not: the bias is 0."""
    writer = CaseWriter(np.random.default_rng(3))
    x = writer.input((1, 4, 4, 2), 0.1, 3)
    weights, _ = writer.weights((3, 1, 1, 2), 3, 0)
    y = writer.activation("y", (1, 4, 4, 3))
    writer.operator("CONV_2D", [x, weights, -1], y, options.conv2d_options())
    graph = import_tflite(writer.finish(y).data, "case.tflite")
    (conv,) = graph.ops
    assert not conv.bias.any()  # type: ignore[attr-defined]
