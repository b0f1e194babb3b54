"""Convolutions with int16 weights, where flash is left: faster by two instructions in thirteen, twice the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.packing.choose import choose_kernels
from mcupatch.packing.conv2d import KERNELS, choose_conv2d
from mcupatch.packing.kernel_choice import KernelChoice

KERNEL_BYTES = 4096  # more than the code of one more kernel takes, and what a linker loses between sections


@dataclass(frozen=True, eq=False)
class WideOption:
    """A convolution's kernel for int16 weights, and how many bytes more these take."""

    op: ops.Conv2D
    choice: KernelChoice
    extra_bytes: int


def widen_weights(graph: Graph, spare_bytes: int) -> dict[str, KernelChoice]:
    """``choose_kernels`` with int16 weights for the convolutions that gain most a byte, in ``spare_bytes`` more flash."""
    choices = choose_kernels(graph)
    left = spare_bytes
    linked: set[str] = set()  # kernels for int16 weights, one for each rounding

    def macs_per_byte(option: WideOption) -> float:
        return graph.output_tensor(option.op).elements * option.op.weights[0].size / option.extra_bytes

    for option in sorted(find_wide_options(graph).values(), key=macs_per_byte, reverse=True):
        needed = option.extra_bytes + (0 if option.choice.function in linked else KERNEL_BYTES)
        if needed <= left:
            choices[option.op.name] = option.choice
            linked.add(option.choice.function)
            left -= needed
    return choices


def widen_chosen(graph: Graph, names: Sequence[str]) -> dict[str, KernelChoice]:
    """``choose_kernels`` with int16 weights for the operators ``names``. Raises KeyError where one cannot have them."""
    options = find_wide_options(graph) if names else {}
    return choose_kernels(graph) | {name: options[name].choice for name in names}


def find_widened(graph: Graph, choices: Mapping[str, KernelChoice]) -> tuple[str, ...]:
    """The operators that have int16 weights in ``choices``."""
    options = find_wide_options(graph).values()
    return tuple(o.op.name for o in options if choices[o.op.name].function == o.choice.function)


def find_wide_options(graph: Graph) -> dict[str, WideOption]:
    """By operator name: those that may have int16 weights."""
    choices = choose_kernels(graph)
    options = (_find_option(op, choices.get(op.name)) for op in graph.ops)
    return {option.op.name: option for option in options if option is not None}


def _find_option(op: ops.Operator, narrow: KernelChoice | None) -> WideOption | None:
    wide = choose_conv2d(op, wide=True)
    if not isinstance(op, ops.Conv2D) or wide is None or narrow is None:
        return None
    if narrow.function not in KERNELS.values():  # another kernel of its own
        return None
    return WideOption(op, wide, wide.flash_bytes - narrow.flash_bytes)
