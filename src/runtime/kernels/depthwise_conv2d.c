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

/* Neighbouring tap rows that lie in one place of the input, so evenly spaced. */
typedef struct {
  const int8_t *bytes; /* column 0 of the first */
  ptrdiff_t step;
  int32_t first;
  int32_t count;
} tap_rows;

/* The tap rows of one output row that lie inside: mostly in one place, in two where the window is split. */
typedef struct {
  mcup_taps rows;
  tap_rows place[2];
  int32_t places;
} tap_places;

/* Four neighbouring channels of one output row: what all its pixels share. */
typedef struct {
  const mcup_depthwise_params *params;
  const tap_places *from;
  int32_t in_cols;
  int32_t channel;
  const int16_t *taps; /* [kernel_rows][kernel_cols][4] */
} row_of_four;

/* Tap row 0 reads input row `start_row`, which may lie outside. */
static tap_places find_places(const mcup_depthwise_params *params, const mcup_input *in, int32_t start_row) {
  const int32_t dilation = params->dilation_rows;
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, dilation, in->rows);
  const mcup_taps upper = mcup_clip_taps(start_row, params->kernel_rows, dilation, in->upper_rows);
  const int32_t border = mcup_clamp(upper.last, rows.first, rows.last);
  tap_places found;
  found.rows = rows;
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

/* The bias less what the input's zero point adds to the sums over these tap columns. */
static mcup_sums4 start_sums(const row_of_four *row, mcup_taps cols) {
  const mcup_depthwise_params *params = row->params;
  const int8_t zero_point = (int8_t)params->input_zero_point;
  const int8_t bytes[4] = {zero_point, zero_point, zero_point, zero_point};
  mcup_sums4 sums = {{0, 0, 0, 0}};
  for (int32_t ky = row->from->rows.first; ky < row->from->rows.last; ++ky) {
    sums = mcup_depthwise_taps4(bytes, 0, row->taps + 4 * (ky * params->kernel_cols + cols.first),
                                cols.last - cols.first, sums);
  }
  for (int32_t c = 0; c < 4; ++c) {
    sums.channel[c] = mcup_sub_wrap(params->bias[row->channel + c], sums.channel[c]);
  }
  return sums;
}

/* All tap rows inside, tap columns [cols.first, cols.last), of which the first reads input byte `byte` of a row. */
static mcup_sums4 sum_taps(const row_of_four *row, ptrdiff_t byte, mcup_taps cols, mcup_sums4 sums) {
  const int32_t tap_step = row->params->dilation_cols * row->params->in_channels;
  const int32_t taps_step = 4 * row->params->kernel_cols;
  for (int32_t p = 0; p < row->from->places; ++p) {
    const tap_rows *rows = &row->from->place[p];
    const int8_t *bytes = rows->bytes + byte;
    const int16_t *taps = row->taps + rows->first * taps_step + 4 * cols.first;
    MCUP_NO_UNROLL
    for (int32_t k = 0; k < rows->count; ++k) {
      sums = mcup_depthwise_taps4(bytes + k * rows->step, tap_step, taps + k * taps_step, cols.last - cols.first, sums);
    }
  }
  return sums;
}

/* The same for the usual kernel of three columns, all inside. */
static mcup_sums4 sum_three_columns(const row_of_four *row, ptrdiff_t byte, mcup_sums4 sums) {
  const int32_t tap_step = row->params->dilation_cols * row->params->in_channels;
  for (int32_t p = 0; p < row->from->places; ++p) {
    const tap_rows *rows = &row->from->place[p];
    const int16_t *taps = row->taps + 12 * rows->first;
    MCUP_NO_UNROLL
    for (int32_t k = 0; k < rows->count; ++k) {
      const int8_t *pixel = rows->bytes + byte + k * rows->step;
      sums = mcup_depthwise_tap4(pixel, taps + 12 * k, sums);
      sums = mcup_depthwise_tap4(pixel + tap_step, taps + 12 * k + 4, sums);
      sums = mcup_depthwise_tap4(pixel + 2 * tap_step, taps + 12 * k + 8, sums);
    }
  }
  return sums;
}

/* Where this channel of input column `col` lies in a row. */
static ptrdiff_t find_byte(const row_of_four *row, int32_t col) {
  return (ptrdiff_t)col * row->params->in_channels + row->channel;
}

