"""Explicit padding becomes part of the operator after it.

Before:  pad [1, 1, 1, 1] of the zero point  ->  depthwise_conv2d VALID
After:   depthwise_conv2d with padding [1, 1, 1, 1]
"""

from __future__ import annotations

from dataclasses import replace

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import INT8_MIN

Foldable = (ops.Conv2D, ops.DepthwiseConv2D, ops.MaxPool2D)


def fold_padding(graph: Graph) -> Graph:
    """Drop every pad whose readers can all pad for themselves. The values of all other tensors stay the same."""
    folded: dict[str, ops.Pad] = {}  # by the padded tensor
    kept: list[ops.Operator] = []
    for op in graph.ops:
        if isinstance(op, ops.Pad) and can_fold(graph, op):
            folded[op.output] = op
        else:
            kept.append(take_padding(op, folded))
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name not in folded}
    return replace(graph, ops=tuple(kept), tensors=tensors)


def can_fold(graph: Graph, pad: ops.Pad) -> bool:
    """Whether nothing but operators that read ``pad.value`` outside their input see the padded tensor."""
    readers = [graph.ops[i] for i in graph.consumers[pad.output]]
    return (
        bool(readers)
        and pad.output not in graph.outputs
        and all(reads_outside(op) == pad.value and takes_amount(op, pad.padding) for op in readers)
    )


def reads_outside(op: ops.Operator) -> int | None:
    """The value that ``op`` sees outside its input; None if it does not look there.

    A maximum sees nothing, which is the same as the lowest value. An average counts positions: it cannot fold.
    """
    if isinstance(op, ops.Conv2D | ops.DepthwiseConv2D):
        return op.input_zero_point
    if isinstance(op, ops.MaxPool2D):
        return INT8_MIN
    return None


def takes_amount(op: ops.Operator, padding: ops.Padding) -> bool:
    """A pool must see some of its input in every window."""
    if not isinstance(op, ops.MaxPool2D):
        return True
    added = add_paddings(op.padding, padding)
    rows, cols = op.kernel
    return max(added.top, added.bottom) < rows and max(added.left, added.right) < cols


def take_padding(op: ops.Operator, folded: dict[str, ops.Pad]) -> ops.Operator:
    """``op`` reading the unpadded tensor, if its input was padded by a folded operator."""
    if not isinstance(op, Foldable) or op.inputs[0] not in folded:
        return op
    pad = folded[op.inputs[0]]
    return replace(op, inputs=pad.inputs, padding=add_paddings(op.padding, pad.padding))


def add_paddings(a: ops.Padding, b: ops.Padding) -> ops.Padding:
    return ops.Padding(a.top + b.top, a.left + b.left, a.bottom + b.bottom, a.right + b.right)
