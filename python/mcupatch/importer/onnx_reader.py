"""An ONNX file as plain data: nodes, constants and the types of its ends, checked before anything uses them.

Only the protobuf parser is trusted with the bytes. Sizes are checked against what is really in the file, so an
absurd shape costs nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcupatch.errors import BadInput, UnsupportedModel

MAX_ELEMENTS = 1 << 28  # of one tensor; far beyond any microcontroller
DEFAULT_DOMAINS = ("", "ai.onnx")

# onnx.TensorProto.DataType
_DTYPES = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 11: "float64"}
_TYPE_NAMES = {4: "uint16", 5: "int16", 8: "string", 10: "float16", 16: "bfloat16", 21: "uint4", 22: "int4"}
_TYPED_FIELDS = {
    1: "float_data",
    2: "int32_data",
    3: "int32_data",
    6: "int32_data",
    7: "int64_data",
    9: "int32_data",
}
_TYPED_FIELDS[11] = "double_data"

Array = NDArray[Any]
Attribute = Any  # int, float, str, ndarray, or a tuple of the first three


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """``inputs`` and ``outputs`` are value names; an input left out is the empty string."""

    op_type: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]

    def input(self, position: int) -> str:
        """The name at ``position``, or the empty string where the optional input is left out."""
        return self.inputs[position] if position < len(self.inputs) else ""

    @property
    def where(self) -> str:
        return f"{self.op_type} {self.name!r}"


@dataclass(frozen=True)
class OnnxEnd:
    """An input or an output of the model. ``shape`` is None for an output that the file does not describe."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class OnnxModel:
    opset: int
    inputs: tuple[OnnxEnd, ...]
    outputs: tuple[OnnxEnd, ...]
    nodes: tuple[OnnxNode, ...]
    constants: dict[str, Array]


def read_onnx(data: bytes) -> OnnxModel:
    """Parse ``data``. Constant nodes are moved into ``constants``; nodes come in execution order.

    Raises BadInput for a file that is not a whole, consistent ONNX model, UnsupportedModel for one that keeps its
    weights in other files, has dynamic shapes or unknown element types at its ends.
    """
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    model = ModelProto()
    try:
        model.ParseFromString(data)
    except (DecodeError, RuntimeError, ValueError) as error:
        raise BadInput("this is not an ONNX file, or it is damaged.") from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise BadInput("it holds no network: the file is empty, damaged or not an ONNX model.")
    if graph.sparse_initializer:
        raise UnsupportedModel("it has sparse weights; save it with dense ones.")
    constants = {_text(t.name): _read_tensor(t) for t in graph.initializer}
    nodes = []
    for i, proto in enumerate(graph.node):
        node = _read_node(proto, i)
        if node.op_type == "Constant" and node.domain in DEFAULT_DOMAINS:
            constants[_single_output(node)] = _constant_value(node)
        else:
            nodes.append(node)
    inputs = tuple(_read_input(v) for v in graph.input if _text(v.name) not in constants)
    outputs = tuple(_read_output(v) for v in graph.output)
    _check_order(nodes, {*constants, *(end.name for end in inputs)}, outputs)
    return OnnxModel(_opset(model), inputs, outputs, tuple(nodes), constants)


def _opset(model: Any) -> int:
    versions = [int(o.version) for o in model.opset_import if o.domain in DEFAULT_DOMAINS]
    return versions[0] if versions else 1