/* A pixel some of whose tap columns may lie outside. */
static void write_border(const row_of_four *row, int32_t start_col, int8_t *out) {
  const mcup_depthwise_params *params = row->params;
  const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, row->in_cols);
  mcup_sums4 sums = start_sums(row, cols);
  if (cols.first < cols.last) {
    sums = sum_taps(row, find_byte(row, start_col + cols.first * params->dilation_cols), cols, sums);
  }
  mcup_requantize_run(&params->requant, row->channel, sums.channel, 4, out);
}

/* `count` neighbouring pixels all of whose tap columns lie inside; `out` is the first, `step` bytes apart. */
static void write_inside(const row_of_four *row, int32_t start_col, int32_t count, int8_t *out, int32_t step) {
  const mcup_depthwise_params *params = row->params;
  const mcup_taps all = {0, params->kernel_cols};
  const mcup_sums4 start = start_sums(row, all);
  const ptrdiff_t byte = find_byte(row, start_col);
  const ptrdiff_t step_in = (ptrdiff_t)params->stride_cols * params->in_channels;
  for (int32_t x = 0; x < count; ++x) {
    const mcup_sums4 sums = params->kernel_cols == 3 ? sum_three_columns(row, byte + x * step_in, start)
                                                     : sum_taps(row, byte + x * step_in, all, start);
    mcup_requantize_run(&params->requant, row->channel, sums.channel, 4, out + (ptrdiff_t)x * step);
  }
}

/* Output columns [first, last) have all their tap columns inside. */
static mcup_taps find_inside(const mcup_depthwise_params *params, int32_t in_cols, int32_t out_cols, int32_t pad_left) {
  const int32_t room = in_cols - 1 - (params->kernel_cols - 1) * params->dilation_cols + pad_left;
  mcup_taps inside = {0, 0};
  inside.first = mcup_clamp(pad_left > 0 ? (pad_left - 1) / params->stride_cols + 1 : 0, 0, out_cols);
  inside.last = mcup_clamp(room >= 0 ? room / params->stride_cols + 1 : 0, inside.first, out_cols);
  return inside;
}

/* Channels [channel, channel + 4) of output row y. */
static void write_row_of_four(const mcup_depthwise_params *params, const mcup_output *out, int32_t y,
                              const tap_places *from, int32_t in_cols, int32_t pad_left, int32_t channel,
                              int16_t *taps) {
  const int32_t channels = params->in_channels;
  const mcup_taps inside = find_inside(params, from->places > 0 ? in_cols : 0, out->cols, pad_left);
  const row_of_four row = {params, from, in_cols, channel, taps};
  int8_t *target = mcup_out_row(out, y) + channel;
  mcup_widen_taps4(params->weights + channel, channels, params->kernel_rows * params->kernel_cols,
                   params->weight_zero_point, taps);
  for (int32_t x = 0; x < inside.first; ++x) {
    write_border(&row, x * params->stride_cols - pad_left, target + (ptrdiff_t)x * channels);
  }
  if (inside.first < inside.last) {
    write_inside(&row, inside.first * params->stride_cols - pad_left, inside.last - inside.first,
                 target + (ptrdiff_t)inside.first * channels, channels);
  }
  for (int32_t x = inside.last; x < out->cols; ++x) {
    write_border(&row, x * params->stride_cols - pad_left, target + (ptrdiff_t)x * channels);
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

void mcup_depthwise_conv2d(const mcup_depthwise_params *params, mcup_input in, mcup_output out, int32_t pad_top,
                           int32_t pad_left, void *scratch) {
  const int32_t blocked = blocked_channels(params);
  for (int32_t y = 0; y < out.rows; ++y) {
    const int32_t start_row = y * params->stride_rows - pad_top;
    const tap_places from = find_places(params, &in, start_row);
    for (int32_t channel = 0; channel < blocked; channel += 4) {
      write_row_of_four(params, &out, y, &from, in.cols, pad_left, channel, (int16_t *)scratch);
    }
    for (int32_t channel = blocked; channel < params->in_channels * params->channel_multiplier; ++channel) {
      write_row_of_one(params, &in, &out, y, start_row, pad_left, channel);
    }
  }
}
