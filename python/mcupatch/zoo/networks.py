"""The networks of the zoo, and how a name on the command line finds one."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches

from mcupatch.errors import BadInput
from mcupatch.zoo.blocks import Network
from mcupatch.zoo.fbnet import FBNET_NETWORKS
from mcupatch.zoo.mcunet import MCUNET_NETWORKS
from mcupatch.zoo.mlperf import MLPERF_NETWORKS
from mcupatch.zoo.mnasnet import MNASNET_NETWORKS
from mcupatch.zoo.mobilenet import MBV2_RD, make_mobilenet_v2
from mcupatch.zoo.ofa import OFA_NETWORKS
from mcupatch.zoo.person_det import PERSON_DET
from mcupatch.zoo.proxyless import PROXYLESS_NETWORKS

_SMALLEST_PIXELS, _LARGEST_PIXELS = 8, 1024
_LARGEST_WIDTH = 4.0
_DEFAULT_PIXELS = 224
_WIDTHS = (
    "mobilenet_v2",
    "mobilenet_v2_w0.35",
    "mobilenet_v2_w0.5",
    "mobilenet_v2_w0.75",
    "mobilenet_v2_w1.4",
    "mbv2_w0.35_r144",
    "mbv2_w0.3_r80",
)
_WIDE_PATTERN = re.compile(r"mobilenet_v2(?:_w([0-9]+(?:\.[0-9]+)?))?")
_SMALL_PATTERN = re.compile(r"(mbv2_w([0-9]+(?:\.[0-9]+)?))_r([0-9]{1,5})")
_FIXED = {
    network.name: network
    for network in (
        MBV2_RD,
        *PROXYLESS_NETWORKS,
        *MNASNET_NETWORKS,
        *FBNET_NETWORKS,
        *OFA_NETWORKS,
        *MCUNET_NETWORKS,
        PERSON_DET,
        *MLPERF_NETWORKS,
    )
}


def list_networks() -> tuple[str, ...]:
    """Names that ``find_network`` knows without a pattern."""
    return (*_WIDTHS, *_FIXED)


def find_network(name: str, pixels: int | None = None) -> Network:
    """The network called ``name`` for pictures of ``pixels`` (its own size where None).

    Raises BadInput for an unknown name, width or size.
    """
    if name in _FIXED:
        return _FIXED[name] if pixels is None else _resize(_FIXED[name], pixels)
    if match := _WIDE_PATTERN.fullmatch(name):
        size = _check_pixels(_DEFAULT_PIXELS if pixels is None else pixels)
        return make_mobilenet_v2(name, _check_width(match[1] or "1"), size)
    if match := _SMALL_PATTERN.fullmatch(name):
        width = _check_width(match[2])
        size = _check_pixels(int(match[3]) if pixels is None else pixels)
        return make_mobilenet_v2(f"{match[1]}_r{size}", width, size, scale_features=True)
    raise BadInput(
        f"The zoo has no network {name!r}{_suggest(name)}. 'mcupatch zoo' lists them; there is any width and size in "
        "the pattern mobilenet_v2_wWIDTH or mbv2_wWIDTH_rPIXELS as well, and @PIXELS after a name sets the size."
    )


def _suggest(name: str) -> str:
    close = get_close_matches(name, list_networks(), n=3)
    return f"; similar names are {', '.join(close)}" if close else ""


def _resize(network: Network, pixels: int) -> Network:
    if not network.takes_pictures:
        raise BadInput(
            f"{network.name} is for inputs of {network.size_text} alone: leave out @{pixels} after the name."
        )
    return replace(network, input_shape=(_check_pixels(pixels), pixels, 3))


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