def _read_tensor(tensor: Any) -> Array:
    """An initialiser as an array; the payload must have exactly the size that the shape asks for."""
    name = _text(tensor.name)
    if tensor.data_location == 1 or tensor.external_data:
        raise UnsupportedModel(
            f"its weights lie in another file (tensor {name!r}); "
            "save it as one file, with onnx.save_model(..., save_as_external_data=False)."
        )
    shape = tuple(int(d) for d in tensor.dims)
    if any(d < 0 for d in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise BadInput(f"tensor {name!r} has an impossible shape: the file is damaged.")
    if tensor.data_type not in _DTYPES:
        kind = _TYPE_NAMES.get(tensor.data_type, f"type {tensor.data_type}")
        raise UnsupportedModel(
            f"tensor {name!r} is of {kind}, which is not supported; quantise the model to 8 bits."
        )
    dtype = np.dtype(_DTYPES[tensor.data_type])
    count = math.prod(shape)
    if tensor.raw_data:
        if len(tensor.raw_data) != count * dtype.itemsize:
            raise BadInput(
                f"tensor {name!r} does not hold as many bytes as its shape needs: the file is damaged."
            )
        return np.frombuffer(tensor.raw_data, dtype.newbyteorder("<")).astype(dtype).reshape(shape)
    values = getattr(tensor, _TYPED_FIELDS[tensor.data_type])
    if len(values) != count:
        raise BadInput(
            f"tensor {name!r} does not hold as many values as its shape needs: the file is damaged."
        )
    wide = np.asarray(values, np.float64 if dtype.kind == "f" else np.int64)
    return wide.astype(dtype).reshape(shape)


def _read_node(proto: Any, index: int) -> OnnxNode:
    attributes = {_text(a.name): _read_attribute(a) for a in proto.attribute}
    inputs, outputs = tuple(map(_text, proto.input)), tuple(map(_text, proto.output))
    name = _text(proto.name) or (outputs[0] if outputs else "") or f"node {index}"
    return OnnxNode(_text(proto.op_type), _text(proto.domain), name, inputs, outputs, attributes)


def _text(value: str | bytes) -> str:
    """A name of the file. The parser hands over bytes where they are not UTF-8."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _read_attribute(proto: Any) -> Attribute:
    """The value of an attribute, None for a kind that no supported operator has (subgraphs)."""
    if proto.type == 1:
        return float(proto.f)
    if proto.type == 2:
        return int(proto.i)
    if proto.type == 3:
        return proto.s.decode("utf-8", "replace")
    if proto.type == 4:
        return _read_tensor(proto.t)
    if proto.type == 6:
        return tuple(float(v) for v in proto.floats)
    if proto.type == 7:
        return tuple(int(v) for v in proto.ints)
    return None


def _constant_value(node: OnnxNode) -> Array:
    kinds = {
        "value_float": np.float32,
        "value_floats": np.float32,
        "value_int": np.int64,
        "value_ints": np.int64,
    }
    for key, value in node.attributes.items():
        if key == "value" and isinstance(value, np.ndarray):
            return value
        if key in kinds and value is not None and not isinstance(value, (str, np.ndarray)):
            return np.asarray(value, kinds[key])
    raise UnsupportedModel(f"the constant {node.name!r} is of a kind that is not supported.")


def _single_output(node: OnnxNode) -> str:
    if len(node.outputs) != 1 or not node.outputs[0]:
        raise BadInput(f"{node.where} has no output: the file is damaged.")
    return node.outputs[0]


def _element_type(value: Any, what: str) -> str:
    kind = value.type.tensor_type.elem_type if value.type.HasField("tensor_type") else 0
    name = _DTYPES.get(kind)
    if name not in ("float32", "int8", "uint8"):
        shown = name or _TYPE_NAMES.get(kind, "an unknown type")
        raise UnsupportedModel(
            f"the {what} {_text(value.name)!r} is of {shown}; only float32, int8 and uint8 are supported."
        )
    return name


def _read_input(value: Any) -> OnnxEnd:
    dtype = _element_type(value, "input")
    if not value.type.tensor_type.HasField("shape"):
        raise UnsupportedModel(
            f"the input {_text(value.name)!r} has no shape; export the model with a fixed one."
        )
    sides: list[int] = []
    for i, dim in enumerate(value.type.tensor_type.shape.dim):
        if dim.HasField("dim_value"):
            sides.append(int(dim.dim_value))
        elif i == 0:
            sides.append(1)  # an open batch: a microcontroller runs one image at a time
        else:
            raise UnsupportedModel(
                f"side {i} of the input {_text(value.name)!r} is dynamic ({_text(dim.dim_param) or 'unknown'}); "
                "export the model with a fixed input shape."
            )
    if any(side < 1 for side in sides):
        raise UnsupportedModel(
            f"the input {_text(value.name)!r} has shape {sides}: every side must be at least 1."
        )
    if math.prod(sides) > MAX_ELEMENTS:
        raise UnsupportedModel(f"the input {_text(value.name)!r} has shape {sides}, which is too large.")
    return OnnxEnd(_text(value.name), dtype, tuple(sides))


def _read_output(value: Any) -> OnnxEnd:
    """The shape is not read: it follows from the operators."""
    return OnnxEnd(_text(value.name), _element_type(value, "output"), None)


def _check_order(nodes: list[OnnxNode], known: set[str], outputs: tuple[OnnxEnd, ...]) -> None:
    """Every value is made once, before it is used: ONNX's own rule, which a damaged file breaks."""
    for node in nodes:
        missing = next((n for n in node.inputs if n and n not in known), None)
        if missing is not None:
            raise BadInput(
                f"{node.where} reads {missing!r}, which nothing before it makes: the file is damaged."
            )
        made = [n for n in node.outputs if n]
        if not made or known.intersection(made) or len(set(made)) != len(made):
            raise BadInput(f"{node.where} makes no value, or one that exists already: the file is damaged.")
        known.update(made)
    for end in outputs:
        if end.name not in known:
            raise BadInput(f"nothing makes the output {end.name!r}: the file is damaged.")
