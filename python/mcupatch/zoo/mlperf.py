"""The networks of MLPerf Tiny: visual wake words, image classification, keyword spotting; without the final softmax."""

from __future__ import annotations

from mcupatch.zoo.blocks import BasicResidual, Classifier, ConvBlock, Network, Separable
from mcupatch.zoo.layers import Activation, Padding, Shape

_VWW_ROWS = ((1, 16), (2, 32), (1, 32), (2, 64), (1, 64), (2, 128), *[(1, 128)] * 5, (2, 256), (1, 256))


def _mlperf(
    name: str,
    input_shape: Shape,
    stem: ConvBlock,
    rest: tuple[Separable | BasicResidual, ...],
    classes: int,
) -> Network:
    head = Classifier(classes=classes)
    return Network(name, input_shape, (stem, *rest), head, Activation.RELU, Padding.SAME)


MLPERF_NETWORKS = (
    _mlperf(
        "mlperf_vww96",
        (96, 96, 3),
        ConvBlock(3, 2, 8),
        tuple(Separable(stride, channels) for stride, channels in _VWW_ROWS),
        classes=2,
    ),
    _mlperf(
        "mlperf_resnet8",
        (32, 32, 3),
        ConvBlock(3, 1, 16),
        (BasicResidual(1, 16), BasicResidual(2, 32), BasicResidual(2, 64)),
        classes=10,
    ),
    _mlperf("mlperf_kws_dscnn", (49, 10, 1), ConvBlock((10, 4), 2, 64), (Separable(1, 64),) * 4, classes=12),
)
