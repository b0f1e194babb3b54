/* Convolution: the columns of two output pixels against the weights of two channels, or of one against four. */
#include "mcupatch/dot.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

enum { RUN = 16 }; /* sums that are collected before they are requantised; a multiple of 4 */

/* Receptive field of one output pixel in one group, in values. */
static int32_t column_depth(const mcup_conv2d_params *params) {
  return params->kernel_rows * params->kernel_cols * (params->in_channels / params->groups);
}

/* Distance between columns in values: columns start at multiples of 4 bytes, whole groups of four fit. */
static int32_t column_step(const mcup_conv2d_params *params) {
  return (column_depth(params) + 3) / 4 * 4;
}

size_t mcup_conv2d_scratch_bytes(const mcup_conv2d_params *params, int32_t out_cols) {
  return (out_cols > 1 ? 2 : 1) * sizeof(int16_t) * (size_t)column_step(params);
}

/* One row of taps to `bytes`: input pixels where the tap is inside, the zero point elsewhere. */
static void gather_row(const mcup_conv2d_params *params, const mcup_input *in, int32_t row, int32_t start_col,
                       mcup_taps cols, int32_t first_channel, int8_t *bytes) {
  const int32_t depth = params->in_channels / params->groups;
  const int32_t inside = (cols.last - cols.first) * depth;
  int8_t *target = bytes + cols.first * depth;
  memset(bytes, params->input_zero_point, (size_t)(cols.first * depth));
  memset(target + inside, params->input_zero_point, (size_t)((params->kernel_cols - cols.last) * depth));
  if (inside == 0) {
    return;
  }
  const int8_t *source =
      mcup_in_pixel(in, row, start_col + cols.first * params->dilation_cols, params->in_channels) + first_channel;
  if (params->dilation_cols == 1 && params->groups == 1) {
    memcpy(target, source, (size_t)inside);
    return;
  }
  for (int32_t i = 0; i < cols.last - cols.first; ++i) {
    memcpy(target + i * depth, source + (ptrdiff_t)i * params->dilation_cols * params->in_channels, (size_t)depth);
  }
}

/* The receptive field whose first tap is (start_row, start_col), widened; 0 for the taps outside. */
static void make_column(const mcup_conv2d_params *params, const mcup_input *in, int32_t start_row, int32_t start_col,
                        int32_t first_channel, int16_t *column) {
  const int32_t depth = column_depth(params);
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, params->dilation_rows, in->rows);
  const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in->cols);
  if (rows.last - rows.first == 1 && cols.last - cols.first == 1 && params->kernel_rows * params->kernel_cols == 1) {
    const int8_t *pixel = mcup_in_pixel(in, start_row, start_col, params->in_channels);
    mcup_widen(pixel + first_channel, depth, params->input_zero_point, column);
    return;
  }
  /* The bytes wait at the end of the column's own space, where mcup_widen may read them. */
  int8_t *bytes = (int8_t *)column + 2 * column_step(params) - depth;
  const int32_t row_bytes = depth / params->kernel_rows;
  for (int32_t k = 0; k < params->kernel_rows; ++k) {
    if (k >= rows.first && k < rows.last) {
      gather_row(params, in, start_row + k * params->dilation_rows, start_col, cols, first_channel,
                 bytes + k * row_bytes);
    } else {
      memset(bytes + k * row_bytes, params->input_zero_point, (size_t)row_bytes);
    }
  }
  mcup_widen(bytes, depth, params->input_zero_point, column);
}

/* What the zero point of the weights adds to the sums over a column. */
static int32_t find_taken(const mcup_conv2d_params *params, const int16_t *column) {
  if (params->weight_zero_point == 0) {
    return 0;
  }
  return mcup_mul_wrap(params->weight_zero_point, mcup_column_sum(column, column_depth(params)));
}

