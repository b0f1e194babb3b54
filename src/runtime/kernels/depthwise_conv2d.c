/* Depthwise convolution: four channels of a pixel at a time, along a list of the taps that lie inside. */
#include "mcupatch/dot.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

enum { RUN = 16 }; /* sums that are collected before they are requantised; a multiple of 4 */

/* Four neighbouring channels need an input channel each. */
static int32_t blocked_channels(const mcup_depthwise_params *params) {
  return params->channel_multiplier == 1 ? params->in_channels / 4 * 4 : 0;
}

size_t mcup_depthwise_conv2d_scratch_bytes(const mcup_depthwise_params *params) {
  if (blocked_channels(params) == 0) {
    return 0;
  }
  return sizeof(mcup_tap) * (size_t)(params->kernel_rows * params->kernel_cols);
}

/* Neighbouring tap rows that lie in one place of the input, so evenly spaced. */
typedef struct {
  const int8_t *bytes; /* column 0 of the first */
  ptrdiff_t step;
  int32_t first;
  int32_t count;
} tap_rows;

/* The tap rows of one output row that lie inside: mostly in one place, in two where the window is split. */
typedef struct {
  tap_rows place[2];
  int32_t places;
} tap_places;

/* Tap row 0 reads input row `start_row`, which may lie outside. */
static tap_places find_places(const mcup_depthwise_params *params, const mcup_input *in, int32_t start_row) {
  const int32_t dilation = params->dilation_rows;
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, dilation, in->rows);
  const mcup_taps upper = mcup_clip_taps(start_row, params->kernel_rows, dilation, in->upper_rows);
  const int32_t border = mcup_clamp(upper.last, rows.first, rows.last);
  tap_places found;
  found.places = 0;
  if (rows.first < border) {
    const int8_t *bytes = mcup_in_row(in, start_row + rows.first * dilation);
    const tap_rows place = {bytes, (ptrdiff_t)dilation * in->row_stride, rows.first, border - rows.first};
    found.place[found.places++] = place;
  }
  if (border < rows.last) {
    const int8_t *bytes = mcup_in_row(in, start_row + border * dilation);
    const tap_rows place = {bytes, (ptrdiff_t)dilation * in->lower_stride, border, rows.last - border};
    found.place[found.places++] = place;
  }
  return found;
}

/* The taps [cols.first, cols.last) of every tap row inside, from the first input byte of their row's place. */
static void list_taps(const mcup_depthwise_params *params, const tap_places *from, mcup_taps cols, mcup_tap *taps) {
  const int32_t channels = params->in_channels;
  const int32_t step = params->dilation_cols * channels;
  for (int32_t p = 0; p < from->places; ++p) {
    for (int32_t k = 0; k < from->place[p].count; ++k) {
      int32_t byte = (int32_t)(k * from->place[p].step);
      int32_t weight = ((from->place[p].first + k) * params->kernel_cols + cols.first) * channels;
      MCUP_NO_UNROLL
      for (int32_t kx = cols.first; kx < cols.last; ++kx, byte += step, weight += channels) {
        const mcup_tap tap = {byte, weight};
        *taps++ = tap;
      }
    }
  }
}

/* Channels [0, channels) of one pixel; `byte`: its first tap's in an input row, `taps`: what list_taps found. */
static void write_pixel(const mcup_depthwise_params *params, const tap_places *from, ptrdiff_t byte,
                        const mcup_tap *taps, int32_t tap_cols, int32_t channels, int8_t *out) {
  const int32_t upper = from->places > 0 ? from->place[0].count * tap_cols : 0;
  const int32_t lower = from->places > 1 ? from->place[1].count * tap_cols : 0;
  /* Read once: for all the compiler knows, a sum that is stored changes them. */
  const int32_t zero_point = params->input_zero_point, weight_zero_point = params->weight_zero_point;
  for (int32_t run = 0; run < channels; run += RUN) {
    const int32_t count = channels - run < RUN ? channels - run : RUN;
    int32_t sums[RUN];
    for (int32_t c = 0; c < count; c += 4) {
      const int32_t *bias = params->bias + run + c;
      const int8_t *weights = params->weights + run + c;
      mcup_sums4 four = {{bias[0], bias[1], bias[2], bias[3]}};
      if (upper > 0) {
        four = mcup_depthwise_taps4(from->place[0].bytes + byte + run + c, zero_point, weights, weight_zero_point, taps,
                                    upper, four);
      }
      if (lower > 0) {
        four = mcup_depthwise_taps4(from->place[1].bytes + byte + run + c, zero_point, weights, weight_zero_point,
                                    taps + upper, lower, four);
      }
      MCUP_MEMCPY(sums + c, four.channel, sizeof four.channel);
    }
    mcup_requantize_run(&params->requant, run, sums, count, out + run);
  }
}

/* Channels [0, channels) of an output row, pixel by pixel. */
static void write_row(const mcup_depthwise_params *params, const tap_places *from, int32_t in_cols, int32_t out_cols,
                      int32_t pad_left, int32_t channels, int8_t *out, mcup_tap *taps) {
  mcup_taps listed = {0, 0};
  for (int32_t x = 0; x < out_cols; ++x, out += params->in_channels) {
    const int32_t start_col = x * params->stride_cols - pad_left;
    const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in_cols);
    if (cols.first != listed.first || cols.last != listed.last) {
      list_taps(params, from, cols, taps);
      listed = cols;
    }
    const ptrdiff_t byte = (ptrdiff_t)(start_col + cols.first * params->dilation_cols) * params->in_channels;
    write_pixel(params, from, byte, taps, cols.last - cols.first, channels, out);
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
      const int8_t *row = mcup_in_row(in, start_row + ky * params->dilation_rows);
      const int8_t *weights = params->weights + (ptrdiff_t)ky * params->kernel_cols * out_channels + channel;
      for (int32_t kx = cols.first; kx < cols.last; ++kx) {
        const int8_t *pixel = row + (ptrdiff_t)(start_col + kx * params->dilation_cols) * params->in_channels;
        sum = mcup_mac(sum, pixel[channel / params->channel_multiplier] - params->input_zero_point,
                       weights[(ptrdiff_t)kx * out_channels] - params->weight_zero_point);
      }
    }
    mcup_out_row(out, y)[(ptrdiff_t)x * out_channels + channel] = mcup_requantize(&requant, channel, sum);
  }
}

void mcup_depthwise_conv2d(const mcup_depthwise_params *params, const mcup_input *in, const mcup_output *out,
                           int32_t pad_top, int32_t pad_left, void *scratch) {
  const int32_t blocked = blocked_channels(params);
  for (int32_t y = 0; y < out->rows; ++y) {
    const int32_t start_row = y * params->stride_rows - pad_top;
    const tap_places from = find_places(params, in, start_row);
    if (blocked > 0) {
      write_row(params, &from, in->cols, out->cols, pad_left, blocked, mcup_out_row(out, y), (mcup_tap *)scratch);
    }
    for (int32_t channel = blocked; channel < params->in_channels * params->channel_multiplier; ++channel) {
      write_row_of_one(params, in, out, y, start_row, pad_left, channel);
    }
  }
}
