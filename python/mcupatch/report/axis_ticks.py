"""Round values along an axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST_TICKS = 7


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``, both round, with a tick every ``step``."""

    low: float
    high: float
    step: float

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        return (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> tuple[float, ...]:
        count = round((self.high - self.low) / self.step)
        return tuple(self.low + i * self.step for i in range(count + 1))

    def label(self, value: float) -> str:
        """As many decimals as the step has."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if decimals and round(self.step * 10**decimals, 6) != round(self.step * 10**decimals):
            decimals += 1
        return f"{value + 0.0:.{decimals}f}"


def choose_axis(least: float, most: float) -> Axis:
    """The axis of the fewest units that holds both values: steps of 1, 2 or 5 times a power of ten."""
    span = most - least if most > least else max(abs(most) * 0.1, 1.0)
    exponent = math.floor(math.log10(span / (MOST_TICKS - 1)))
    for step in (mantissa * 10.0**power for power in (exponent, exponent + 1) for mantissa in (1, 2, 5)):
        low, high = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
        high = max(high, low + 1)
        if high - low < MOST_TICKS:
            return Axis(low * step, high * step, step)
    raise AssertionError("ten steps of the next power hold any span")