/* All output channels of one group for one pixel. `out` is the group's first channel. */
static void write_pixel(const mcup_conv2d_params *params, int32_t group, const int16_t *column, int8_t *out) {
  const int32_t depth = column_depth(params);
  const int32_t count = params->out_channels / params->groups;
  const int32_t first = group * count;
  const int32_t taken = find_taken(params, column);
  int32_t sums[RUN];
  for (int32_t run = 0; run < count; run += RUN) {
    const int32_t channels = count - run < RUN ? count - run : RUN;
    for (int32_t o = 0; o < channels; o += 4) {
      const int32_t left = channels - o;
      /* A missing channel is computed as a copy of the first and not stored. */
      const int32_t next[4] = {0, left > 1 ? 1 : 0, left > 2 ? 2 : 0, left > 3 ? 3 : 0};
      const int32_t steps[4] = {0, next[1] * depth, next[2] * depth, next[3] * depth};
      const int32_t *bias = params->bias + first + run + o;
      for (int32_t k = 0; k < 4; ++k) {
        sums[o + k] = mcup_sub_wrap(bias[next[k]], taken);
      }
      mcup_dot_1x4(column, params->weights + (ptrdiff_t)(first + run + o) * depth, steps, depth, sums + o);
    }
    mcup_requantize_run(&params->requant, first + run, sums, channels, out + run);
  }
}

/* The same for two pixels; `columns` of the first, then of the second. */
static void write_two_pixels(const mcup_conv2d_params *params, int32_t group, const int16_t *columns, int8_t *out0,
                             int8_t *out1) {
  const int32_t depth = column_depth(params);
  const int32_t count = params->out_channels / params->groups;
  const int32_t first = group * count;
  const int16_t *column1 = columns + column_step(params);
  const int8_t *weights = params->weights + (ptrdiff_t)first * depth;
  const int32_t taken0 = find_taken(params, columns), taken1 = find_taken(params, column1);
  int32_t sums0[RUN], sums1[RUN];
  for (int32_t run = 0; run < count; run += RUN) {
    const int32_t channels = count - run < RUN ? count - run : RUN;
    for (int32_t o = 0; o < channels; o += 2) {
      const int32_t second = o + 1 < channels ? 1 : 0;
      const int32_t bias0 = params->bias[first + run + o], bias1 = params->bias[first + run + o + second];
      int32_t sums[4] = {mcup_sub_wrap(bias0, taken0), mcup_sub_wrap(bias1, taken0), mcup_sub_wrap(bias0, taken1),
                         mcup_sub_wrap(bias1, taken1)};
      mcup_dot_2x2(columns, column1, weights, weights + second * depth, depth, sums);
      weights += (1 + second) * depth;
      sums0[o] = sums[0];
      sums0[o + 1] = sums[1];
      sums1[o] = sums[2];
      sums1[o + 1] = sums[3];
    }
    mcup_requantize_run(&params->requant, first + run, sums0, channels, out0 + run);
    mcup_requantize_run(&params->requant, first + run, sums1, channels, out1 + run);
  }
}

void mcup_conv2d(const mcup_conv2d_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top,
                 int32_t pad_left, void *scratch) {
  int16_t *columns = (int16_t *)scratch;
  const int32_t group_in = params->in_channels / params->groups;
  const int32_t group_out = params->out_channels / params->groups;
  for (int32_t y = 0; y < out->rows; ++y) {
    const int32_t start_row = y * params->stride_rows - pad_top;
    for (int32_t x = 0; x < out->cols; x += 2) {
      const int32_t pixels = x + 1 < out->cols ? 2 : 1;
      int8_t *pixel = mcup_out_row(out, y) + (ptrdiff_t)x * params->out_channels;
      for (int32_t group = 0; group < params->groups; ++group) {
        for (int32_t p = 0; p < pixels; ++p) {
          make_column(params, in, start_row, (x + p) * params->stride_cols - pad_left, group * group_in,
                      columns + p * column_step(params));
        }
        if (pixels == 2) {
          write_two_pixels(params, group, columns, pixel + group * group_out,
                           pixel + params->out_channels + group * group_out);
        } else {
          write_pixel(params, group, columns, pixel + group * group_out);
        }
      }
    }
  }
}
