"""The networks of the zoo, as data, and how a name on the command line finds one.

Sources: MobileNetV2, arXiv 1801.04381, table 2; MbV2-RD ("redistributed"), MCUNetV2, arXiv 2110.15352, figure 4
and table 1: its patch stage (the first four blocks) is exact, the blocks after it are the split closest to
MobileNetV2 that meets the published MACs; the small baselines, the MCUNet model list, which scales the last 1x1
convolution as well.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from mcupatch.errors import BadInput
from mcupatch.zoo.blocks import Block, ConvBlock, InvertedResidual, Network

_SMALLEST_PIXELS, _LARGEST_PIXELS = 8, 1024
_LARGEST_WIDTH = 4.0
_LISTED = (
    "mobilenet_v2",
    "mobilenet_v2_w0.35",
    "mobilenet_v2_w0.5",
    "mobilenet_v2_w0.75",
    "mobilenet_v2_w1.4",
    "mbv2_rd",
    "mbv2_w0.35_r144",
    "mbv2_w0.3_r80",
)
_WIDE_PATTERN = re.compile(r"mobilenet_v2(?:_w([0-9]+(?:\.[0-9]+)?))?")
_SMALL_PATTERN = re.compile(r"(mbv2_w([0-9]+(?:\.[0-9]+)?))_r([0-9]{1,5})")


@dataclass(frozen=True)
class _Row:
    """A run of inverted residuals: the first has ``stride``, the others 1."""

    expand: int
    channels: int
    repeats: int
    stride: int


_STEM_CHANNELS, _FEATURE_CHANNELS = 32, 1280
_MOBILENET_V2 = (
    _Row(1, 16, 1, 1),
    _Row(6, 24, 2, 2),
    _Row(6, 32, 3, 2),
    _Row(6, 64, 4, 2),
    _Row(6, 96, 3, 1),
    _Row(6, 160, 3, 2),
    _Row(6, 320, 1, 1),
)
_MBV2_RD = (
    _Row(6, 24, 1, 2),
    _Row(6, 32, 4, 2),
    _Row(6, 64, 5, 2),
    _Row(6, 96, 3, 1),
    _Row(6, 160, 3, 2),
    _Row(6, 320, 1, 1),
)


def list_networks() -> tuple[str, ...]:
    """Names that ``find_network`` knows without a pattern."""
    return _LISTED


def find_network(name: str, pixels: int | None = None) -> Network:
    """The network called ``name`` for pictures of ``pixels`` (its own size where None).

    Raises BadInput for an unknown name, width or size.
    """
    if name == "mbv2_rd":
        return Network(
            name, _check_pixels(224 if pixels is None else pixels), _mbv2_rd_blocks(), _FEATURE_CHANNELS
        )
    if match := _WIDE_PATTERN.fullmatch(name):
        width = _check_width(match[1] or "1")
        features = round_channels(_FEATURE_CHANNELS * max(width, 1.0))
        return Network(
            name, _check_pixels(224 if pixels is None else pixels), mobilenet_v2_blocks(width), features
        )
    if match := _SMALL_PATTERN.fullmatch(name):
        width = _check_width(match[2])
        features = round_channels(_FEATURE_CHANNELS * width)
        size = _check_pixels(int(match[3]) if pixels is None else pixels)
        return Network(f"{match[1]}_r{size}", size, mobilenet_v2_blocks(width), features)
    raise BadInput(
        f"The zoo has no network {name!r}. It has {', '.join(_LISTED)}, and any width and size in the pattern "
        "mobilenet_v2_wWIDTH or mbv2_wWIDTH_rPIXELS; @PIXELS after the name sets the size."
    )


def round_channels(channels: float) -> int:
    """The nearest multiple of 8, at least 8, and never below 0.9 of ``channels``."""
    rounded = max(8, 8 * math.floor((channels + 4) / 8))
    return rounded + 8 if rounded < 0.9 * channels else rounded


def mobilenet_v2_blocks(width: float) -> tuple[Block, ...]:
    """MobileNetV2's stem and inverted residuals, every channel count scaled by ``width``."""
    stem = ConvBlock(3, 2, round_channels(_STEM_CHANNELS * width))
    return (stem, *_inverted_residuals(_MOBILENET_V2, width))


def _mbv2_rd_blocks() -> tuple[Block, ...]:
    # "MB1 1x1" of the figure has no depthwise layer: only then does the patch stage have the published MACs.
    return (ConvBlock(3, 2, 32), ConvBlock(1, 1, 16, relu6=False), *_inverted_residuals(_MBV2_RD, 1.0))


def _inverted_residuals(rows: tuple[_Row, ...], width: float) -> tuple[Block, ...]:
    return tuple(
        InvertedResidual(
            3, row.stride if repeat == 0 else 1, row.expand, round_channels(row.channels * width)
        )
        for row in rows
        for repeat in range(row.repeats)
    )


def _check_width(text: str) -> float:
    width = float(text)
    if not 0 < width <= _LARGEST_WIDTH:
        raise BadInput(f"The zoo builds widths above 0 and up to {_LARGEST_WIDTH:g}, not {text}.")
    return width


def _check_pixels(pixels: int) -> int:
    if not _SMALLEST_PIXELS <= pixels <= _LARGEST_PIXELS:
        raise BadInput(
            f"The zoo builds pictures of {_SMALLEST_PIXELS} to {_LARGEST_PIXELS} pixels a side, not {pixels}."
        )
    return pixels
