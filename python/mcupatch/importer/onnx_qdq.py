"""ONNX models in QDQ form, as onnxruntime's ``quantize_static(..., QuantFormat.QDQ)`` writes them.

    x float -> QuantizeLinear -> DequantizeLinear -> Conv -> QuantizeLinear -> DequantizeLinear -> ...
    x float -> quantize -> transpose -> conv2d -> ...

Real values between a DequantizeLinear and a QuantizeLinear become int8 operators. Inside, tensors are ``[1, H, W, C]``;
the model's ends keep the model's own order (``[1, C, H, W]``), so the bytes at the ends are those that
onnxruntime takes and gives. uint8 activations are held 128 lower, as int8.

With ``float`` rounding the result equals onnxruntime's integer kernels byte for byte (x86-64 with AVX2 and FMA); the
session must be told to use them for every operator, since by default it leaves some convolutions in float32:
``session.qdqisint8allowed = 1`` for int8 activations, ``session.x64quantprecision = 1`` for uint8 activations.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcupatch.errors import BadInput, UnsupportedModel
from mcupatch.importer.fold_padding import fold_padding
from mcupatch.importer.onnx_converters import (
    activations,
    arithmetic,
    convolution,
    dense,
    ends,
    movement,
    pooling,
    resize,
    softmax,
)
from mcupatch.importer.onnx_converters.builder import TO_PLAIN, TO_SPATIAL, GraphBuilder
from mcupatch.importer.onnx_converters.context import Context, Converter, NotConvertible, UsesUnknown
from mcupatch.importer.onnx_converters.values import ConstantReal, Unknown
from mcupatch.importer.onnx_reader import DEFAULT_DOMAINS, OnnxModel, OnnxNode, read_onnx
from mcupatch.ir.graph import Graph
from mcupatch.ir.quant import Rounding
from mcupatch.ir.verify import GraphError, verify_graph

CONVERTERS: Mapping[str, Converter] = {
    "QuantizeLinear": ends.convert_quantize,
    "DequantizeLinear": ends.convert_dequantize,
    **activations.CONVERTERS,
    **arithmetic.CONVERTERS,
    **convolution.CONVERTERS,
    **dense.CONVERTERS,
    **movement.CONVERTERS,
    **pooling.CONVERTERS,
    **resize.CONVERTERS,
    **softmax.CONVERTERS,
}
HINTS = {
    "BatchNormalization": "fold it into the convolution before it, with onnxruntime's quant_pre_process",
    "ConvTranspose": "replace it by Resize and Conv",
}
MAX_NAMED = 12  # problems that one error lists


def import_onnx(
    data: bytes, name: str, rounding: Rounding = Rounding.FLOAT, channels_last_ends: bool = False
) -> Graph:
    """The graph of a quantised ONNX model; ``name`` is for messages and names the graph.

    ``channels_last_ends``: inputs and outputs of rank 4 are ``[1, H, W, C]``, as a camera and the operators inside
    have them, instead of ``[1, C, H, W]``. No transposition is then needed at the ends.

    Raises BadInput for damaged data, UnsupportedModel for a float model and for one whose operators, types or shapes
    are not supported; that error names all of them.
    """
    try:
        model = read_onnx(data)
        _check_form(model)
        # Absurd scales overflow in float32; what is not finite then is refused by verify_graph, not by a warning.
        with np.errstate(all="ignore"):
            graph = fold_padding(
                _convert_model(model, name.removesuffix(".onnx"), rounding, channels_last_ends)
            )
        verify_graph(graph)
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from error
    except UnsupportedModel as error:
        raise UnsupportedModel(f"{name}: {error}") from error
    except GraphError as error:
        raise BadInput(f"{name} is not a consistent ONNX model: {error}.") from error
    return graph


def _convert_model(model: OnnxModel, name: str, rounding: Rounding, channels_last_ends: bool) -> Graph:
    turned: frozenset[str] = _find_planar_ends(model) if channels_last_ends else frozenset()
    context = Context(GraphBuilder(), {}, model.opset, rounding, turned)
    for constant, array in model.constants.items():
        context.values[constant] = ConstantReal(array)
    inputs = []
    for end in model.inputs:
        tensor, context.values[end.name] = ends.begin_input(context, end)
        inputs.append(tensor)
    problems = _convert_nodes(context, _find_live(model))
    outputs = []
    for end in model.outputs:
        try:
            outputs.append(ends.finish_output(context, end))
        except NotConvertible as reason:
            problems.append(f"output {end.name!r}: {reason}")
    if problems:
        raise UnsupportedModel(_describe(problems))
    if len(set(outputs)) != len(outputs):
        raise UnsupportedModel("two of its outputs are one and the same tensor; keep one of them.")
    return context.builder.finish(name, tuple(inputs), tuple(outputs))


def _find_planar_ends(model: OnnxModel) -> frozenset[str]:
    """The inputs and outputs but those that the model itself transposes from, or to, ``[1, H, W, C]``."""
    channels_last: set[str] = set()
    same: dict[str, str] = {}  # what QuantizeLinear and DequantizeLinear give, to what they started from
    for node in model.nodes:
        source = same.get(node.input(0), node.input(0))
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            same[node.outputs[0]] = source
        elif node.op_type == "Transpose" and node.attributes.get("perm") == TO_PLAIN:
            channels_last.add(source)
        elif node.op_type == "Transpose" and node.attributes.get("perm") == TO_SPATIAL:
            channels_last.add(node.outputs[0])
    names = [end.name for end in (*model.inputs, *model.outputs)]
    return frozenset(n for n in names if same.get(n, n) not in channels_last)


def _find_live(model: OnnxModel) -> list[OnnxNode]:
    """The nodes that some output depends on, in order."""
    needed = {end.name for end in model.outputs}
    live = []
    for node in reversed(model.nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            live.append(node)
    return live[::-1]


def _check_form(model: OnnxModel) -> None:
    """Refuse whole kinds of models at once, with what to do instead."""
    kinds = {node.op_type for node in model.nodes}
    integer = sorted(k for k in kinds if k.startswith(("QLinear", "QGemm")) or k.endswith("Integer"))
    if integer or "DynamicQuantizeLinear" in kinds:
        raise UnsupportedModel(
            f"it computes with {', '.join(integer[:3]) or 'DynamicQuantizeLinear'}; quantise it statically "
            "in the QDQ format instead: quantize_static(..., quant_format=QuantFormat.QDQ)."
        )
    if "QuantizeLinear" not in kinds and "DequantizeLinear" not in kinds:
        raise UnsupportedModel(
            "this is a float model; quantise it first, with `mcupatch quantize MODEL.onnx --images DIR` or with "
            "onnxruntime.quantization.quantize_static(..., quant_format=QuantFormat.QDQ)."
        )


def _convert_nodes(context: Context, nodes: list[OnnxNode]) -> list[str]:
    """Convert every node; the problems of those that cannot be."""
    problems = []
    for node in nodes:
        try:
            context.values[node.outputs[0]] = _converter(node)(context, node)
        except UsesUnknown:
            context.values[node.outputs[0]] = Unknown()
        except (
            NotConvertible,
            ValueError,
        ) as reason:  # a ValueError is a tensor that cannot be: a side of 0, say
            problems.append(f"{node.where}: {reason}")
            context.values[node.outputs[0]] = Unknown()
        for extra in node.outputs[1:]:
            context.values[extra] = Unknown()
    return problems


def _converter(node: OnnxNode) -> Converter:
    contrib = node.domain == "com.microsoft" and node.op_type in ("QuantizeLinear", "DequantizeLinear")
    if node.op_type not in CONVERTERS or not (node.domain in DEFAULT_DOMAINS or contrib):
        known = "this operator is not supported"
        raise NotConvertible(HINTS.get(node.op_type, known))
    if not node.outputs[0]:
        raise BadInput(f"{node.where} has no first output: the file is damaged.")
    return CONVERTERS[node.op_type]


def _describe(problems: list[str]) -> str:
    shown = "; ".join(problems[:MAX_NAMED])
    more = f"; and {len(problems) - MAX_NAMED} more" if len(problems) > MAX_NAMED else ""
    return f"it holds what mcupatch does not compile: {shown}{more}."
