"""One C function for each operator: the kernel's call with the operator's constants bound in.

The functions' parameters are those that ``transform/lower_to_kernels.py`` passes: for each activation and for the
output a pointer to a window, or to the tensor if the operator works on whole ones; the pads if the kernel slides a
window; the scratch if it has one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from mcupatch.emit import parameters as fields_of
from mcupatch.emit.c_text import c_float, c_initialiser, c_int
from mcupatch.ir import ops
from mcupatch.ir.access import slides_window
from mcupatch.ir.graph import Graph
from mcupatch.kernel_params import C_NAMES
from mcupatch.packing.kernel_choice import KernelChoice
from mcupatch.program.bodies import is_windowed
from mcupatch.program.bodies.pooling import mean_extents

ArrayNames = Mapping[str, str]


def emit_operator_function(
    graph: Graph,
    op: ops.Operator,
    name: str,
    arrays: ArrayNames,
    constants: Mapping[str, str],
    has_scratch: bool,
    choice: KernelChoice | None = None,
) -> tuple[str, str]:
    """The prototype and the definition. ``constants`` are the C names of the graph's constant tensors.

    ``choice``: the kernel to call; None: the general one.
    """
    writer = _FunctionWriter(graph, op, arrays, constants, has_scratch, choice)
    prototype = f"void {name}({', '.join(writer.parameters())})"
    return prototype + ";\n", f"/* {_describe(graph, op)} */\n{prototype} {{\n{writer.body()}}}\n"


def _describe(graph: Graph, op: ops.Operator) -> str:
    """``conv2d 3x3, 1x80x80x3 to 1x40x40x16``"""
    kernel = "x".join(map(str, getattr(op, "kernel", ())))
    shapes = [" and ".join("x".join(map(str, t.shape)) for t in graph.input_tensors(op))]
    shapes.append("x".join(map(str, graph.output_tensor(op).shape)))
    return f"{op.kind}{' ' + kernel if kernel else ''}, {' to '.join(shapes)}"


class _FunctionWriter:
    def __init__(
        self,
        graph: Graph,
        op: ops.Operator,
        arrays: ArrayNames,
        constants: Mapping[str, str],
        has_scratch: bool,
        choice: KernelChoice | None,
    ) -> None:
        self._graph, self._op, self._arrays, self._constants = graph, op, arrays, constants
        self._has_scratch, self._choice = has_scratch, choice
        self._windowed = is_windowed(op, len(graph.output_tensor(op).shape))

    def parameters(self) -> list[str]:
        """In the order of the call."""
        found: list[str] = []
        for i, tensor in enumerate(self._op.inputs):
            if tensor not in self._constants:
                found.append(f"const mcup_input *in{i}" if self._windowed else f"const void *in{i}")
        found.append("const mcup_output *out" if self._windowed else "void *out")
        if slides_window(self._op):
            found += ["int32_t pad_top", "int32_t pad_left"]
        if self._has_scratch:
            found.append("void *scratch")
        return found

    def _input(self, position: int) -> str:
        """The input as the kernel takes it: a pointer to a window or to the whole tensor."""
        tensor_name = self._op.inputs[position]
        constant = self._constants.get(tensor_name)
        if constant is None:
            return f"in{position}"
        if not self._windowed:
            return constant
        return f"&in{position}"

    def _constant_windows(self) -> str:
        """The windows of the inputs that are constants, which the caller does not pass."""
        lines = ""
        for position, tensor_name in enumerate(self._op.inputs):
            if self._windowed and tensor_name in self._constants:
                tensor = self._graph.tensors[tensor_name]
                rows, cols, channels = tensor.hwc
                place = (
                    f"{self._constants[tensor_name]}, {rows}, {cols}, {cols * channels * tensor.item_bytes}"
                )
                lines += _line(f"const mcup_input in{position} = mcup_window({place});")
        return lines

    @property
    def _scratch(self) -> str:
        return "scratch" if self._has_scratch else "NULL"

    def body(self) -> str:
        return self._constant_windows() + self._call()

    def _call(self) -> str:
        """The kernel's parameters and its call."""
        op, graph, arrays = self._op, self._graph, self._arrays
        output = graph.output_tensor(op)
        inputs = graph.input_tensors(op)
        channels = inputs[0].hwc[2]
        window = f"{self._input(0)}, out"
        if self._choice is not None:
            return self._chosen(self._choice, window)
        if isinstance(op, ops.Conv2D):
            call = f"mcup_conv2d(&params, {window}, pad_top, pad_left, {self._scratch});"
            return _params("mcup_conv2d_params", fields_of.conv2d_fields(op, arrays)) + _line(call)
        if isinstance(op, ops.DepthwiseConv2D):
            call = f"mcup_depthwise_conv2d(&params, {window}, pad_top, pad_left, {self._scratch});"
            return _params("mcup_depthwise_params", fields_of.depthwise_fields(op, arrays)) + _line(call)
        if isinstance(op, ops.Dense):
            batch = output.elements // int(op.weights.shape[0])
            call = f"mcup_dense(&params, {window}, {batch}, {self._scratch});"
            return _params("mcup_dense_params", fields_of.dense_fields(op, arrays)) + _line(call)
        if isinstance(op, ops.Add):
            call = f"mcup_add(&params, {self._input(0)}, {self._input(1)}, out);"
            return _params("mcup_add_params", fields_of.add_fields(op, arrays, inputs, output)) + _line(call)
        if isinstance(op, ops.Mul):
            call = f"mcup_mul(&params, {self._input(0)}, {self._input(1)}, out);"
            return _params("mcup_mul_params", fields_of.mul_fields(op, arrays, inputs, output)) + _line(call)
        if isinstance(op, ops.AvgPool2D):
            call = f"mcup_avg_pool2d(&params, {window}, pad_top, pad_left);"
            return _params("mcup_pool_params", fields_of.avg_pool_fields(op, arrays, channels)) + _line(call)
        if isinstance(op, ops.MaxPool2D):
            call = f"mcup_max_pool2d(&params, {window}, pad_top, pad_left);"
            return _params("mcup_pool_params", fields_of.max_pool_fields(op, channels)) + _line(call)
        if isinstance(op, ops.Mean):
            fields = fields_of.mean_fields(op, arrays, mean_extents(op, inputs[0].shape))
            return _params("mcup_mean_params", fields) + _line(f"mcup_mean(&params, {window});")
        if isinstance(op, ops.ResizeBilinear):
            fields = fields_of.resize_bilinear_fields(op, arrays, channels)
            return _params("mcup_resize_bilinear_params", fields) + _line(
                f"mcup_resize_bilinear(&params, {window});"
            )
        if isinstance(op, ops.Softmax):
            rows = output.elements // output.shape[-1]
            fields = fields_of.softmax_fields(op, arrays, rows, output.shape[-1])
            return _params("mcup_softmax_params", fields) + _line(f"mcup_softmax(&params, {window});")
        if isinstance(op, ops.Concat):
            return self._concat(op)
        return self._without_params(window, channels)

    def _chosen(self, choice: KernelChoice, window: str) -> str:
        """The call of a kernel with packed weights: beside the windows, what the general kernel takes."""
        beside = "pad_top, pad_left"
        if isinstance(self._op, ops.Dense):
            beside = str(self._graph.output_tensor(self._op).elements // int(self._op.weights.shape[0]))
        call = f"{choice.function}(&params, {window}, {beside}, {self._scratch});"
        fields = fields_of.struct_fields(choice.params, self._arrays)
        return _params(C_NAMES[type(choice.params)], fields) + _line(call)

    def _without_params(self, window: str, channels: int) -> str:
        """Kernels whose few parameters are passed as they are."""
        op, arrays = self._op, self._arrays
        source = self._graph.input_tensors(op)[0]
        if isinstance(op, ops.Pad):
            return _line(f"mcup_pad({channels}, {op.value}, {window}, pad_top, pad_left);")
        if isinstance(op, ops.Lut):
            return _line(f"mcup_lut({channels}, {arrays['table']}, {window});")
        if isinstance(op, ops.ResizeNearest):
            return _line(
                f"mcup_resize_nearest({channels}, {arrays['row_index']}, {arrays['col_index']}, {window});"
            )
        if isinstance(op, ops.Reshape):
            return _line(f"mcup_copy({source.nbytes}, {window});")
        if isinstance(op, ops.Quantize):
            values = f"{channels}, {c_float(op.scale)}, {op.zero_point}, {int(op.half_even)}"
            return _line(f"mcup_quantize({values}, {window});")
        if isinstance(op, ops.Dequantize):
            return _line(f"mcup_dequantize({channels}, {c_float(op.scale)}, {op.zero_point}, {window});")
        if isinstance(op, ops.Transpose):
            rank = len(source.shape)
            shape = ", ".join(map(c_int, source.shape))
            order = ", ".join(map(c_int, op.permutation))
            lists = f"  static const int32_t shape[{rank}] = {{{shape}}};\n"
            lists += f"  static const int32_t permutation[{rank}] = {{{order}}};\n"
            return lists + _line(f"mcup_transpose({rank}, shape, permutation, {window});")
        raise TypeError(f"no kernel for the operator {type(op).__name__}")

    def _concat(self, op: ops.Concat) -> str:
        inputs = self._graph.input_tensors(op)
        lines, first = "", 0
        runs = [math.prod(t.shape[op.axis :]) for t in inputs]
        for i, (tensor, run) in enumerate(zip(inputs, runs)):
            table = f"{self._arrays['tables']} + {256 * i}" if op.tables.shape[0] else "NULL"
            if self._windowed:
                channels = tensor.hwc[2]
                total = self._graph.output_tensor(op).hwc[2]
                window = f"{self._input(i)}, out"
                lines += _line(f"mcup_copy_channels({channels}, {first}, {total}, {table}, {window});")
                first += channels
            else:
                outer = math.prod(tensor.shape[: op.axis])
                place = f"(int8_t *)out + {first}"
                lines += _line(
                    f"mcup_copy_runs({outer}, {run}, {sum(runs)}, {table}, {self._input(i)}, {place});"
                )
                first += run
        return lines


def _params(struct: str, fields: dict[str, object]) -> str:
    return f"  static const {struct} params = {c_initialiser(fields)};\n"


def _line(text: str) -> str:
    return f"  {text}\n"
