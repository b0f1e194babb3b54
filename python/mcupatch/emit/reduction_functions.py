"""The two C functions of a reduction whose input comes in windows: ``add`` a window to the sums, ``finish`` them."""

from __future__ import annotations

from collections.abc import Mapping

from mcupatch.emit import parameters as fields_of
from mcupatch.emit.c_text import c_initialiser
from mcupatch.ir import ops
from mcupatch.ir.graph import Graph
from mcupatch.program.bodies.pooling import mean_extents, pooled_count


def emit_reduction_functions(
    graph: Graph, op: ops.Operator, add: str, finish: str, arrays: Mapping[str, str]
) -> tuple[str, str]:
    """The prototypes and the definitions. ``arrays`` are the C names of the operator's constants by key."""
    source = graph.tensors[op.inputs[0]]
    height, width, channels = source.hwc
    if isinstance(op, ops.Mean):
        params = ("mcup_mean_params", fields_of.mean_fields(op, arrays, mean_extents(op, source.shape)))
        calls = (f"mcup_mean_add({channels}, in0, sums);", "mcup_mean_finish(&params, sums, out);")
        definitions = (_body(None, calls[0]), _body(params, calls[1]))
    elif isinstance(op, ops.AvgPool2D):
        params = ("mcup_pool_params", fields_of.avg_pool_fields(op, arrays, channels))
        count = pooled_count(op, height * width)
        calls = (
            "mcup_avg_pool_add(&params, in0, sums);",
            f"mcup_avg_pool_finish(&params, {count}, sums, out);",
        )
        definitions = (_body(params, calls[0]), _body(params, calls[1]))
    else:
        raise TypeError(f"{type(op).__name__} is not a reduction")
    heads = (f"void {add}(const mcup_input *in0, void *sums)", f"void {finish}(const void *sums, void *out)")
    comment = f"/* {op.kind}, {'x'.join(map(str, source.shape))} in parts */\n"
    return (
        "".join(f"{head};\n" for head in heads),
        comment + "\n".join(f"{head} {body}" for head, body in zip(heads, definitions)),
    )


def _body(params: tuple[str, fields_of.Fields] | None, call: str) -> str:
    lines = "" if params is None else f"  static const {params[0]} params = {c_initialiser(params[1])};\n"
    return f"{{\n{lines}  {call}\n}}\n"
