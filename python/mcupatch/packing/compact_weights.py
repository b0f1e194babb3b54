"""Depthwise convolutions with fewer bytes of weights, where the flash has no room for those of the fastest kernels."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.packing.choose import choose_kernels
from mcupatch.packing.depthwise import choose_depthwise
from mcupatch.packing.kernel_choice import KernelChoice
from mcupatch.packing.round_once import is_rounded_once

_SPARE_BYTES = 64  # what aligned arrays may take between them
_GENERAL_KERNEL_BYTES = 3072  # more than the code of one more kernel takes
_Form = Callable[[ops.DepthwiseConv2D], KernelChoice | None]


@dataclass(frozen=True, eq=False)
class _Saving:
    op: ops.DepthwiseConv2D
    choice: KernelChoice | None  # None: the general kernel
    saved_bytes: int
    macs: int


def compact_weights(graph: Graph, missing_bytes: int, general: Collection[str]) -> dict[str, KernelChoice]:
    """``choose_kernels`` with ``missing_bytes`` less of flash, or as little as there is a way to.

    The layers with the most bytes a MAC first: 3x3 kernels that make a row at a time, from half the weights, a fifth
    slower; then general kernels, a third less and four times slower, for the operators named in ``general``: where the
    memory plan has room for their work space.
    """
    choices = choose_kernels(graph)
    missing = missing_bytes + _SPARE_BYTES

    def save(form: _Form, names: Collection[str]) -> None:
        nonlocal missing
        for saving in _find_savings(graph, choices, form, names):
            if missing <= 0:
                return
            missing -= saving.saved_bytes
            if saving.choice is None:
                del choices[saving.op.name]
            else:
                choices[saving.op.name] = saving.choice

    save(lambda op: choose_depthwise(op, two_rows=False), choices.keys())
    if missing > 0:
        missing += _GENERAL_KERNEL_BYTES
        rounded_once = {op.name for op in graph.ops if is_rounded_once(op)}  # which no general kernel does
        save(lambda op: None, set(general) - rounded_once)
    return choices


def _find_savings(
    graph: Graph, choices: dict[str, KernelChoice], form: _Form, names: Collection[str]
) -> list[_Saving]:
    """What ``form`` makes of the depthwise operators in ``names`` that have packed weights; most bytes a MAC first."""
    savings = []
    for op in graph.ops:
        if isinstance(op, ops.DepthwiseConv2D) and op.name in choices and op.name in names:
            choice = form(op)
            now = choices[op.name].flash_bytes
            then = _general_bytes(op) if choice is None else choice.flash_bytes
            if then < now:
                macs = graph.output_tensor(op).elements * op.kernel[0] * op.kernel[1]
                savings.append(_Saving(op, choice, now - then, macs))
    return sorted(savings, key=lambda s: s.macs / s.saved_bytes)


def _general_bytes(op: ops.DepthwiseConv2D) -> int:
    return op.weights.nbytes + op.bias.nbytes + op.requant.multiplier.nbytes + op.requant.shift.nbytes
