"""A tensor of the network: its shape, element type and quantisation."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mcupatch.ir.quant import QuantParams

ITEM_BYTES = {"int8": 1, "uint8": 1, "int32": 4, "float32": 4}


@dataclass(frozen=True)
class Tensor:
    """One activation. ``shape`` keeps the model's rank, with the batch of 1 in front: ``[1, H, W, C]``."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    quant: QuantParams | None = None

    def __post_init__(self) -> None:
        if self.dtype not in ITEM_BYTES:
            raise ValueError(f"tensor {self.name!r} has element type {self.dtype}")
        if any(n < 1 for n in self.shape):
            raise ValueError(f"tensor {self.name!r} has shape {self.shape}: every side must be at least 1")

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def item_bytes(self) -> int:
        return ITEM_BYTES[self.dtype]

    @property
    def nbytes(self) -> int:
        return self.elements * self.item_bytes

    @property
    def hwc(self) -> tuple[int, int, int]:
        """The shape as ``(H, W, C)``: missing spatial sides count as 1.

        ``[1, C]`` is (1, 1, C), ``[1, M, C]`` is (1, M, C); a rank above 4 folds the leading sides into H.
        """
        if not self.shape:
            return 1, 1, 1
        *lead, channels = self.shape
        width = lead[-1] if len(lead) > 1 else 1
        height = math.prod(lead[:-1]) if len(lead) > 1 else math.prod(lead)
        return height, width, channels
