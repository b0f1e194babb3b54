"""MobileNetV2 in every width, and the redistributed one of MCUNetV2.

Sources: MobileNetV2, arXiv 1801.04381, table 2; MbV2-RD ("redistributed"), MCUNetV2, arXiv 2110.15352, figure 4
and table 1: its patch stage (the first four blocks) is exact, the blocks after it are the split closest to
MobileNetV2 that meets the published MACs; the small baselines, the MCUNet model list, which scales the last 1x1
convolution as well.
"""

from __future__ import annotations

import math

from mcupatch.zoo.blocks import Classifier, ConvBlock, Network
from mcupatch.zoo.runs import Run, expand_runs

_PLAIN, _WIDE = (3, 1), (3, 6)
_STEM_CHANNELS, _FEATURE_CHANNELS = 32, 1280
_MOBILENET_V2 = (
    Run(16, 1, (_PLAIN,)),
    Run(24, 2, (_WIDE,) * 2),
    Run(32, 2, (_WIDE,) * 3),
    Run(64, 2, (_WIDE,) * 4),
    Run(96, 1, (_WIDE,) * 3),
    Run(160, 2, (_WIDE,) * 3),
    Run(320, 1, (_WIDE,)),
)
_MBV2_RD = (
    Run(24, 2, (_WIDE,)),
    Run(32, 2, (_WIDE,) * 4),
    Run(64, 2, (_WIDE,) * 5),
    Run(96, 1, (_WIDE,) * 3),
    Run(160, 2, (_WIDE,) * 3),
    Run(320, 1, (_WIDE,)),
)
MBV2_RD = Network(
    "mbv2_rd",
    (224, 224, 3),
    # "MB1 1x1" of the figure has no depthwise layer: only then does the patch stage have the published MACs.
    (ConvBlock(3, 2, _STEM_CHANNELS), ConvBlock(1, 1, 16, linear=True), *expand_runs(_MBV2_RD)),
    Classifier(_FEATURE_CHANNELS),
)


def make_mobilenet_v2(name: str, width: float, pixels: int, scale_features: bool = False) -> Network:
    """MobileNetV2 with every channel count scaled by ``width``.

    The last 1x1 convolution is never narrower than the original's, unless ``scale_features``.
    """
    stem = ConvBlock(3, 2, round_channels(_STEM_CHANNELS * width))
    runs = tuple(Run(round_channels(run.channels * width), run.stride, run.blocks) for run in _MOBILENET_V2)
    features = round_channels(_FEATURE_CHANNELS * (width if scale_features else max(width, 1.0)))
    return Network(name, (pixels, pixels, 3), (stem, *expand_runs(runs)), Classifier(features))


def round_channels(channels: float) -> int:
    """The nearest multiple of 8, at least 8, and never below 0.9 of ``channels``."""
    rounded = max(8, 8 * math.floor((channels + 4) / 8))
    return rounded + 8 if rounded < 0.9 * channels else rounded
