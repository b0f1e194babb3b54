"""The networks of ``shared/networks`` as graphs with zero weights, for figures that depend on shapes alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcupatch.ir.graph import Graph
from tests.support.graphs import GraphBuilder


def load_network(path: Path) -> tuple[Graph, list[dict[str, Any]]]:
    """The graph of one file and its ``layers``: operator i of the graph is layer i of the list."""
    data = json.loads(path.read_text())
    builder = GraphBuilder(data["name"])
    tensors = {"in": builder.input(*data["input"])}
    same = data["padding"].startswith("TensorFlow")
    read: set[str] = set()
    for i, layer in enumerate(data["layers"]):
        sources = [tensors[name] for name in layer["src"]]
        read.update(layer["src"])
        name = f"{i}:{layer['block']}:{layer['role']}"
        tensors[layer["dst"]] = _add_layer(builder, layer, sources, same, name)
    ends = [name for dst, name in tensors.items() if dst not in read]
    return builder.build(*ends), data["layers"]


def _add_layer(b: GraphBuilder, layer: dict[str, Any], sources: list[str], same: bool, name: str) -> str:
    kind, x, out = layer["op"], sources[0], layer["out_shape"]
    if kind in ("conv", "dw", "maxpool"):
        kernel, stride = layer["kernel"], layer["stride"]
        pads = [_pads(layer["in_shape"][a], out[a], kernel[a], stride[a], same) for a in (0, 1)]
        window = {
            "kernel": kernel,
            "stride": stride,
            "pad": (pads[0][0], pads[1][0], pads[0][1], pads[1][1]),
            "name": name,
        }
        if kind == "conv":
            return b.conv(x, out[2], groups=layer["groups"], **window)
        return b.depthwise(x, **window) if kind == "dw" else b.max_pool(x, **window)
    if kind == "add":
        return b.add(sources[0], sources[1], name=name)
    if kind == "scale":
        return b.mul(sources[0], sources[1], name=name)
    if kind == "gap":
        return b.mean(x, keep=True, name=name)
    if kind == "fc":
        return b.dense(x, out[2], name=name)
    assert kind == "resize2x", kind
    return b.resize(x, out[0], out[1], name=name)


def _pads(size: int, out: int, kernel: int, stride: int, same: bool) -> tuple[int, int]:
    """Positions before and after, so that ``out`` is ceil(size / stride)."""
    total = max((out - 1) * stride + kernel - size, 0)
    before = total // 2 if same else min(kernel // 2, (kernel - 1) // 2 if kernel % 2 == 0 else kernel // 2)
    return before, max(total - before, 0)
