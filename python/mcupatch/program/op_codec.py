"""Operators as plain attributes plus constant arrays, and back: what a Relax call can carry.

Conv2D(weights=W, requant=Requant(FIXED, M, S), stride=(2, 2), padding=Padding(1, 1, 1, 1), ...)
<->  attributes {"stride": [2, 2], "padding": [1, 1, 1, 1], "requant.rounding": "fixed", ...}
     arrays     {"weights": W, "requant.multiplier": M, "requant.shift": S, ...}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.ir.ops import OPERATOR_TYPES, Clamp, Operator, Padding
from mcupatch.ir.quant import Requant, Rounding

Attributes = dict[str, Any]
Arrays = dict[str, NDArray[np.generic]]

_OWN_FIELDS = ("name", "inputs", "output")
_RECORDS: dict[str, type] = {"Padding": Padding, "Clamp": Clamp}


def operator_type(kind: str) -> type[Operator]:
    """The dataclass of an operator kind. Raises KeyError."""
    return {t.kind: t for t in OPERATOR_TYPES}[kind]


def encode_operator(op: Operator) -> tuple[Attributes, Arrays]:
    """Split ``op`` into attributes (ints, floats, strings, lists) and its non-empty arrays, in field order."""
    attributes: Attributes = {}
    arrays: Arrays = {}

    def put_array(key: str, value: NDArray[np.generic]) -> None:
        if value.size:
            arrays[key] = value
        else:
            attributes[key + ".empty"] = [value.dtype.name, *map(str, value.shape)]

    for field in dataclasses.fields(op):
        value = getattr(op, field.name)
        if field.name in _OWN_FIELDS or value is None:
            continue
        if isinstance(value, np.ndarray):
            put_array(field.name, value)
        elif isinstance(value, Requant):
            attributes[field.name + ".rounding"] = value.rounding.value
            put_array(field.name + ".multiplier", value.multiplier)
            put_array(field.name + ".shift", value.shift)
        elif isinstance(value, Padding | Clamp):
            attributes[field.name] = list(dataclasses.astuple(value))
        elif isinstance(value, Rounding):
            attributes[field.name] = value.value
        elif isinstance(value, tuple):
            attributes[field.name] = list(value)
        else:
            attributes[field.name] = value
    return attributes, arrays


def operator_arrays(op: Operator) -> Arrays:
    """The non-empty constant arrays of ``op``, in field order."""
    return encode_operator(op)[1]


def decode_operator(
    kind: str, name: str, inputs: tuple[str, ...], output: str, attributes: Mapping[str, Any], arrays: Arrays
) -> Operator:
    """The inverse of ``encode_operator``."""
    cls = operator_type(kind)

    def get_array(key: str) -> NDArray[np.generic]:
        if key in arrays:
            return arrays[key]
        dtype, *shape = (str(v) for v in attributes[key + ".empty"])
        return np.zeros([int(n) for n in shape], np.dtype(dtype))

    values: dict[str, Any] = {"name": name, "inputs": inputs, "output": output}
    for field in dataclasses.fields(cls):
        key, hint = field.name, str(field.type)
        if key in _OWN_FIELDS:
            continue
        if hint in _RECORDS:
            values[key] = _RECORDS[hint](*(int(v) for v in attributes[key]))
        elif hint.startswith("Requant"):
            values[key] = None
            if key + ".rounding" in attributes:
                rounding = Rounding(str(attributes[key + ".rounding"]))
                shift = np.asarray(get_array(key + ".shift"), np.int32)
                values[key] = Requant(rounding, get_array(key + ".multiplier"), shift)
        elif hint == "Rounding":
            values[key] = Rounding(str(attributes[key]))
        elif hint.startswith("tuple"):
            number = float if "float" in hint else int
            values[key] = tuple(number(v) for v in attributes[key])
        elif hint in ("int", "float", "bool", "str"):
            values[key] = {"int": int, "float": float, "bool": bool, "str": str}[hint](attributes[key])
        elif (
            key not in attributes
            and "None" in hint
            and key not in arrays
            and key + ".empty" not in attributes
        ):
            values[key] = None
        else:
            values[key] = get_array(key)
    return cls(**values)
