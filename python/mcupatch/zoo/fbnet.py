"""FBNet-A as released, and with the expansion that the paper (arXiv 1812.03443) draws in every block.

The channel shuffle of its three grouped blocks is left out: it has no arithmetic, and the weights are seeded.
"""

from __future__ import annotations

from dataclasses import replace

from mcupatch.zoo.blocks import Classifier, ConvBlock, InvertedResidual, Network
from mcupatch.zoo.layers import Activation

_BLOCKS = (
    InvertedResidual(3, 2, 3, 24),
    InvertedResidual(3, 1, 1, 24),
    InvertedResidual(5, 2, 6, 32),
    InvertedResidual(3, 1, 3, 32),
    InvertedResidual(5, 1, 1, 32),
    InvertedResidual(3, 1, 3, 32),
    InvertedResidual(5, 2, 6, 64),
    InvertedResidual(5, 1, 3, 64),
    InvertedResidual(5, 1, 1, 64, groups=2),
    InvertedResidual(5, 1, 6, 64),
    InvertedResidual(3, 1, 6, 112),
    InvertedResidual(5, 1, 1, 112, groups=2),
    InvertedResidual(5, 1, 3, 112),
    InvertedResidual(3, 1, 1, 112, groups=2),
    InvertedResidual(5, 2, 6, 184),
    InvertedResidual(5, 1, 6, 184),
    InvertedResidual(5, 1, 3, 184),
    InvertedResidual(5, 1, 6, 184),
    InvertedResidual(5, 1, 6, 352),
)


def _fbnet(name: str, blocks: tuple[InvertedResidual, ...]) -> Network:
    return Network(
        name, (224, 224, 3), (ConvBlock(3, 2, 16), *blocks), Classifier(1504), activation=Activation.RELU
    )


FBNET_NETWORKS = (
    _fbnet("fbnet_a", _BLOCKS),
    _fbnet("fbnet_a_paper", tuple(replace(block, expand_always=True) for block in _BLOCKS)),
)
