/*
 * The calls of a kernel blob to kernels with packed weights: which kernel, the fields of its parameters in their order,
 * the windows and what else the kernel takes.
 */
#include "kernel_reader.h"

enum packed_kernel {
  PACKED_CONV2D,
  PACKED_CONV2D_WIDE,
  PACKED_DENSE,
  DEPTHWISE_3X3,
  DEPTHWISE_5X5,
  DEPTHWISE_7X7,
  PACKED_CONV2D_FLOAT,
  PACKED_CONV2D_FLOAT_WIDE,
  PACKED_CONV2D_ANY,
  DEPTHWISE_3X3_FLOAT,
  DEPTHWISE_5X5_FLOAT,
  DEPTHWISE_7X7_FLOAT,
  PACKED_CONV2D_SINGLE,
  PACKED_CONV2D_SINGLE_WIDE,
  DEPTHWISE_3X3_SINGLE,
  DEPTHWISE_5X5_SINGLE,
  DEPTHWISE_7X7_SINGLE
};

typedef size_t depthwise_scratch(const mcup_packed_depthwise_params *params, int32_t out_rows, int32_t out_cols);

static void call_packed_conv2d(reader *from, void *spare, mcup_tiled_conv2d *kernel) {
  mcup_packed_conv2d_params params;
  params.blocks = next_array(from);
  params.in_channels = next_int(from);
  params.out_channels = next_int(from);
  params.kernel_rows = next_int(from);
  params.kernel_cols = next_int(from);
  params.stride_rows = next_int(from);
  params.stride_cols = next_int(from);
  params.dilation_rows = next_int(from);
  params.dilation_cols = next_int(from);
  params.sum_pairs = next_int(from);
  params.input_zero_point = next_int(from);
  params.output_zero_point = next_int(from);
  params.low = next_int(from);
  params.high = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t pad_top = next_int(from);
  const int32_t pad_left = next_int(from);
  const size_t bytes = mcup_packed_conv2d_scratch_bytes(&params, out.rows, out.cols);
  void *scratch = take_scratch(spare, bytes);
  kernel(&params, &in, &out, pad_top, pad_left, scratch);
  give_back(from, scratch, bytes);
}

static void call_packed_dense(reader *from, void *spare) {
  mcup_packed_dense_params params;
  params.blocks = next_array(from);
  params.multiplier = next_array(from);
  params.shift = next_array(from);
  params.scale = next_array(from);
  params.scale_double = next_array(from);
  params.per_channel = next_int(from);
  params.inputs = next_int(from);
  params.outputs = next_int(from);
  params.weight_zero_point = next_int(from);
  params.output_zero_point = next_int(from);
  params.low = next_int(from);
  params.high = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t batch = next_int(from);
  const size_t bytes = mcup_packed_dense_scratch_bytes(&params, out.rows, out.cols);
  void *scratch = take_scratch(spare, bytes);
  mcup_packed_dense(&params, in.data, out.data, batch, scratch);
  give_back(from, scratch, bytes);
}

static void call_packed_depthwise(reader *from, void *spare, mcup_packed_depthwise *kernel,
                                  depthwise_scratch *measure) {
  mcup_packed_depthwise_params params;
  params.blocks = next_array(from);
  params.lower_blocks = next_array(from);
  params.rows_at_once = next_int(from);
  params.corrects_halves = next_int(from);
  params.channels = next_int(from);
  params.stride_rows = next_int(from);
  params.stride_cols = next_int(from);
  params.input_zero_point = next_int(from);
  params.output_zero_point = next_int(from);
  params.low = next_int(from);
  params.high = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t pad_top = next_int(from);
  const int32_t pad_left = next_int(from);
  const size_t bytes = measure(&params, out.rows, out.cols);
  void *scratch = take_scratch(spare, bytes);
  kernel(&params, &in, &out, pad_top, pad_left, scratch);
  give_back(from, scratch, bytes);
}

void call_packed(reader *from, void *spare) {
  const int32_t kernel = next_int(from);
  switch (kernel) {
    case PACKED_CONV2D:
      call_packed_conv2d(from, spare, mcup_packed_conv2d);
      break;
    case PACKED_CONV2D_WIDE:
      call_packed_conv2d(from, spare, mcup_packed_conv2d_wide);
      break;
    case PACKED_CONV2D_FLOAT:
      call_packed_conv2d(from, spare, mcup_packed_conv2d_float);
      break;
    case PACKED_CONV2D_FLOAT_WIDE:
      call_packed_conv2d(from, spare, mcup_packed_conv2d_float_wide);
      break;
    case PACKED_CONV2D_ANY:
      call_packed_conv2d(from, spare, mcup_packed_conv2d_any);
      break;
    case PACKED_DENSE:
      call_packed_dense(from, spare);
      break;
    case DEPTHWISE_3X3:
      call_packed_depthwise(from, spare, mcup_depthwise_3x3, mcup_depthwise_3x3_scratch_bytes);
      break;
    case DEPTHWISE_5X5:
      call_packed_depthwise(from, spare, mcup_depthwise_5x5, mcup_depthwise_5x5_scratch_bytes);
      break;
    case DEPTHWISE_7X7:
      call_packed_depthwise(from, spare, mcup_depthwise_7x7, mcup_depthwise_7x7_scratch_bytes);
      break;
    case DEPTHWISE_3X3_FLOAT:
      call_packed_depthwise(from, spare, mcup_depthwise_3x3_float, mcup_depthwise_3x3_scratch_bytes);
      break;
    case DEPTHWISE_5X5_FLOAT:
      call_packed_depthwise(from, spare, mcup_depthwise_5x5_float, mcup_depthwise_5x5_scratch_bytes);
      break;
    case DEPTHWISE_7X7_FLOAT:
      call_packed_depthwise(from, spare, mcup_depthwise_7x7_float, mcup_depthwise_7x7_scratch_bytes);
      break;
    case PACKED_CONV2D_SINGLE:
      call_packed_conv2d(from, spare, mcup_packed_conv2d_single);
      break;
    case PACKED_CONV2D_SINGLE_WIDE:
      call_packed_conv2d(from, spare, mcup_packed_conv2d_single_wide);
      break;
    case DEPTHWISE_3X3_SINGLE:
      call_packed_depthwise(from, spare, mcup_depthwise_3x3_single, mcup_depthwise_3x3_scratch_bytes);
      break;
    case DEPTHWISE_5X5_SINGLE:
      call_packed_depthwise(from, spare, mcup_depthwise_5x5_single, mcup_depthwise_5x5_scratch_bytes);
      break;
    case DEPTHWISE_7X7_SINGLE:
      call_packed_depthwise(from, spare, mcup_depthwise_7x7_single, mcup_depthwise_7x7_scratch_bytes);
      break;
    default:
      break;
  }
}
