/* The calls of a kernel blob (kernel_driver.c): one function a kernel reads its fields and calls it. */
#include "kernel_reader.h"

enum operator_kind {
  CONV2D,
  DEPTHWISE,
  DENSE,
  ADD,
  MUL,
  AVG_POOL,
  MAX_POOL,
  MEAN,
  PAD,
  COPY_CHANNELS,
  COPY_RUNS,
  RESIZE_NEAREST,
  RESIZE_BILINEAR,
  LUT,
  SOFTMAX,
  TRANSPOSE,
  COPY,
  QUANTIZE,
  DEQUANTIZE,
  MEAN_PARTS,
  AVG_POOL_PARTS,
  MOVE,
  PACKED
};

static void call_conv2d(reader *from, void *spare) {
  mcup_conv2d_params params;
  params.weights = next_array(from);
  params.bias = next_array(from);
  params.requant = next_requant(from);
  params.in_channels = next_int(from);
  params.out_channels = next_int(from);
  params.groups = next_int(from);
  params.kernel_rows = next_int(from);
  params.kernel_cols = next_int(from);
  params.stride_rows = next_int(from);
  params.stride_cols = next_int(from);
  params.dilation_rows = next_int(from);
  params.dilation_cols = next_int(from);
  params.input_zero_point = next_int(from);
  params.weight_zero_point = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t pad_top = next_int(from);
  const int32_t pad_left = next_int(from);
  const size_t bytes = mcup_conv2d_scratch_bytes(&params, out.cols);
  void *scratch = take_scratch(spare, bytes);
  mcup_conv2d(&params, &in, &out, pad_top, pad_left, scratch);
  give_back(from, scratch, bytes);
}

static void call_depthwise(reader *from, void *spare) {
  mcup_depthwise_params params;
  params.weights = next_array(from);
  params.bias = next_array(from);
  params.requant = next_requant(from);
  params.in_channels = next_int(from);
  params.channel_multiplier = next_int(from);
  params.kernel_rows = next_int(from);
  params.kernel_cols = next_int(from);
  params.stride_rows = next_int(from);
  params.stride_cols = next_int(from);
  params.dilation_rows = next_int(from);
  params.dilation_cols = next_int(from);
  params.input_zero_point = next_int(from);
  params.weight_zero_point = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t pad_top = next_int(from);
  const int32_t pad_left = next_int(from);
  const size_t bytes = mcup_depthwise_conv2d_scratch_bytes(&params);
  void *scratch = take_scratch(spare, bytes);
  mcup_depthwise_conv2d(&params, &in, &out, pad_top, pad_left, scratch);
  give_back(from, scratch, bytes);
}

static void call_dense(reader *from, void *spare) {
  mcup_dense_params params;
  params.weights = next_array(from);
  params.bias = next_array(from);
  params.requant = next_requant(from);
  params.inputs = next_int(from);
  params.outputs = next_int(from);
  params.input_zero_point = next_int(from);
  params.weight_zero_point = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const size_t bytes = mcup_dense_scratch_bytes(&params);
  void *scratch = take_scratch(spare, bytes);
  mcup_dense(&params, in.data, out.data, in.rows, scratch);
  give_back(from, scratch, bytes);
}

static void call_add(reader *from) {
  static mcup_binary_run *const add_runs[] = {mcup_add_fixed, mcup_add_float, mcup_add_halves, mcup_add_scaled};
  mcup_add_params params;
  params.input_requant = next_requant(from);
  params.output_requant = next_requant(from);
  params.offset = next_float(from);
  params.left_shift = next_int(from);
  params.zero_point_a = next_int(from);
  params.zero_point_b = next_int(from);
  params.channels = next_int(from);
  params.a_repeats_rows = next_int(from);
  params.a_repeats_cols = next_int(from);
  params.a_repeats_channels = next_int(from);
  params.b_repeats_rows = next_int(from);
  params.b_repeats_cols = next_int(from);
  params.b_repeats_channels = next_int(from);
  params.run = add_runs[next_int(from)];
  params.is_swapped = next_int(from);
  params.offset_first = next_int(from);
  params.offset_second = next_int(from);
  params.second_multiplier = next_int(from);
  params.second_divisor = next_int(from);
  params.sum_multiplier = next_int(from);
  params.sum_divisor = next_int(from);
  const mcup_input a = next_input(from);
  const mcup_input b = next_input(from);
  const mcup_output out = next_output(from);
  mcup_add(&params, &a, &b, &out);
}

