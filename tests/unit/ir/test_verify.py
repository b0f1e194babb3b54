"""The graph's checks: each kind of contradiction is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import QuantParams, Rounding, make_requant
from mcupatch.ir.tensor import Tensor
from mcupatch.ir.verify import GraphError, verify_graph

QUANT = QuantParams(0.1, 3)


def good_graph() -> Graph:
    """conv [1, 4, 4, 2] to [1, 4, 4, 3], plus a constant, averaged to [1, 3]."""
    conv = ops.Conv2D(
        name="conv",
        inputs=("x",),
        output="c",
        weights=np.ones((3, 3, 3, 2), np.int8),
        bias=np.zeros(3, np.int32),
        requant=make_requant(Rounding.FIXED, np.full(3, 0.01)),
        stride=(1, 1),
        dilation=(1, 1),
        padding=ops.Padding(1, 1, 1, 1),
        groups=1,
        input_zero_point=3,
        weight_zero_point=0,
        output_zero_point=3,
        clamp=ops.Clamp(),
    )
    add = ops.Add(
        name="add",
        inputs=("c", "k"),
        output="a",
        input_requant=make_requant(Rounding.FIXED, np.full(2, 0.5)),
        output_requant=make_requant(Rounding.FIXED, np.array([2.0**-19])),
        left_shift=20,
        input_zero_points=(3, 3),
        output_zero_point=3,
        clamp=ops.Clamp(),
    )
    mean = ops.Mean(
        name="mean",
        inputs=("a",),
        output="y",
        axes=(1, 2),
        requant=make_requant(Rounding.FIXED, np.array([1 / 16])),
        input_zero_point=3,
        output_zero_point=3,
        clamp=ops.Clamp(),
    )
    shapes = {"x": (1, 4, 4, 2), "c": (1, 4, 4, 3), "k": (1, 1, 1, 3), "a": (1, 4, 4, 3), "y": (1, 3)}
    tensors = {n: Tensor(n, s, "int8", QUANT) for n, s in shapes.items()}
    return Graph("g", ("x",), ("y",), (conv, add, mean), tensors, {"k": np.zeros((1, 1, 1, 3), np.int8)})


def transposed(graph: Graph, rank: int) -> Graph:
    """Another graph: one transpose of a tensor of that rank."""
    op = ops.Transpose("t", ("x",), "y", tuple(reversed(range(rank))))
    tensors = {n: Tensor(n, (1,) * rank, "int8", QUANT) for n in ("x", "y")}
    return replace(graph, inputs=("x",), outputs=("y",), ops=(op,), tensors=tensors, constants={})


def softmaxed(graph: Graph, channels: int) -> Graph:
    """Another graph: one softmax over that many channels."""
    op = ops.Softmax("s", ("x",), "y", np.zeros(256, np.int32), 256.0, -128)
    tensors = {n: Tensor(n, (1, channels), "int8", QUANT) for n in ("x", "y")}
    return replace(graph, inputs=("x",), outputs=("y",), ops=(op,), tensors=tensors, constants={})


def with_op(graph: Graph, index: int, **changes: Any) -> Graph:
    changed = replace(graph.ops[index], **changes)
    return replace(graph, ops=(*graph.ops[:index], changed, *graph.ops[index + 1 :]))


def with_tensor(graph: Graph, name: str, /, **changes: Any) -> Graph:
    return replace(graph, tensors={**graph.tensors, name: replace(graph.tensors[name], **changes)})


def test_the_good_graph_passes() -> None:
    verify_graph(good_graph())


FAULTS: dict[str, tuple[Callable[[Graph], Graph], str]] = {
    "undefined input": (lambda g: with_op(g, 1, inputs=("c", "nothing")), "before it is computed"),
    "order": (lambda g: replace(g, ops=(g.ops[1], g.ops[0], g.ops[2])), "before it is computed"),
    "two writers": (lambda g: with_op(g, 1, output="c"), "defined already"),
    "writes the input": (lambda g: with_op(g, 1, output="x"), "defined already"),
    "two names": (lambda g: with_op(g, 1, name="conv"), "two operators are named 'conv'"),
    "output not computed": (lambda g: replace(g, outputs=("x",)), "no operator computes"),
    "output twice": (lambda g: replace(g, outputs=("y", "y")), "listed twice"),
    "no operators": (lambda g: replace(g, ops=()), "no operator"),
    "filed wrongly": (lambda g: with_tensor(g, "c", name="d"), "filed under"),
    "shape": (
        lambda g: with_tensor(g, "c", shape=(1, 4, 5, 3)),
        r"conv: its output is \[1, 4, 5, 3\], expected",
    ),
    "batch": (lambda g: with_tensor(g, "x", shape=(2, 4, 4, 2)), r"is not \[1, H, W, C\]"),
    "type": (lambda g: with_tensor(g, "c", dtype="uint8"), "is uint8"),
    "zero point of a tensor": (lambda g: with_tensor(g, "a", quant=QuantParams(0.1, 200)), "zero point 200"),
    "zero point of an operator": (lambda g: with_op(g, 2, output_zero_point=-129), "zero point -129"),
    "weights": (lambda g: with_op(g, 0, weights=np.ones((3, 3, 3, 4), np.int8)), "its weights"),
    "bias": (lambda g: with_op(g, 0, bias=np.zeros(2, np.int32)), "its bias"),
    "requant": (
        lambda g: with_op(g, 0, requant=make_requant(Rounding.FIXED, np.full(2, 0.1))),
        "2 scales",
    ),
    "double": (
        lambda g: with_op(g, 0, requant=make_requant(Rounding.DOUBLE, np.full(3, 0.1))),
        "scales in double",
    ),
    "window": (
        lambda g: with_op(g, 0, padding=ops.Padding(), dilation=(2, 2)),
        "larger than its padded input",
    ),
    "broadcast": (lambda g: with_tensor(g, "a", shape=(1, 4, 4, 1)), "expected"),
    "broadcast of another rank": (
        lambda g: replace(
            with_tensor(g, "k", shape=(4, 3)), constants={"k": np.zeros((4, 3), np.int8)}
        ),  # 4 columns, which as [H, W, C] would be 4 rows
        "does not repeat as",
    ),
    "transpose": (lambda g: transposed(g, 7), "rank 7"),
    "softmax": (lambda g: softmaxed(g, 8192), "8192"),
    "axes": (lambda g: with_op(g, 2, axes=(1, 3)), "axes"),
    "mean shape": (lambda g: with_tensor(g, "y", shape=(3,)), "expected"),
    "constant": (lambda g: replace(g, constants={"k": np.zeros((1, 1, 1, 3), np.int32)}), "constant 'k'"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault: str) -> None:
    change, words = FAULTS[fault]
    with pytest.raises(GraphError, match=words):
        verify_graph(change(good_graph()))
