"""MnasNet-B1, and MnasNet-A1 with squeeze-and-excite (arXiv 1807.11626), as image libraries build them."""

from __future__ import annotations

from mcupatch.zoo.blocks import Classifier, ConvBlock, Network, Separable
from mcupatch.zoo.layers import Activation
from mcupatch.zoo.runs import Run, expand_runs


def _mnasnet(name: str, runs: tuple[Run, ...]) -> Network:
    blocks = (ConvBlock(3, 2, 32), Separable(1, 16, linear=True), *expand_runs(runs))
    return Network(name, (224, 224, 3), blocks, Classifier(1280), Activation.RELU)


MNASNET_NETWORKS = (
    _mnasnet(
        "mnasnet_b1",
        (
            Run(24, 2, ((3, 3), (3, 3), (3, 3))),
            Run(40, 2, ((5, 3), (5, 3), (5, 3))),
            Run(80, 2, ((5, 6), (5, 6), (5, 6))),
            Run(96, 1, ((3, 6), (3, 6))),
            Run(192, 2, ((5, 6), (5, 6), (5, 6), (5, 6))),
            Run(320, 1, ((3, 6),)),
        ),
    ),
    _mnasnet(
        "mnasnet_a1",
        (
            Run(24, 2, ((3, 6), (3, 6))),
            Run(40, 2, ((5, 3), (5, 3), (5, 3)), squeeze=4),
            Run(80, 2, ((3, 6), (3, 6), (3, 6), (3, 6))),
            Run(112, 1, ((3, 6), (3, 6)), squeeze=4),
            Run(160, 2, ((5, 6), (5, 6), (5, 6)), squeeze=4),
            Run(320, 1, ((3, 6),)),
        ),
    ),
)
