"""MCUNet's person detector: a backbone, a pyramid that goes down and up again, three predictions."""

from __future__ import annotations

from mcupatch.zoo.blocks import (
    ConvBlock,
    Detector,
    InvertedResidual,
    MergeDown,
    MergeUp,
    Network,
    Prediction,
)

_ANCHORS, _VALUES = 3, 6  # a box's four sides, its certainty and one class
_C3, _C4, _C5, _TD4, _P3, _P4, _P5 = 4, 6, 9, 11, 13, 15, 17  # block numbers

_BLOCKS = (
    ConvBlock(3, 2, 16),
    InvertedResidual(3, 1, 1, 16, skip=False),
    InvertedResidual(3, 2, 2, 16),
    InvertedResidual(3, 2, 4, 16),
    InvertedResidual(3, 1, 3, 16),  # C3
    InvertedResidual(3, 2, 3, 32),
    InvertedResidual(3, 1, 6, 32, skip=False),  # C4
    InvertedResidual(3, 2, 4, 48),
    InvertedResidual(3, 1, 4, 48),
    InvertedResidual(3, 1, 4, 48),  # C5
    MergeUp(32, _C4),
    InvertedResidual(3, 1, 3, 32),  # TD4
    MergeUp(16, _C3),
    InvertedResidual(3, 1, 2, 16),  # P3
    MergeDown(32, _TD4),
    InvertedResidual(3, 1, 2, 32),  # P4
    MergeDown(48, _C5),
    InvertedResidual(3, 1, 2, 48),  # P5
)
PERSON_DET = Network(
    "person_det",
    (128, 160, 3),
    _BLOCKS,
    Detector(
        (
            Prediction(_P3, 64, 48, _ANCHORS * _VALUES),
            Prediction(_P4, 64, 96, _ANCHORS * _VALUES),
            Prediction(_P5, 192, 144, _ANCHORS * _VALUES),
        )
    ),
)
