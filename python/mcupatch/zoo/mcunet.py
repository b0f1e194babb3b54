"""The MCUNet family, and the large network of MCUNetV2.

Sources: the configurations released with MCUNet (arXiv 2007.10319); vww0 and vww2, its .tflite files; mcunetv2_large,
the .tflite file of MCUNetV2 (arXiv 2110.15352).
"""

from __future__ import annotations

from mcupatch.zoo.blocks import Classifier, ConvBlock, Network
from mcupatch.zoo.layers import GateFunction
from mcupatch.zoo.runs import Run, expand_runs


def _mcunet(name: str, pixels: int, stem: int, runs: tuple[Run, ...], classes: int = 1000) -> Network:
    blocks = (ConvBlock(3, 2, stem), *expand_runs(runs))
    return Network(name, (pixels, pixels, 3), blocks, Classifier(classes=classes))


_LARGE_RUNS = (
    Run(24, 2, ((3, 6),)),
    Run(40, 2, ((3, 4),)),
    Run(40, 1, ((5, 6), (5, 6), (3, 3)), squeeze=4),
    Run(64, 2, ((5, 6), (5, 4), (3, 3), (7, 4)), squeeze=4),
    Run(96, 1, ((5, 6), (5, 4), (5, 3)), squeeze=4),
    Run(144, 2, ((7, 4), (3, 4), (3, 4)), squeeze=4),
    Run(240, 1, ((5, 4),)),
)
_LARGE = Network(
    "mcunetv2_large",
    (224, 224, 3),
    # The second block is an "MB1 1x1" whose 1x1 depthwise layer was dropped.
    (ConvBlock(3, 2, 16), ConvBlock(1, 1, 16, linear=True), *expand_runs(_LARGE_RUNS)),
    Classifier(384),
    gate=GateFunction.HARD,
)
MCUNET_NETWORKS = (
    _mcunet(
        "mcunet_vww0",
        64,
        16,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((5, 6), (3, 4))),
            Run(24, 2, ((3, 5), (3, 4), (3, 4))),
            Run(40, 2, ((3, 5), (3, 4), (7, 3))),
            Run(48, 1, ((3, 3), (3, 4))),
            Run(96, 2, ((7, 5), (5, 5))),
            Run(160, 1, ((7, 4),)),
        ),
        classes=2,
    ),
    _mcunet(
        "mcunet_vww1",
        80,
        16,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((3, 6), (3, 3), (3, 3))),
            Run(24, 2, ((7, 3), (3, 6), (5, 5))),
            Run(40, 2, ((7, 6), (7, 6))),
            Run(48, 1, ((3, 6), (3, 4))),
            Run(96, 2, ((5, 5), (3, 5), (3, 4))),
            Run(160, 1, ((7, 3),)),
        ),
        classes=2,
    ),
    _mcunet(
        "mcunet_vww2",
        144,
        16,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((3, 3), (3, 5), (5, 6), (3, 3))),
            Run(24, 2, ((7, 5), (5, 4), (3, 4), (7, 6))),
            Run(40, 2, ((3, 6), (7, 6), (5, 4), (3, 5))),
            Run(48, 1, ((5, 5), (5, 3), (3, 4), (5, 3))),
            Run(96, 2, ((3, 4), (5, 5), (5, 4), (3, 4))),
            Run(160, 1, ((3, 5),)),
        ),
        classes=2,
    ),
    _mcunet(
        "mcunet_in0",
        48,
        24,
        (
            Run(16, 1, ((3, 1),)),
            Run(16, 2, ((5, 4), (3, 3), (3, 4))),
            Run(24, 2, ((7, 5), (5, 4), (5, 5))),
            Run(48, 2, ((7, 5), (5, 4))),
            Run(56, 1, ((3, 5), (5, 4), (3, 5))),
            Run(112, 2, ((3, 6), (5, 4))),
            Run(192, 1, ((3, 6),)),
        ),
    ),
    _mcunet(
        "mcunet_in1",
        96,
        16,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((3, 4), (3, 3))),
            Run(24, 2, ((7, 3), (3, 5))),
            Run(40, 2, ((3, 5), (7, 4))),
            Run(48, 1, ((5, 4), (3, 3), (3, 4))),
            Run(96, 2, ((7, 5), (5, 4), (5, 4))),
            Run(160, 1, ((3, 6),)),
        ),
    ),
    _mcunet(
        "mcunet_in2",
        160,
        16,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((5, 3), (7, 6), (3, 5), (5, 5))),
            Run(24, 2, ((3, 5), (7, 6), (5, 6))),
            Run(40, 2, ((7, 4), (5, 5))),
            Run(48, 1, ((3, 5), (5, 5), (3, 4))),
            Run(96, 2, ((5, 6), (5, 4), (5, 3), (3, 4))),
            Run(160, 1, ((5, 5),)),
        ),
    ),
    _mcunet(
        "mcunet_in3",
        176,
        16,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((7, 3), (3, 5), (7, 5), (5, 4))),
            Run(24, 2, ((5, 5), (5, 5), (5, 5))),
            Run(40, 2, ((3, 5), (7, 6), (5, 4))),
            Run(48, 1, ((5, 5), (7, 5), (3, 5))),
            Run(96, 2, ((3, 6), (7, 5), (3, 4))),
            Run(160, 1, ((7, 5),)),
        ),
    ),
    _mcunet(
        "mcunet_in4",
        160,
        32,
        (
            Run(16, 1, ((3, 1),)),
            Run(24, 2, ((7, 3), (3, 5), (5, 4))),
            Run(40, 2, ((7, 5), (3, 4), (7, 4))),
            Run(80, 2, ((7, 3), (3, 3), (7, 3))),
            Run(96, 1, ((3, 4), (5, 3), (5, 3))),
            Run(192, 2, ((7, 4), (7, 3), (5, 3))),
            Run(320, 1, ((5, 4),)),
        ),
    ),
    _mcunet(
        "mcunet_int4_256kb",
        160,
        32,
        (
            Run(16, 1, ((3, 1),)),
            Run(24, 2, ((7, 3), (3, 6), (5, 5), (7, 3))),
            Run(40, 2, ((7, 5), (5, 3), (7, 4))),
            Run(72, 2, ((3, 5), (7, 4))),
            Run(88, 1, ((5, 6), (5, 4), (7, 3))),
            Run(176, 2, ((3, 5), (5, 4))),
            Run(288, 1, ((5, 4),)),
        ),
    ),
    _mcunet(
        "mcunet_int4_320kb",
        176,
        32,
        (
            Run(16, 1, ((3, 1),)),
            Run(24, 2, ((7, 3), (5, 6), (5, 6))),
            Run(40, 2, ((7, 4), (3, 4), (7, 4), (5, 4))),
            Run(72, 2, ((7, 4), (7, 6), (5, 4))),
            Run(88, 1, ((5, 3), (5, 3), (7, 4))),
            Run(176, 2, ((3, 5), (3, 3))),
            Run(288, 1, ((7, 4),)),
        ),
    ),
    _mcunet(
        "mcunet_int4_512kb",
        192,
        48,
        (
            Run(24, 1, ((3, 1),)),
            Run(40, 2, ((7, 3), (3, 5), (3, 5), (3, 5))),
            Run(64, 2, ((5, 6), (7, 4), (5, 5))),
            Run(120, 2, ((7, 5), (7, 4), (3, 4))),
            Run(144, 1, ((5, 4), (3, 4), (7, 3))),
            Run(288, 2, ((3, 5), (7, 3))),
            Run(480, 1, ((5, 4),)),
        ),
    ),
    _LARGE,
)
