"""What each operator of a network costs in one run, as plain frozen values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """``instructions`` are counted exactly; ``cycles_model`` come from a model of the core."""

    instructions: int
    cycles_model: int


@dataclass(frozen=True)
class OperatorCost:
    """One operator. ``macs`` of it run whole: what tiles compute anew costs instructions, and counts as no MAC.

    ``kernel`` and ``stride`` are (rows, columns), empty where there is no window.
    """

    index: int
    name: str
    kind: str
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    macs: int
    cost: Cost

    @property
    def instructions_per_mac(self) -> float | None:
        """None where there are no MACs."""
        return self.cost.instructions / self.macs if self.macs else None

    @property
    def title(self) -> str:
        """``depthwise 3x3/2``: the kind in short, the kernel, and the stride if it is not 1."""
        kernel = f" {'x'.join(map(str, self.kernel))}" if self.kernel else ""
        rows, *others = self.stride or (1,)
        stride = (
            f"/{rows}" if all(other == rows for other in others) else f"/{'x'.join(map(str, self.stride))}"
        )
        return self.kind.removesuffix("_conv2d") + kernel + (stride if stride != "/1" else "")


@dataclass(frozen=True)
class OperatorCosts:
    """All operators, and ``glue``: what ran outside of them. Together they are the whole run."""

    name: str
    board: str
    cpu: str
    operators: tuple[OperatorCost, ...]
    glue: Cost
    matches_reference: bool
    as_compiled: bool  # equal to whole tensors with the rounding of the compilation

    @property
    def total(self) -> Cost:
        parts = (*(each.cost for each in self.operators), self.glue)
        return Cost(sum(p.instructions for p in parts), sum(p.cycles_model for p in parts))

    @property
    def macs(self) -> int:
        return sum(each.macs for each in self.operators)

    def share(self, cost: Cost) -> float:
        """Of the instructions of the whole run, 0 to 1."""
        return cost.instructions / self.total.instructions

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "board": self.board,
            "cpu": self.cpu,
            "macs": self.macs,
            **asdict(self.total),
            "operators": [self._operator_json(each) for each in self.operators],
            "glue": {**asdict(self.glue), "share": self.share(self.glue)},
            "matches_reference": self.matches_reference,
            "as_compiled": self.as_compiled,
        }

    def _operator_json(self, each: OperatorCost) -> dict[str, Any]:
        values = asdict(each)
        cost = values.pop("cost")
        rates = {"instructions_per_mac": each.instructions_per_mac, "share": self.share(each.cost)}
        return {**values, **cost, **rates}
