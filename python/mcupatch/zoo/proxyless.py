"""ProxylessNAS for mobiles (arXiv 1812.00332) and the two narrow ones that MCUNet compares with."""

from __future__ import annotations

from mcupatch.zoo.blocks import Classifier, ConvBlock, Network
from mcupatch.zoo.runs import Run, expand_runs


def _proxyless(name: str, pixels: int, stem: int, features: int, runs: tuple[Run, ...]) -> Network:
    # A run's first block has no skip in this family, not even where the channels stay the same.
    blocks = (ConvBlock(3, 2, stem), *expand_runs(runs, skip_first=False))
    return Network(name, (pixels, pixels, 3), blocks, Classifier(features))


PROXYLESS_NETWORKS = (
    _proxyless(
        "proxyless_mobile",
        224,
        32,
        1280,
        (
            Run(16, 1, ((3, 1),)),
            Run(32, 2, ((5, 3), (3, 3))),
            Run(40, 2, ((7, 3), (3, 3), (5, 3), (5, 3))),
            Run(80, 2, ((7, 6), (5, 3), (5, 3), (5, 3))),
            Run(96, 1, ((5, 6), (5, 3), (5, 3), (5, 3))),
            Run(192, 2, ((7, 6), (7, 6), (7, 3), (7, 3))),
            Run(320, 1, ((7, 6),)),
        ),
    ),
    _proxyless(
        "proxyless_w0.3_r176",
        176,
        16,
        384,
        (
            Run(8, 1, ((3, 1),)),
            Run(16, 2, ((5, 3), (3, 3))),
            Run(16, 2, ((7, 3), (3, 3), (5, 3), (5, 3))),
            Run(24, 2, ((7, 6), (5, 3), (5, 3), (5, 3))),
            Run(32, 1, ((5, 6), (5, 3), (5, 3), (5, 3))),
            Run(64, 2, ((7, 6), (7, 6), (7, 3), (7, 3))),
            Run(96, 1, ((7, 6),)),
        ),
    ),
    _proxyless(
        "proxyless_w0.25_r112",
        112,
        8,
        320,
        (
            Run(8, 1, ((3, 1),)),
            Run(8, 2, ((5, 3), (3, 3))),
            Run(16, 2, ((7, 3), (3, 3), (5, 3), (5, 3))),
            Run(24, 2, ((7, 6), (5, 3), (5, 3), (5, 3))),
            Run(24, 1, ((5, 6), (5, 3), (5, 3), (5, 3))),
            Run(48, 2, ((7, 6), (7, 6), (7, 3), (7, 3))),
            Run(80, 1, ((7, 6),)),
        ),
    ),
)
