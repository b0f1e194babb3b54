"""Networks with fewer or more channels in every block."""

from __future__ import annotations

from dataclasses import replace

from mcupatch.zoo.blocks import Classifier, Detector, Network
from mcupatch.zoo.mobilenet import round_channels


def scale_width(network: Network, width: float) -> Network:
    """Every channel count between the input and the outputs times ``width``, rounded as MobileNetV2 does."""

    def scaled(channels: int) -> int:
        return round_channels(channels * width)

    blocks = tuple(replace(block, out_channels=scaled(block.out_channels)) for block in network.blocks)
    head = network.head
    if isinstance(head, Classifier):
        if head.feature_channels is not None:
            head = replace(head, feature_channels=scaled(head.feature_channels))
    else:
        head = Detector(
            tuple(
                replace(p, mid_channels=scaled(p.mid_channels), channels=scaled(p.channels))
                for p in head.predictions
            )
        )
    return replace(network, blocks=blocks, head=head)
