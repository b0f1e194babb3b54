"""Which importer reads a file: what it holds decides, not what it is called."""

from __future__ import annotations

from mcupatch.errors import BadInput
from mcupatch.importer.tflite import import_tflite
from mcupatch.importer.tflite_reader import IDENTIFIER
from mcupatch.ir.graph import Graph

ONNX_FIRST_BYTE = 0x08  # the field ir_version, which every writer puts first


def import_graph(data: bytes, name: str, channels_last_ends: bool = False) -> Graph:
    """The graph of a .tflite or ONNX file; ``name`` is its name without a directory.

    ``channels_last_ends``: images go in and out of an ONNX model as ``[1, H, W, C]``, which those of a .tflite
    model always do, instead of as the model's own ``[1, C, H, W]``.

    Raises BadInput if it is neither or is damaged, UnsupportedModel if mcupatch does not compile it.
    """
    if data[4:8] == IDENTIFIER:
        return import_tflite(data, name)
    if data[:1] == bytes([ONNX_FIRST_BYTE]) or (data and name.lower().endswith(".onnx")):
        from mcupatch.importer.onnx_qdq import import_onnx  # needs onnx, which a .tflite model does not

        return import_onnx(data, name, channels_last_ends=channels_last_ends)
    if name.lower().endswith(".tflite") or not data:
        return import_tflite(data, name)  # says what is wrong
    raise BadInput(
        f"{name} is neither a .tflite nor an ONNX model. Give a quantised model in one of these formats."
    )