static void call_mul(reader *from) {
  mcup_mul_params params;
  params.requant = next_requant(from);
  params.offset = next_float(from);
  params.zero_point_a = next_int(from);
  params.zero_point_b = next_int(from);
  params.channels = next_int(from);
  params.a_repeats_rows = next_int(from);
  params.a_repeats_cols = next_int(from);
  params.a_repeats_channels = next_int(from);
  params.b_repeats_rows = next_int(from);
  params.b_repeats_cols = next_int(from);
  params.b_repeats_channels = next_int(from);
  const mcup_input a = next_input(from);
  const mcup_input b = next_input(from);
  const mcup_output out = next_output(from);
  mcup_mul(&params, &a, &b, &out);
}

mcup_pool_params next_pool(reader *from) {
  mcup_pool_params params;
  params.channels = next_int(from);
  params.kernel_rows = next_int(from);
  params.kernel_cols = next_int(from);
  params.stride_rows = next_int(from);
  params.stride_cols = next_int(from);
  params.dilation_rows = next_int(from);
  params.dilation_cols = next_int(from);
  params.low = next_int(from);
  params.high = next_int(from);
  params.rounding_up = next_int(from);
  params.count_include_pad = next_int(from);
  params.scale = next_array(from);
  params.offset = next_float(from);
  params.input_zero_point = next_int(from);
  params.output_zero_point = next_int(from);
  return params;
}

