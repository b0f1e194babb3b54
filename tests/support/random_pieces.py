"""Pieces of random networks: each takes a tensor of a model under construction and returns the tensor it ends in."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.random_model import RandomModel, Value, window_sides

Piece = Callable[[RandomModel, Value], Value]

_KERNELS = (1, 2, 3, 3, 3, 4, 5, 6, 7)
_STRIDES = (1, 1, 1, 2, 2, 3)
_LARGEST_CHANNELS = 16


def _random_kernel(model: RandomModel, x: Value) -> tuple[int, int]:
    """Square three times out of four, and at most one larger than the tensor's side."""
    rows = min(model.choose(*_KERNELS), x.shape[1] + 1)
    cols = rows if model.chance(0.75) else model.choose(*_KERNELS)
    return rows, min(cols, x.shape[2] + 1)


def _random_stride(model: RandomModel, x: Value) -> tuple[int, int]:
    if x.smallest_side < 4:
        return 1, 1
    rows = model.choose(*_STRIDES)
    return rows, rows if model.chance(0.8) else model.choose(*_STRIDES)


def _random_channels(model: RandomModel) -> int:
    return model.between(1, _LARGEST_CHANNELS)


def add_window(model: RandomModel, x: Value) -> Value:
    """A convolution or depthwise convolution under SAME, VALID or an explicit PAD in front."""
    kernel, stride = _random_kernel(model, x), _random_stride(model, x)
    dilation = (
        (model.between(1, 3), model.between(1, 3)) if stride == (1, 1) and model.chance(0.25) else (1, 1)
    )
    padding = "SAME"
    if model.chance(0.3):
        x = model.pad(x, *(model.between(0, max(1, kernel[0] // 2 + 1)) for _ in range(4)))
        padding = "VALID"
    elif model.chance(0.3):
        padding = "VALID"
    if min(window_sides(x, kernel, stride, dilation, padding)) < 1:
        padding = "SAME"
    multiplier = model.between(1, 3) if x.channels <= 5 else 1
    if model.chance(0.4):
        return model.depthwise(x, multiplier, kernel, stride=stride, dilation=dilation, padding=padding)
    channels = _random_channels(model)
    return model.conv(x, channels, kernel, stride=stride, dilation=dilation, padding=padding)


def add_pool(model: RandomModel, x: Value) -> Value:
    kernel, stride = _random_kernel(model, x), _random_stride(model, x)
    padding = "VALID" if model.chance(0.5) else "SAME"
    if min(window_sides(x, kernel, stride, (1, 1), padding)) < 1:
        padding = "SAME"
    return model.pool(x, kernel, stride, padding)


def add_padded(model: RandomModel, x: Value) -> Value:
    """A PAD with nothing behind it to fold it into: a pool or an elementwise operator follows."""
    if x.smallest_side > 26:
        return x
    padded = model.pad(x, *(model.between(0, 2) for _ in range(4)))
    return add_pool(model, padded) if model.chance(0.5) else model.add(padded, padded)


def add_skip(model: RandomModel, x: Value) -> Value:
    """Inverted residual: expand, depthwise, project, add; sometimes without expansion, sometimes nested."""
    inner = x
    if model.chance(0.7):
        inner = model.conv(x, min(_LARGEST_CHANNELS, x.channels * model.between(2, 4)), (1, 1))
    kernel = _random_kernel(model, inner)
    inner = model.depthwise(inner, 1, kernel)
    if model.chance(0.2):
        inner = add_skip(model, inner)
    project = model.conv(inner, x.channels, (1, 1))
    return model.add(x, project) if model.chance(0.8) else model.add(project, x)


def add_branches(model: RandomModel, x: Value) -> Value:
    """Two or three convolutions of one input side by side, concatenated."""
    stride = _random_stride(model, x)
    quant = (float(model.rng.uniform(0.01, 0.1)), model.between(-60, 60))
    parts = [
        model.conv(x, model.between(1, 6), _random_kernel(model, x), stride=stride, quant=quant)
        for _ in range(model.between(2, 3))
    ]
    return model.concat(*parts)


def add_squeeze_excite(model: RandomModel, x: Value) -> Value:
    pooled = model.mean(x, keep_dims=True)
    squeezed = model.conv(pooled, max(1, x.channels // 2), (1, 1))
    return model.mul(x, model.logistic(model.conv(squeezed, x.channels, (1, 1))))


def add_hard_swish(model: RandomModel, x: Value) -> Value:
    return model.hard_swish(x)


def add_resize(model: RandomModel, x: Value) -> Value:
    if x.smallest_side > 12:
        return x
    return model.resize(x, x.shape[1] * model.between(1, 2), x.shape[2] * model.between(1, 2))


def add_second_input(model: RandomModel, x: Value) -> Value:
    return model.add(x, model.add_input(x.shape))


def add_large_window(model: RandomModel, x: Value) -> Value:
    """A 5x5 or 7x7 depthwise convolution between two 1x1 ones."""
    x = model.conv(x, model.between(2, 12), (1, 1))
    kernel = model.choose(5, 7)
    stride = model.choose(1, 1, 2) if x.smallest_side > 5 else 1
    x = model.depthwise(x, 1, (kernel, kernel), stride=(stride, stride))
    return model.conv(x, model.between(2, 10), (1, 1))


def add_wide_stride(model: RandomModel, x: Value) -> Value:
    """A window that jumps over rows and columns: stride above kernel."""
    if x.smallest_side < 9:
        return x
    kernel = model.choose(1, 1, 2)
    stride = (kernel + model.between(0, 2), kernel + model.between(1, 2))
    if model.chance(0.5):
        return model.conv(x, model.between(2, 8), (kernel, kernel), stride=stride, padding="VALID")
    return model.depthwise(x, 1, (kernel, kernel), stride=stride, padding="VALID")


def add_squeezed_residual(model: RandomModel, x: Value) -> Value:
    """Expand, depthwise, squeeze-and-excite, project, add: a block of MnasNet-A1."""
    inner = model.conv(x, min(_LARGEST_CHANNELS, x.channels * model.between(1, 3)), (1, 1))
    inner = add_squeeze_excite(model, model.depthwise(inner, 1, (3, 3)))
    return model.add(x, model.conv(inner, x.channels, (1, 1)))


def add_long_residual(model: RandomModel, x: Value) -> Value:
    """Two to four pieces that keep the shape, and the input added behind them."""
    inner = x
    for _ in range(model.between(2, 4)):
        pieces: list[Piece] = [add_skip, add_skip, add_squeezed_residual, add_hard_swish, _add_same_window]
        inner = pieces[model.between(0, len(pieces) - 1)](model, inner)
    return model.add(inner, x)


def _add_same_window(model: RandomModel, x: Value) -> Value:
    return model.conv(x, x.channels, _random_kernel(model, x))


def add_uneven_branches(model: RandomModel, x: Value) -> Value:
    """Two paths that look differently far, summed or multiplied."""
    near = model.conv(x, x.channels, (1, 1))
    far = model.depthwise(model.depthwise(x, 1, _random_kernel(model, x)), 1, _random_kernel(model, x))
    return model.add(near, far) if model.chance(0.7) else model.mul(far, near)


def add_pyramid(model: RandomModel, x: Value) -> Value:
    """Down to half the size and up again, plus what it came from."""
    if x.smallest_side < 4:
        return x
    low = model.conv(x, x.channels, (3, 3), stride=(2, 2))
    low = add_skip(model, low)
    return model.add(model.resize(low, x.shape[1], x.shape[2]), x)


def add_global_pool(model: RandomModel, x: Value) -> Value:
    """Global pooling to ``[1, 1, 1, C]``: a pool as large as its input, or a mean."""
    if model.chance(0.6):
        return model.pool(x, (x.shape[1], x.shape[2]), (1, 1), "VALID", average=True)
    return model.mean(x, keep_dims=True)
