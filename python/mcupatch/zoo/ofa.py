"""Once-for-all networks (arXiv 1908.09791) specialised for a latency on a CPU, as the MCUNetV2 paper takes them."""

from __future__ import annotations

from mcupatch.zoo.blocks import Classifier, ConvBlock, Network
from mcupatch.zoo.runs import Run, expand_runs


def _ofa(name: str, pixels: int, runs: tuple[Run, ...]) -> Network:
    blocks = (ConvBlock(3, 2, 40), *expand_runs(runs))
    return Network(name, (pixels, pixels, 3), blocks, Classifier(1664))


OFA_NETWORKS = (
    _ofa(
        "ofa_cpu_10ms",
        144,
        (
            Run(24, 1, ((3, 1),)),
            Run(32, 2, ((5, 4), (3, 3))),
            Run(56, 2, ((3, 3), (3, 3))),
            Run(104, 2, ((7, 3), (3, 3), (7, 3))),
            Run(128, 1, ((5, 3), (5, 4))),
            Run(248, 2, ((5, 3), (3, 4))),
            Run(416, 1, ((3, 4),)),
        ),
    ),
    _ofa(
        "ofa_cpu_11ms",
        144,
        (
            Run(24, 1, ((3, 1),)),
            Run(32, 2, ((5, 4), (5, 3))),
            Run(56, 2, ((3, 3), (7, 3))),
            Run(104, 2, ((5, 4), (3, 4), (7, 3))),
            Run(128, 1, ((5, 4), (7, 4))),
            Run(248, 2, ((3, 6), (3, 4))),
            Run(416, 1, ((5, 4),)),
        ),
    ),
    _ofa(
        "ofa_cpu_15ms",
        188,
        (
            Run(24, 1, ((3, 1),)),
            Run(32, 2, ((3, 3), (3, 3))),
            Run(56, 2, ((3, 4), (3, 6))),
            Run(104, 2, ((7, 6), (3, 4))),
            Run(128, 1, ((5, 4), (3, 6), (3, 6))),
            Run(248, 2, ((5, 6), (3, 3))),
            Run(416, 1, ((7, 6),)),
        ),
    ),
    _ofa(
        "ofa_cpu_17ms",
        208,
        (
            Run(24, 1, ((3, 1),)),
            Run(32, 2, ((3, 3), (3, 4))),
            Run(56, 2, ((5, 3), (3, 4))),
            Run(104, 2, ((3, 6), (7, 3), (3, 3))),
            Run(128, 1, ((5, 3), (5, 4), (3, 6))),
            Run(248, 2, ((3, 6), (5, 4), (3, 3))),
            Run(416, 1, ((3, 4),)),
        ),
    ),
)
