"""Seeded random int8 .tflite models for property tests: the same seed gives the same bytes.

``random_tflite`` draws from every operator that is compiled, in any arrangement; ``random_patchable_tflite`` only from
those that a patch stage may hold, as a chain with skips.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.support.random_model import RandomModel, Value, window_sides

_KERNELS = (1, 2, 3, 3, 3, 4, 5, 6, 7)
_STRIDES = (1, 1, 1, 2, 2, 3)
_LARGEST_CHANNELS = 16


def random_tflite(seed: int) -> bytes:
    """Two to six random pieces (windows, pools, skips, branches, squeeze-excite, resizes …), then a random end."""
    model = RandomModel([seed, 0])
    x = model.add_input((1, model.between(5, 24), model.between(5, 24), model.between(1, 6)))
    for _ in range(model.between(2, 6)):
        pieces: list[Callable[[RandomModel, Value], Value]] = [_window, _window, _pool, _skip, _branches]
        pieces += [_squeeze_excite, _hard_swish, _resize, _second_input, _padded]
        x = pieces[model.between(0, len(pieces) - 1)](model, x)
    return _finish(model, x)


def random_patchable_tflite(seed: int) -> bytes:
    """Three to seven pieces that may be cut into tiles, at least two of them windows, then a random end."""
    model = RandomModel([seed, 1])
    x = model.add_input((1, model.between(9, 24), model.between(9, 24), model.between(1, 4)))
    x = _window(model, x)
    for _ in range(model.between(1, 5)):
        pieces: list[Callable[[RandomModel, Value], Value]] = [_window, _window, _pool, _skip, _skip, _padded]
        x = pieces[model.between(0, len(pieces) - 1)](model, x)
    return _finish(model, _window(model, x))


def _finish(model: RandomModel, x: Value) -> bytes:
    """The spatial tensor itself, or mean or all of it into a dense layer, sometimes with softmax, or two outputs."""
    if model.chance(0.3):
        return model.finish(x)
    if model.chance(0.5) or x.smallest_side > 6:
        pooled = model.mean(x, keep_dims=model.chance(0.3))
    else:
        pooled = model.reshape(x, (1, x.shape[1] * x.shape[2] * x.channels)) if model.chance(0.5) else x
    logits = model.dense(pooled, model.between(2, 12))
    last = model.softmax(logits) if model.chance(0.3) else logits
    return model.finish(last, x) if model.chance(0.2) else model.finish(last)


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


def _window(model: RandomModel, x: Value) -> Value:
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


def _pool(model: RandomModel, x: Value) -> Value:
    kernel, stride = _random_kernel(model, x), _random_stride(model, x)
    padding = "VALID" if model.chance(0.5) else "SAME"
    if min(window_sides(x, kernel, stride, (1, 1), padding)) < 1:
        padding = "SAME"
    return model.pool(x, kernel, stride, padding)


def _padded(model: RandomModel, x: Value) -> Value:
    """A PAD with nothing behind it to fold it into: a pool or an elementwise operator follows."""
    if x.smallest_side > 26:
        return x
    padded = model.pad(x, *(model.between(0, 2) for _ in range(4)))
    return _pool(model, padded) if model.chance(0.5) else model.add(padded, padded)


def _skip(model: RandomModel, x: Value) -> Value:
    """Inverted residual: expand, depthwise, project, add; sometimes without expansion, sometimes nested."""
    inner = x
    if model.chance(0.7):
        inner = model.conv(x, min(_LARGEST_CHANNELS, x.channels * model.between(2, 4)), (1, 1))
    kernel = _random_kernel(model, inner)
    inner = model.depthwise(inner, 1, kernel)
    if model.chance(0.2):
        inner = _skip(model, inner)
    project = model.conv(inner, x.channels, (1, 1))
    return model.add(x, project) if model.chance(0.8) else model.add(project, x)


def _branches(model: RandomModel, x: Value) -> Value:
    """Two or three convolutions of one input side by side, concatenated."""
    stride = _random_stride(model, x)
    quant = (float(model.rng.uniform(0.01, 0.1)), model.between(-60, 60))
    parts = [
        model.conv(x, model.between(1, 6), _random_kernel(model, x), stride=stride, quant=quant)
        for _ in range(model.between(2, 3))
    ]
    return model.concat(*parts)


def _squeeze_excite(model: RandomModel, x: Value) -> Value:
    pooled = model.mean(x, keep_dims=True)
    squeezed = model.conv(pooled, max(1, x.channels // 2), (1, 1))
    return model.mul(x, model.logistic(model.conv(squeezed, x.channels, (1, 1))))


def _hard_swish(model: RandomModel, x: Value) -> Value:
    return model.hard_swish(x)


def _resize(model: RandomModel, x: Value) -> Value:
    if x.smallest_side > 12:
        return x
    return model.resize(x, x.shape[1] * model.between(1, 2), x.shape[2] * model.between(1, 2))


def _second_input(model: RandomModel, x: Value) -> Value:
    return model.add(x, model.add_input(x.shape))