static void call_pool(reader *from, int32_t is_average) {
  const mcup_pool_params params = next_pool(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t pad_top = next_int(from);
  const int32_t pad_left = next_int(from);
  if (is_average) {
    mcup_avg_pool2d(&params, &in, &out, pad_top, pad_left);
  } else {
    mcup_max_pool2d(&params, &in, &out, pad_top, pad_left);
  }
}

mcup_mean_params next_mean(reader *from) {
  mcup_mean_params params;
  params.requant = next_requant(from);
  params.outer = next_int(from);
  params.count = next_int(from);
  params.inner = next_int(from);
  params.input_zero_point = next_int(from);
  return params;
}

static void call_mean(reader *from) {
  const mcup_mean_params params = next_mean(from);
  const mcup_input in = next_input(from);
  mcup_mean(&params, in.data, next_output(from).data);
}

static void call_pad(reader *from) {
  const int32_t channels = next_int(from);
  const int32_t value = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  const int32_t pad_top = next_int(from);
  mcup_pad(channels, (int8_t)value, &in, &out, pad_top, next_int(from));
}

static void call_copy_channels(reader *from) {
  const int32_t channels = next_int(from);
  const int32_t first = next_int(from);
  const int32_t out_channels = next_int(from);
  const int8_t *table = next_array(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  mcup_copy_channels(channels, first, out_channels, table, &in, &out);
}

static void call_copy_runs(reader *from) {
  const int32_t runs = next_int(from);
  const int32_t run = next_int(from);
  const int32_t out_step = next_int(from);
  const int8_t *table = next_array(from);
  const mcup_input in = next_input(from);
  mcup_copy_runs(runs, run, out_step, table, in.data, next_output(from).data);
}

static void call_resize_nearest(reader *from) {
  const int32_t channels = next_int(from);
  const int32_t *row_index = next_array(from);
  const int32_t *col_index = next_array(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  mcup_resize_nearest(channels, row_index, col_index, &in, &out);
}

static void call_resize_bilinear(reader *from) {
  mcup_resize_bilinear_params params;
  params.channels = next_int(from);
  params.row_index = next_array(from);
  params.col_index = next_array(from);
  params.row_weight_fixed = next_array(from);
  params.col_weight_fixed = next_array(from);
  params.row_weight_float = next_array(from);
  params.col_weight_float = next_array(from);
  params.input_scale = next_float(from);
  params.output_scale = next_float(from);
  params.input_zero_point = next_int(from);
  params.output_zero_point = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  mcup_resize_bilinear(&params, &in, &out);
}

static void call_lut(reader *from) {
  const int32_t channels = next_int(from);
  const int8_t *table = next_array(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  mcup_lut(channels, table, &in, &out);
}

static void call_softmax(reader *from) {
  mcup_softmax_params params;
  params.table_fixed = next_array(from);
  params.table_float = next_array(from);
  params.rows = next_int(from);
  params.channels = next_int(from);
  params.output_scale = next_float(from);
  params.output_zero_point = next_int(from);
  const mcup_input in = next_input(from);
  mcup_softmax(&params, in.data, next_output(from).data);
}

static void call_transpose(reader *from) {
  const int32_t rank = next_int(from);
  const int32_t *shape = next_array(from);
  const int32_t *permutation = next_array(from);
  const mcup_input in = next_input(from);
  mcup_transpose(rank, shape, permutation, in.data, next_output(from).data);
}

static void call_copy(reader *from) {
  const int32_t bytes = next_int(from);
  const mcup_input in = next_input(from);
  mcup_copy((size_t)bytes, in.data, next_output(from).data);
}

static void call_quantize(reader *from) {
  const int32_t channels = next_int(from);
  const float scale = next_float(from);
  const int32_t zero_point = next_int(from);
  const int32_t half_even = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  mcup_quantize(channels, scale, zero_point, half_even, &in, &out);
}

static void call_dequantize(reader *from) {
  const int32_t channels = next_int(from);
  const float scale = next_float(from);
  const int32_t zero_point = next_int(from);
  const mcup_input in = next_input(from);
  const mcup_output out = next_output(from);
  mcup_dequantize(channels, scale, zero_point, &in, &out);
}

void run_call(reader *from, void *spare) {
  const int32_t kind = next_int(from);
  switch (kind) {
    case CONV2D:
      call_conv2d(from, spare);
      break;
    case DEPTHWISE:
      call_depthwise(from, spare);
      break;
    case DENSE:
      call_dense(from, spare);
      break;
    case ADD:
      call_add(from);
      break;
    case MUL:
      call_mul(from);
      break;
    case AVG_POOL:
    case MAX_POOL:
      call_pool(from, kind == AVG_POOL);
      break;
    case MEAN:
      call_mean(from);
      break;
    case PAD:
      call_pad(from);
      break;
    case COPY_CHANNELS:
      call_copy_channels(from);
      break;
    case COPY_RUNS:
      call_copy_runs(from);
      break;
    case RESIZE_NEAREST:
      call_resize_nearest(from);
      break;
    case RESIZE_BILINEAR:
      call_resize_bilinear(from);
      break;
    case LUT:
      call_lut(from);
      break;
    case SOFTMAX:
      call_softmax(from);
      break;
    case TRANSPOSE:
      call_transpose(from);
      break;
    case COPY:
      call_copy(from);
      break;
    case QUANTIZE:
      call_quantize(from);
      break;
    case DEQUANTIZE:
      call_dequantize(from);
      break;
    case MEAN_PARTS:
      call_mean_parts(from, spare);
      break;
    case AVG_POOL_PARTS:
      call_avg_pool_parts(from, spare);
      break;
    case MOVE:
      call_move(from);
      break;
    case PACKED:
      call_packed(from, spare);
      break;
    default:
      break;
  }
}
