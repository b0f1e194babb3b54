"""Random networks for property tests (hypothesis strategies)."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mcupatch.ir.graph import Graph
from tests.support.graphs import GraphBuilder

MAX_BYTES = 30_000


@st.composite
def windows(
    draw: st.DrawFn, size: tuple[int, int], max_dilation: int = 2, touching: bool = False
) -> dict[str, Any] | None:
    """Kernel 1-7, stride 1-3, dilation, any padding (larger than the kernel too) that fit a tensor of ``size``.

    ``touching``: no window lies in padding alone, which pools that are compiled may not have.
    """
    kernel, stride, dilation, pad = [], [], [], []
    for axis in (0, 1):
        k, d = draw(st.integers(1, 7)), draw(st.integers(1, max_dilation))
        extent = (k - 1) * d + 1
        most = (extent - 1) // d if touching else min(extent + 2, 9)
        before = draw(st.integers(0, most))
        after = draw(st.integers(0, most))
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
def tileable_networks(draw: st.DrawFn, max_ops: int = 6, tail: bool = False, max_dilation: int = 2) -> Graph:
    """A chain of convolutions, pools, tables and paddings, with skips; with ``tail`` also a mean and a dense layer."""
    b = GraphBuilder()
    x = b.input(draw(st.integers(3, 19)), draw(st.integers(3, 19)), draw(st.integers(1, 4)))
    if draw(st.integers(0, 5)) == 0:
        x = b.quantize(b.dequantize(x))
    for _ in range(draw(st.integers(1, max_ops))):
        x = _grow(draw, b, x, max_dilation)
    if tail:
        x = b.dense(b.mean(x), draw(st.integers(1, 9)))
        if draw(st.booleans()):
            x = b.softmax(b.reshape(x, 1, 1, b.shape(x)[1]))
    return b.build(x)


def _grow(draw: st.DrawFn, b: GraphBuilder, x: str, max_dilation: int = 2, touching: bool = False) -> str:
    """``touching`` as in ``windows``, for pools."""
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
    is_pool = kind in ("avg", "max")
    window = draw(
        windows((height, width), 1 if kind == "avg" else max_dilation, touching=touching and is_pool)
    )
    outputs = draw(st.integers(1, 6))
    if kind == "avg":
        window.pop("dilation")
        return b.avg_pool(x, **window)
    if kind == "max":
        return b.max_pool(x, **window)
    if kind == "depthwise":
        return b.depthwise(x, multiplier=draw(st.integers(1, 2)) if channels < 5 else 1, **window)
    return b.conv(x, outputs, **window)


@st.composite
def staged_networks(draw: st.DrawFn, max_pieces: int = 4) -> Graph:
    """What schedules of many stages meet: skips over several blocks, squeeze-and-excite, concatenations, paths that look
    differently far, global pooling (a mean, or a pool as large as its input) and a head, one to three outputs.
    """
    b = GraphBuilder()
    x = b.input(draw(st.integers(3, 17)), draw(st.integers(3, 17)), draw(st.integers(1, 4)))
    others: list[str] = []
    for _ in range(draw(st.integers(1, max_pieces))):
        x = _grow_stage(draw, b, x)
        if len(others) < 2 and draw(st.integers(0, 7)) == 0:
            others.append(b.conv(x, draw(st.integers(1, 4))) if draw(st.booleans()) else x)
    head = draw(st.sampled_from(["none", "mean", "mean", "pool"]))
    if head == "mean":
        x = b.dense(b.mean(x), draw(st.integers(1, 9)))
    elif head == "pool":
        x = b.conv(b.avg_pool(x, kernel=b.shape(x)[1:3], stride=1), draw(st.integers(1, 9)))
    return b.build(*dict.fromkeys([x, *others]))


def _grow_stage(draw: st.DrawFn, b: GraphBuilder, x: str) -> str:
    _, height, width, channels = b.shape(x)
    kind = draw(st.sampled_from(["any", "any", "long skip", "squeeze", "uneven", "large", "jump", "pyramid"]))
    if kind == "long skip":
        inner = x
        for _ in range(draw(st.integers(2, 3))):
            inner = _residual(draw, b, inner) if draw(st.booleans()) else _squeeze_excite(draw, b, inner)
        return b.add(inner, x)
    if kind == "squeeze":
        return _squeeze_excite(draw, b, x)
    if kind == "uneven":
        k = draw(st.sampled_from([3, 5, 7]))
        far = b.depthwise(b.depthwise(x, kernel=k, pad=k // 2), kernel=3, pad=1)
        near = b.conv(x, draw(st.integers(1, 4)))
        return b.concat(near, far) if draw(st.booleans()) else b.add(b.conv(near, channels), far)
    if kind == "large":
        k = draw(st.sampled_from([5, 7]))
        x = b.conv(x, draw(st.integers(1, 6)))
        x = b.depthwise(x, kernel=k, stride=draw(st.sampled_from([1, 1, 2])), pad=k // 2)
        return b.conv(x, draw(st.integers(1, 6)))
    if kind == "jump":  # over rows and columns that nothing reads
        return b.conv(x, draw(st.integers(1, 4)), kernel=draw(st.sampled_from([1, 2])), stride=3, pad=1)
    if kind == "pyramid":
        low = _residual(draw, b, b.conv(x, channels, kernel=3, stride=2, pad=1))
        return b.add(x, b.resize(low, height, width))
    return _grow(draw, b, x, touching=True)


def _residual(draw: st.DrawFn, b: GraphBuilder, x: str) -> str:
    k = draw(st.sampled_from([1, 3, 5]))
    y = b.conv(x, draw(st.integers(1, 5)))
    y = b.conv(b.depthwise(y, kernel=k, pad=k // 2), b.shape(x)[3])
    return b.add(x, y) if draw(st.booleans()) else b.add(y, x)


def _squeeze_excite(draw: st.DrawFn, b: GraphBuilder, x: str) -> str:
    squeezed = b.conv(b.mean(x, keep=True), draw(st.integers(1, 3)))
    return b.mul(x, b.lut(b.conv(squeezed, b.shape(x)[3])))
