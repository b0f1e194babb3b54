"""Seeded random int8 .tflite models for property tests: the same seed gives the same bytes.

``random_tflite`` draws from every operator that is compiled, in any arrangement; ``random_patchable_tflite`` only from
those that a patch stage may hold, as a chain with skips. ``random_staged_tflite`` draws networks
for schedules of many stages: long skips, squeeze-and-excite, global pooling in the middle and at the end.
"""

from __future__ import annotations

from tests.support.random_model import RandomModel, Value
from tests.support.random_pieces import (
    Piece,
    add_branches,
    add_global_pool,
    add_hard_swish,
    add_large_window,
    add_long_residual,
    add_padded,
    add_pool,
    add_pyramid,
    add_resize,
    add_second_input,
    add_skip,
    add_squeeze_excite,
    add_squeezed_residual,
    add_uneven_branches,
    add_wide_stride,
    add_window,
)


def random_tflite(seed: int) -> bytes:
    """Two to six random pieces (windows, pools, skips, branches, squeeze-excite, resizes …), then a random end."""
    model = RandomModel([seed, 0])
    x = model.add_input((1, model.between(5, 24), model.between(5, 24), model.between(1, 6)))
    for _ in range(model.between(2, 6)):
        pieces: list[Piece] = [add_window, add_window, add_pool, add_skip, add_branches]
        pieces += [add_squeeze_excite, add_hard_swish, add_resize, add_second_input, add_padded]
        x = pieces[model.between(0, len(pieces) - 1)](model, x)
    return _finish(model, x)


def random_patchable_tflite(seed: int) -> bytes:
    """Three to seven pieces that may be cut into tiles, at least two of them windows, then a random end."""
    model = RandomModel([seed, 1])
    x = model.add_input((1, model.between(9, 24), model.between(9, 24), model.between(1, 4)))
    x = add_window(model, x)
    for _ in range(model.between(1, 5)):
        pieces: list[Piece] = [add_window, add_window, add_pool, add_skip, add_skip, add_padded]
        x = pieces[model.between(0, len(pieces) - 1)](model, x)
    return _finish(model, add_window(model, x))


def random_staged_tflite(seed: int) -> bytes:
    """Three to seven pieces in the manner of real networks, odd sizes, then one to three outputs."""
    model = RandomModel([seed, 2])
    x = model.add_input((1, model.between(7, 27), model.between(7, 27), model.between(1, 4)))
    x = add_window(model, x)
    others: list[Value] = []
    for _ in range(model.between(2, 6)):
        pieces: list[Piece] = [add_window, add_pool, add_skip, add_long_residual, add_squeezed_residual]
        pieces += [
            add_large_window,
            add_wide_stride,
            add_branches,
            add_uneven_branches,
            add_pyramid,
            add_padded,
        ]
        x = pieces[model.between(0, len(pieces) - 1)](model, x)
        if len(others) < 2 and model.chance(0.12):
            others.append(model.conv(x, model.between(1, 6), (1, 1)) if model.chance(0.6) else x)
    if model.chance(0.2):
        return model.finish(model.conv(x, model.between(2, 8), (1, 1)), *others)
    pooled = add_global_pool(model, x)
    if model.chance(0.3):
        return model.finish(model.conv(pooled, model.between(6, 12), (1, 1)), *others)
    logits = model.dense(pooled, model.between(6, 12))
    return model.finish(model.softmax(logits) if model.chance(0.2) else logits, *others)


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
