"""The kernel of every operator: a new kernel is one more entry of the list below."""

from __future__ import annotations

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Operator
from mcupatch.packing.conv2d import choose_conv2d
from mcupatch.packing.dense import choose_dense
from mcupatch.packing.depthwise import choose_depthwise
from mcupatch.packing.kernel_choice import KernelChoice

_CHOOSERS = (choose_conv2d, choose_depthwise, choose_dense)


def choose_kernel(op: Operator) -> KernelChoice | None:
    """The fastest exact kernel for ``op``; None: the general kernel of its type."""
    return next((choice for choice in (choose(op) for choose in _CHOOSERS) if choice is not None), None)


def choose_kernels(graph: Graph) -> dict[str, KernelChoice]:
    """``choose_kernel`` by operator name, without those that run on general kernels."""
    choices = {op.name: choose_kernel(op) for op in graph.ops}
    return {name: choice for name, choice in choices.items() if choice is not None}
