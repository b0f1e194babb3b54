"""A small graph with a skip, a mean and a dense layer: enough for the passes, quick to run."""

from __future__ import annotations

import numpy as np

from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Add, Clamp, Conv2D, Dense, DepthwiseConv2D, Mean, Operator, Padding
from mcupatch.ir.quant import QuantParams, Rounding, make_requant
from mcupatch.ir.tensor import Tensor
from mcupatch.schedule.by_hand import schedule_by_hand
from mcupatch.schedule.stage import Schedule


def small_graph(rounding: Rounding = Rounding.FIXED, seed: int = 0) -> Graph:
    """17x19x3 -> conv 3x3/2 -> depthwise 3x3 -> 1x1 -> add (skip) -> conv 3x3/2 -> mean -> dense 5."""
    rng = np.random.default_rng(seed)
    dense_rounding = (
        Rounding.DOUBLE if rounding is Rounding.FIXED else rounding
    )  # as the .tflite importer does

    def scales(low: float, high: float, count: int) -> np.ndarray:
        return rng.uniform(low, high, count).astype(np.float32).astype(np.float64)

    def window(stride: int, pad: int, outputs: int) -> dict[str, object]:
        return {
            "bias": rng.integers(-500, 500, outputs).astype(np.int32),
            "requant": make_requant(rounding, scales(1e-4, 3e-3, outputs)),
            "stride": (stride, stride),
            "dilation": (1, 1),
            "padding": Padding(pad, pad, pad, pad),
            "input_zero_point": -3,
            "weight_zero_point": 0,
            "output_zero_point": 4,
            "clamp": Clamp(),
        }

    def weights(*shape: int) -> np.ndarray:
        return rng.integers(-127, 128, shape).astype(np.int8)

    ops: tuple[Operator, ...] = (
        Conv2D("conv1", ("x",), "a", weights=weights(8, 3, 3, 3), groups=1, **window(2, 1, 8)),
        DepthwiseConv2D("dw1", ("a",), "b", weights=weights(3, 3, 8), multiplier=1, **window(1, 1, 8)),
        Conv2D("pw1", ("b",), "c", weights=weights(8, 1, 1, 8), groups=1, **window(1, 0, 8)),
        Add(
            "add1",
            ("a", "c"),
            "d",
            input_requant=make_requant(rounding, scales(0.3, 0.5, 2)),
            output_requant=make_requant(
                rounding, np.array([2.0**-19 if rounding is Rounding.FIXED else 1.0])
            ),
            left_shift=20,
            input_zero_points=(-3, 4),
            output_zero_point=1,
            clamp=Clamp(),
        ),
        Conv2D("conv2", ("d",), "e", weights=weights(16, 3, 3, 8), groups=1, **window(2, 1, 16)),
        Mean(
            "mean",
            ("e",),
            "m",
            axes=(1, 2),
            requant=make_requant(rounding, scales(0.03, 0.05, 1)),
            input_zero_point=-3,
            output_zero_point=2,
            clamp=Clamp(),
        ),
        Dense(
            "fc",
            ("m",),
            "y",
            weights=weights(5, 16),
            bias=np.zeros(5, np.int32),
            requant=make_requant(dense_rounding, scales(0.003, 0.005, 1)),
            input_zero_point=-3,
            weight_zero_point=0,
            output_zero_point=2,
            clamp=Clamp(),
        ),
    )
    shapes = {"x": (1, 17, 19, 3), "e": (1, 5, 5, 16), "m": (1, 16), "y": (1, 5)}
    shapes |= dict.fromkeys("abcd", (1, 9, 10, 8))
    tensors = {n: Tensor(n, shape, "int8", QuantParams(0.1, -3)) for n, shape in shapes.items()}
    return Graph("small", ("x",), ("y",), ops, tensors)


def patched(graph: Graph, last: int, grid: tuple[int, int], halo: str = "recompute") -> Schedule:
    """Operators 0..last over a grid, the others whole."""
    return schedule_by_hand(graph, last + 1, grid, halo)
