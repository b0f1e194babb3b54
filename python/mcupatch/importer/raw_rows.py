"""A float input that is streamed takes the camera's raw bytes: scaling and quantisation become one table.

x float32 -> quantize -> x_q int8 -> ...
x uint8   -> lut      -> x_q int8 -> ...              table[raw] = quantize(raw * scale + offset)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import BadInput
from mcupatch.ir import reference
from mcupatch.ir.graph import Graph
from mcupatch.ir.ops import Lut, Operator, Quantize
from mcupatch.ir.quant import QuantParams

_RAW = np.arange(256, dtype=np.uint8)
_SHIFT = 128  # between the raw byte of a pixel and the int8 value that stands for it


@dataclass(frozen=True)
class RawScaling:
    """What a raw byte means: ``real = raw * scale + offset``, each step in float32."""

    scale: float
    offset: float

    def real(self, raw: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the model's own float input would hold for ``raw``."""
        values: NDArray[np.float32] = raw.astype(np.float32) * np.float32(self.scale) + np.float32(
            self.offset
        )
        return values


def take_raw_rows(graph: Graph, names: Sequence[str], scaling: RawScaling | None = None) -> Graph:
    """``graph`` with those of the inputs ``names`` as uint8 that are float32 and quantised right away.

    Without ``scaling`` each is scaled as its quantisation says: the raw byte p becomes the int8 value p - 128, as
    pictures do in a run (``model_inputs.py``). Raises BadInput for a ``scaling`` that no input takes.
    """
    scalings = {name: scaling or own_scaling(graph, name) for name in names if is_quantised(graph, name)}
    if scaling is not None and not scalings:
        raise BadInput("Only a float input that is quantised right away takes a scale and an offset.")
    tensors = dict(graph.tensors)
    for name, found in scalings.items():
        tensors[name] = replace(tensors[name], dtype="uint8", quant=_as_quant(found))
    converted = tuple(
        _as_table(op, scalings[op.inputs[0]]) if op.inputs and op.inputs[0] in scalings else op
        for op in graph.ops
    )
    return replace(graph, ops=converted, tensors=tensors)


def is_quantised(graph: Graph, name: str) -> bool:
    """Whether all that reads the input ``name`` is a conversion of its float values to int8."""
    readers = [graph.ops[i] for i in graph.consumers[name]]
    return bool(readers) and all(isinstance(op, Quantize) for op in readers)


def own_scaling(graph: Graph, name: str) -> RawScaling:
    """The scaling by which raw bytes span the range of the input's own quantisation."""
    op = graph.ops[graph.consumers[name][0]]
    assert isinstance(op, Quantize)
    return RawScaling(op.scale, -op.scale * (op.zero_point + _SHIFT))


def _as_table(op: Operator, scaling: RawScaling) -> Lut:
    assert isinstance(op, Quantize)
    return Lut(op.name, op.inputs, op.output, reference.quantize(op, scaling.real(_RAW)))


def _as_quant(scaling: RawScaling) -> QuantParams | None:
    """The scaling as quantisation parameters of uint8, where its offset is a whole number of steps."""
    if scaling.scale <= 0:
        return None
    zero_point = round(-scaling.offset / scaling.scale)
    exact = np.isclose(-zero_point * scaling.scale, scaling.offset, rtol=1e-6)
    return (
        QuantParams(float(np.float32(scaling.scale)), zero_point)
        if 0 <= zero_point <= 255 and exact
        else None
    )
