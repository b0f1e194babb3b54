"""A network of blocks as a JSON file, and back: what the tools write, a user may edit.

``{"name", "input": [H, W, C], "blocks": [{"kind": "inverted_residual", "kernel": 3, …}, …], "head": {…}}``; the
fields are those of ``mcupatch.zoo.blocks``, and what has its ordinary value may be left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from mcupatch.errors import BadInput
from mcupatch.zoo.blocks import (
    BasicResidual,
    Classifier,
    ConvBlock,
    Detector,
    InvertedResidual,
    MergeDown,
    MergeUp,
    Network,
    Prediction,
    Separable,
)
from mcupatch.zoo.check_network import check_network
from mcupatch.zoo.layers import Activation, GateFunction, Padding

_KINDS = {
    "conv": ConvBlock,
    "inverted_residual": InvertedResidual,
    "separable": Separable,
    "basic_residual": BasicResidual,
    "merge_up": MergeUp,
    "merge_down": MergeDown,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_CHOICES = {"activation": Activation, "padding": Padding, "gate": GateFunction}
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LARGEST_NUMBER = 1 << 16  # of pixels, channels and classes

Record = TypeVar("Record")


def format_definition(network: Network) -> str:
    """The file's text; ``parse_definition`` gives an equal network back."""
    head: dict[str, Any]
    if isinstance(network.head, Classifier):
        head = {"kind": "classifier", **_changed_fields(network.head)}
    else:
        head = {"kind": "detector", "predictions": [_changed_fields(p) for p in network.head.predictions]}
    value = {
        "name": network.name,
        "input": list(network.input_shape),
        **{key: getattr(network, key).value for key in _CHOICES},
        "blocks": [{"kind": _NAMES[type(block)], **_changed_fields(block)} for block in network.blocks],
        "head": head,
    }
    blocks = ",\n  ".join(json.dumps(block) for block in value.pop("blocks"))  # a block a line
    rest = json.dumps(value, indent=1).removesuffix("\n}")
    return f'{rest},\n "blocks": [\n  {blocks}\n ]\n}}\n'


def parse_definition(data: bytes) -> Network:
    """The network of such a file. Raises BadInput, with the place, for what is not one."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"This network definition is not JSON: {error}.") from error
    top = _as_object(value, "The definition")
    unknown = set(top) - {"name", "input", "blocks", "head", *_CHOICES}
    if unknown:
        raise BadInput(f"The definition has no field {sorted(unknown)[0]!r}.")
    name = top.get("name")
    if not isinstance(name, str) or not _SAFE_NAME.fullmatch(name):
        raise BadInput("A definition's \"name\" is of letters, digits, '_', '.' and '-', at most 64.")
    shape = top.get("input")
    if not isinstance(shape, list) or len(shape) != 3:
        raise BadInput('A definition\'s "input" is [height, width, channels].')
    height, width, channels = (_check_number(n, "input") for n in shape)
    listed = top.get("blocks")
    if not isinstance(listed, list) or not listed:
        raise BadInput('A definition\'s "blocks" is a list of at least one block.')
    blocks = tuple(_parse_block(each, f"block {number}") for number, each in enumerate(listed))
    for number, block in enumerate(blocks):
        if isinstance(block, MergeUp | MergeDown) and block.other >= number:
            raise BadInput(f'block {number}: "other" names the number of an earlier block.')
    head = _parse_head(_as_object(top.get("head"), "head"), len(blocks))
    choices = {key: _parse_choice(top[key], key) for key in _CHOICES if key in top}
    network = Network(name, (height, width, channels), blocks, head, **choices)
    check_network(network)
    return network


def _changed_fields(record: Any) -> dict[str, Any]:
    """What is not as it would be anyway."""
    return {f.name: getattr(record, f.name) for f in fields(record) if getattr(record, f.name) != f.default}


def _parse_block(value: Any, where: str) -> Any:
    found = dict(_as_object(value, where))
    name = found.pop("kind", None)
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise BadInput(f'{where}: "kind" is one of {", ".join(_KINDS)}.')
    return _parse_record(kind, found, where)


def _parse_head(value: dict[str, Any], blocks: int) -> Classifier | Detector:
    found = dict(value)
    kind = found.pop("kind", None)
    if kind == "classifier":
        return _parse_record(Classifier, found, "head")
    if kind != "detector" or not isinstance(found.get("predictions"), list) or not found["predictions"]:
        raise BadInput('head: "kind" is classifier, or detector with a list of "predictions".')
    predictions = tuple(
        _parse_record(Prediction, _as_object(p, "head"), "head") for p in found["predictions"]
    )
    if any(p.source >= blocks for p in predictions):
        raise BadInput('head: "source" names the number of a block.')
    return Detector(predictions)


def _parse_record(kind: type[Record], value: dict[str, Any], where: str) -> Record:
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = set(value) - set(known)
    if unknown:
        raise BadInput(f"{where} has no field {sorted(unknown)[0]!r}; it may have {', '.join(known)}.")
    missing = [name for name, f in known.items() if f.default is MISSING and name not in value]
    if missing:
        raise BadInput(f"{where} lacks the field {missing[0]!r}.")
    return kind(
        **{
            name: _parse_pair(value[name], f"{where}: {name}")
            if kind is ConvBlock and name == "kernel" and isinstance(value[name], list)
            else _parse_field(value[name], name, known[name].default, where)
            for name in value
        }
    )


def _parse_pair(value: list[Any], where: str) -> tuple[int, int]:
    if len(value) != 2:
        raise BadInput(f"{where} is a whole number, or [rows, columns].")
    return _check_number(value[0], where), _check_number(value[1], where)


def _parse_field(value: Any, name: str, default: Any, where: str) -> Any:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise BadInput(f"{where}: {name!r} is true or false.")
        return value
    if value is None and default is None:
        return None
    return _check_number(value, f"{where}: {name}", 0 if name in ("squeeze", "other", "source") else 1)


def _parse_choice(value: Any, key: str) -> Any:
    kinds = _CHOICES[key]
    if value not in [kind.value for kind in kinds]:
        raise BadInput(f"{key!r} is one of {', '.join(kind.value for kind in kinds)}.")
    return kinds(value)


def _check_number(value: Any, where: str, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _LARGEST_NUMBER:
        raise BadInput(f"{where} is a whole number from {least} to {_LARGEST_NUMBER}.")
    return value


def _as_object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} is a JSON object, in braces.")
    return value
