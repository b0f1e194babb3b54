"""What random operators are made of: values, zero points, scales, windows; and an operator with its inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Requant, Rounding, make_requant
from mcupatch.ir.tensor import Tensor
from mcupatch.packing.kernel_choice import KernelChoice

Array = NDArray[Any]
Rng = np.random.Generator
Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Example:
    """A graph of one operator and its inputs; ``choice``: its kernel where it is not the general one."""

    graph: Graph
    inputs: tuple[Array, ...]
    choice: KernelChoice | None = None

    @property
    def op(self) -> ops.Operator:
        return self.graph.ops[0]


def make_example(op: ops.Operator, inputs: tuple[Array, ...], out_shape: tuple[int, ...]) -> Example:
    dtype = "float32" if isinstance(op, ops.Dequantize) else "int8"
    tensors = {n: Tensor(n, x.shape, str(x.dtype)) for n, x in zip(op.inputs, inputs)}
    tensors[op.output] = Tensor(op.output, out_shape, dtype)
    return Example(Graph("one", op.inputs, (op.output,), (op,), tensors), inputs)


def pick(rng: Rng, low: int, high: int) -> int:
    """A whole number in [low, high]."""
    return int(rng.integers(low, high + 1))


def pick_pair(rng: Rng, low: int, high: int) -> Pair:
    return pick(rng, low, high), pick(rng, low, high)


def int8_values(rng: Rng, shape: tuple[int, ...]) -> NDArray[np.int8]:
    """Mostly random; now and then every value is the smallest or the largest one."""
    if rng.random() < 0.2:
        return np.full(shape, rng.choice([-128, 127]), np.int8)
    return rng.integers(-128, 128, shape).astype(np.int8)


def zero_point(rng: Rng) -> int:
    return int(rng.choice([-128, 127, 0, pick(rng, -128, 127)]))


def weight_zero_point(rng: Rng) -> int:
    return int(rng.choice([0, 0, zero_point(rng)]))


def clamp(rng: Rng) -> ops.Clamp:
    low, high = sorted(pick_pair(rng, -128, 127))
    return ops.Clamp() if rng.random() < 0.6 else ops.Clamp(low, high)


def rounding(rng: Rng) -> Rounding:
    return Rounding.FIXED if rng.random() < 0.5 else Rounding.FLOAT


def requant(rng: Rng, kind: Rounding, channels: int, spread: float) -> Requant:
    """Entries that bring accumulators of about ``spread`` into int8; a few are zero, tiny or saturating."""
    scales = 60.0 / spread * np.exp2(rng.uniform(-2, 2, channels))
    odd = rng.random(channels)
    scales = np.where(odd < 0.03, 0.0, np.where(odd < 0.06, 2.0**-34, np.where(odd < 0.09, 3.0e5, scales)))
    return make_requant(kind, scales)


def requant_channels(rng: Rng, channels: int) -> int:
    return channels if rng.random() < 0.6 else 1


def bias(rng: Rng, channels: int) -> NDArray[np.int32]:
    spread = int(rng.choice([1 << 12, 1 << 12, (1 << 31) - 1]))  # the last makes sums wrap
    return rng.integers(-spread, spread, channels).astype(np.int32)


def window_geometry(rng: Rng) -> tuple[Pair, Pair, Pair, ops.Padding, Pair]:
    """Kernel, stride, dilation, padding and an input size that gives at least one output position."""
    kernel, stride = pick_pair(rng, 1, 5), pick_pair(rng, 1, 3)
    dilation = pick_pair(rng, 1, 3) if rng.random() < 0.3 else (1, 1)
    most = int(rng.choice([0, 2, 7]))
    padding = ops.Padding(*(pick(rng, 0, most) for _ in range(4)))
    extent = [(k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    needed = (extent[0] - padding.top - padding.bottom, extent[1] - padding.left - padding.right)
    size = (max(1, needed[0]) + pick(rng, 0, 7), max(1, needed[1]) + pick(rng, 0, 9))
    return kernel, stride, dilation, padding, size


def out_size(size: Pair, kernel: Pair, stride: Pair, dilation: Pair, padding: ops.Padding) -> Pair:
    pads = (padding.top + padding.bottom, padding.left + padding.right)
    sides = [
        (n + p - (k - 1) * d - 1) // s + 1 for n, p, k, d, s in zip(size, pads, kernel, dilation, stride)
    ]
    return sides[0], sides[1]
