/* Depthwise convolution: four channels at a time along an output row, their taps widened once a row. */
#include "mcupatch/dot.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

/* Four neighbouring channels need an input channel each. */
static int32_t blocked_channels(const mcup_depthwise_params *params) {
  return params->channel_multiplier == 1 ? params->in_channels / 4 * 4 : 0;
}

size_t mcup_depthwise_conv2d_scratch_bytes(const mcup_depthwise_params *params) {
  if (blocked_channels(params) == 0) {
    return 0;
  }
  return 4 * sizeof(int16_t) * (size_t)(params->kernel_rows * params->kernel_cols);
}

/* The bias less what the input's zero point adds to the sums over these taps. */
static mcup_sums4 start_sums(const mcup_depthwise_params *params, int32_t channel, mcup_taps rows, mcup_taps cols) {
  const int32_t channels = params->in_channels;
  mcup_sums4 sums;
  for (int32_t c = 0; c < 4; ++c) {
    int32_t total = 0;
    for (int32_t ky = rows.first; ky < rows.last; ++ky) {
      const int8_t *weights = params->weights + (ptrdiff_t)ky * params->kernel_cols * channels + channel + c;
      for (int32_t kx = cols.first; kx < cols.last; ++kx) {
        total += weights[(ptrdiff_t)kx * channels] - params->weight_zero_point;
      }
    }
    sums.channel[c] = mcup_sub_wrap(params->bias[channel + c], mcup_mul_wrap(params->input_zero_point, total));
  }
  return sums;
}

/* Channels [channel, channel + 4) of one output row. */
static void write_row_of_four(const mcup_depthwise_params *params, const mcup_input *in, const mcup_output *out,
                              int32_t y, int32_t start_row, int32_t pad_left, int32_t channel, int16_t *taps) {
  const mcup_requant requant = params->requant;
  const int32_t channels = params->in_channels;
  const int32_t tap_step = params->dilation_cols * channels;
  const ptrdiff_t tap_row_step = (ptrdiff_t)params->dilation_rows * in->row_stride;
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, params->dilation_rows, in->rows);
  mcup_taps cols_of_start = {-1, -1};
  mcup_sums4 start = {{0, 0, 0, 0}};
  int8_t *target = mcup_out_row(out, y) + channel;
  mcup_widen_taps4(params->weights + channel, channels, params->kernel_rows * params->kernel_cols,
                   params->weight_zero_point, taps);
  for (int32_t x = 0; x < out->cols; ++x) {
    const int32_t start_col = x * params->stride_cols - pad_left;
    const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in->cols);
    if (cols.first != cols_of_start.first || cols.last != cols_of_start.last) {
      start = start_sums(params, channel, rows, cols); /* only where a border begins or ends */
      cols_of_start = cols;
    }
    mcup_sums4 sums = start;
    if (rows.first < rows.last && cols.first < cols.last) {
      const int8_t *bytes = mcup_in_pixel(in, start_row + rows.first * params->dilation_rows,
                                          start_col + cols.first * params->dilation_cols, channels) +
                            channel;
      const int16_t *row_taps = taps + 4 * (rows.first * params->kernel_cols + cols.first);
      for (int32_t ky = rows.first; ky < rows.last; ++ky) {
        const int32_t k = ky - rows.first;
        sums = mcup_depthwise_taps4(bytes + k * tap_row_step, tap_step, row_taps + 4 * k * params->kernel_cols,
                                    cols.last - cols.first, sums);
      }
    }
    for (int32_t c = 0; c < 4; ++c) {
      target[(ptrdiff_t)x * channels + c] = mcup_requantize(&requant, channel + c, sums.channel[c]);
    }
  }
}

/* Output channel `channel` of one output row, a tap at a time: any multiplier, and the channels left over. */
static void write_row_of_one(const mcup_depthwise_params *params, const mcup_input *in, const mcup_output *out,
                             int32_t y, int32_t start_row, int32_t pad_left, int32_t channel) {
  const mcup_requant requant = params->requant;
  const int32_t out_channels = params->in_channels * params->channel_multiplier;
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, params->dilation_rows, in->rows);
  for (int32_t x = 0; x < out->cols; ++x) {
    const int32_t start_col = x * params->stride_cols - pad_left;
    const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in->cols);
    int32_t sum = params->bias[channel];
    for (int32_t ky = rows.first; ky < rows.last; ++ky) {
      const int8_t *weights = params->weights + (ptrdiff_t)ky * params->kernel_cols * out_channels + channel;
      for (int32_t kx = cols.first; kx < cols.last; ++kx) {
        const int8_t *pixel = mcup_in_pixel(in, start_row + ky * params->dilation_rows,
                                            start_col + kx * params->dilation_cols, params->in_channels);
        sum = mcup_mac(sum, pixel[channel / params->channel_multiplier] - params->input_zero_point,
                       weights[(ptrdiff_t)kx * out_channels] - params->weight_zero_point);
      }
    }
    mcup_out_row(out, y)[(ptrdiff_t)x * out_channels + channel] = mcup_requantize(&requant, channel, sum);
  }
}

void mcup_depthwise_conv2d(const mcup_depthwise_params *params, mcup_input in, mcup_output out, int32_t pad_top,
                           int32_t pad_left, void *scratch) {
  const int32_t blocked = blocked_channels(params);
  for (int32_t y = 0; y < out.rows; ++y) {
    const int32_t start_row = y * params->stride_rows - pad_top;
    for (int32_t channel = 0; channel < blocked; channel += 4) {
      write_row_of_four(params, &in, &out, y, start_row, pad_left, channel, (int16_t *)scratch);
    }
    for (int32_t channel = blocked; channel < params->in_channels * params->channel_multiplier; ++channel) {
      write_row_of_one(params, &in, &out, y, start_row, pad_left, channel);
    }
  }
}
