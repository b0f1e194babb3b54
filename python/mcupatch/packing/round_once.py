"""``--fast-rounding``: one rounding in place of the two of ``fixed``, where a kernel for it is.

    before   round(round(sum * multiplier / 2**31) / 2**n)      halves up, then halves away from zero
    after    round(sum * round(multiplier * 2**(1 - n)) / 2**32)    halves up

Of an operator no value differs by more than 1 for the same inputs; through a network differences may add up.
"""

from __future__ import annotations

from dataclasses import replace

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Rounding
from mcupatch.packing.choose import choose_kernel
from mcupatch.packing.constant_channels import settle_constant_channels

_Convolution = ops.Conv2D | ops.DepthwiseConv2D


def round_once(graph: Graph) -> Graph:
    """The convolutions with ``single`` rounding where that is faster."""
    return replace(graph, ops=tuple(_round_once(op) for op in graph.ops))


def round_as_reference(graph: Graph) -> Graph:
    """The network that the reference runs: the inverse, but for constant channels in another form."""
    return replace(graph, ops=tuple(_replace(op, Rounding.SINGLE, Rounding.FIXED) for op in graph.ops))


def count_rounded_once(graph: Graph) -> int:
    """How many operators have ``single`` rounding."""
    return sum(is_rounded_once(op) for op in graph.ops)


def is_rounded_once(op: ops.Operator) -> bool:
    """Whether ``round_once`` changed it."""
    return isinstance(op, _Convolution) and op.requant.rounding is Rounding.SINGLE


def _round_once(op: ops.Operator) -> ops.Operator:
    if isinstance(op, ops.Conv2D):
        settled: ops.Operator = settle_constant_channels(op)
    elif isinstance(op, ops.DepthwiseConv2D):
        settled = settle_constant_channels(op)
    else:
        return op
    once = _replace(settled, Rounding.FIXED, Rounding.SINGLE)
    return once if once is not settled and choose_kernel(once) is not None else op


def _replace(op: ops.Operator, old: Rounding, new: Rounding) -> ops.Operator:
    """``op`` with another rounding; itself where it has not the old one, or a scale of 1/2 or more."""
    if not isinstance(op, _Convolution) or op.requant.rounding is not old or op.requant.shift.max() > -1:
        return op
    return replace(op, requant=replace(op.requant, rounding=new))
