"""Windows and paddings as .tflite states them."""

from __future__ import annotations

from collections.abc import Sequence

from mcupatch.importer.tflite_converters.conversion import Malformed, NotSupported
from mcupatch.importer.tflite_options import TfliteOptions
from mcupatch.ir.ops import Padding

MAX_WINDOW = 1 << 15  # larger kernels, strides and dilations come from damaged files


def check_window(options: TfliteOptions, kernel: Sequence[int]) -> None:
    """Kernel, stride and dilation are positive and sane. Raises Malformed."""
    sides = (*kernel, *options.stride, *options.dilation)
    if min(sides) < 1 or max(sides) > MAX_WINDOW:
        raise Malformed(f"it has kernel {list(kernel)}, stride {options.stride}, dilation {options.dilation}")


def pad_for(
    options: TfliteOptions, kernel: Sequence[int], x_shape: Sequence[int], y_shape: Sequence[int]
) -> Padding:
    """SAME spreads what is missing evenly, the odd position at the bottom and right; VALID adds nothing."""
    if options.padding == "VALID":
        return Padding()
    if options.padding != "SAME":
        raise NotSupported(f"has {options.padding}: use SAME or VALID")
    missing = [
        max(0, (y_shape[axis] - 1) * stride + (k - 1) * dilation + 1 - x_shape[axis])
        for axis, k, stride, dilation in zip((1, 2), kernel, options.stride, options.dilation)
    ]
    top, left = missing[0] // 2, missing[1] // 2
    return Padding(top, left, missing[0] - top, missing[1] - left)
