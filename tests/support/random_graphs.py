"""Random networks for property tests (hypothesis strategies)."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mcupatch.ir.graph import Graph
from tests.support.graphs import GraphBuilder

MAX_BYTES = 30_000


@st.composite
def windows(draw: st.DrawFn, size: tuple[int, int], max_dilation: int = 2) -> dict[str, Any] | None:
    """Kernel 1-7, stride 1-3, dilation, any padding (larger than the kernel too) that fit a tensor of ``size``."""
    kernel, stride, dilation, pad = [], [], [], []
    for axis in (0, 1):
        k, d = draw(st.integers(1, 7)), draw(st.integers(1, max_dilation))
        extent = (k - 1) * d + 1
        before = draw(st.integers(0, min(extent + 2, 9)))
        after = draw(st.integers(0, min(extent + 2, 9)))
        after = max(after, extent - size[axis] - before)
        kernel.append(k)
        dilation.append(d)
        stride.append(draw(st.integers(1, 3)))
        pad.append((before, after))
    return {
        "kernel": tuple(kernel),
        "stride": tuple(stride),
        "dilation": tuple(dilation),
        "pad": (pad[0][0], pad[1][0], pad[0][1], pad[1][1]),
    }


@st.composite
def tileable_networks(draw: st.DrawFn, max_ops: int = 6, tail: bool = False) -> Graph:
    """A chain of convolutions, pools, tables and paddings, with skips; with ``tail`` also a mean and a dense layer."""
    b = GraphBuilder()
    x = b.input(draw(st.integers(3, 19)), draw(st.integers(3, 19)), draw(st.integers(1, 4)))
    if draw(st.integers(0, 5)) == 0:
        x = b.quantize(b.dequantize(x))
    for _ in range(draw(st.integers(1, max_ops))):
        x = _grow(draw, b, x)
    if tail:
        x = b.dense(b.mean(x), draw(st.integers(1, 9)))
        if draw(st.booleans()):
            x = b.softmax(b.reshape(x, 1, 1, b.shape(x)[1]))
    return b.build(x)


def _grow(draw: st.DrawFn, b: GraphBuilder, x: str) -> str:
    _, height, width, channels = b.shape(x)
    kind = draw(
        st.sampled_from(
            ["conv", "conv", "depthwise", "max", "avg", "lut", "pad", "skip", "product", "concat", "gate"]
        )
    )
    if kind == "lut":
        return b.lut(x)
    if kind == "pad":
        return (
            b.pad(x, draw(st.tuples(*[st.integers(0, 3)] * 4)))
            if height * width * channels < 2000
            else b.lut(x)
        )
    if kind == "gate":
        gate = b.conv(b.conv(b.mean(x, keep=True), draw(st.integers(1, 2))), channels)
        return b.mul(*draw(st.permutations([x, gate])))
    if kind in ("skip", "product", "concat"):
        k = draw(st.sampled_from([1, 3, 5]))
        y = b.conv(x, draw(st.integers(1, 4)))
        y = b.depthwise(y, kernel=k, pad=k // 2)
        if kind == "concat":
            return b.concat(x, b.conv(y, draw(st.integers(1, 3))))
        y = b.conv(y, channels)
        first, second = draw(st.permutations([x, y]))
        return b.add(first, second) if kind == "skip" else b.mul(first, second)
    window = draw(windows((height, width), max_dilation=1 if kind == "avg" else 2))
    outputs = draw(st.integers(1, 6))
    if kind == "avg":
        window.pop("dilation")
        return b.avg_pool(x, **window)
    if kind == "max":
        return b.max_pool(x, **window)
    if kind == "depthwise":
        return b.depthwise(x, multiplier=draw(st.integers(1, 2)) if channels < 5 else 1, **window)
    return b.conv(x, outputs, **window)
