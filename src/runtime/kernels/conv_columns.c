/* The columns of tiles with taps outside the window, or in two places. */
#include "mcupatch/conv_columns.h"

#include "mcupatch/window.h"

/* Where every tap is whole groups of four, a tile with taps outside needs no copy. */
static int32_t copies_border(const mcup_packed_conv2d_params *params) {
  return params->in_channels % 4 != 0;
}

/* In a copy, whether pixels have taps of their own, or share those of their neighbours. */
static int32_t has_own_taps(const mcup_packed_conv2d_params *params) {
  return (params->dilation_cols > 1 && params->kernel_cols > 1) || params->stride_cols > params->kernel_cols;
}

/* Bytes between the first taps of neighbouring pixels in a copy. */
static int32_t copy_step(const mcup_packed_conv2d_params *params) {
  return (has_own_taps(params) ? params->kernel_cols : params->stride_cols) * params->in_channels;
}

/* Bytes between the rows of a copy. */
static int32_t copy_row_bytes(const mcup_packed_conv2d_params *params, int32_t width) {
  return (width - 1) * copy_step(params) + params->kernel_cols * params->in_channels;
}

size_t mcup_packed_conv2d_scratch_bytes(const mcup_packed_conv2d_params *params, int32_t out_rows, int32_t out_cols) {
  (void)out_rows;
  const mcup_field field = mcup_find_field(params, out_cols, NULL);
  const int32_t width = mcup_tile_width(out_cols);
  const int32_t copy_bytes = copies_border(params) ? params->kernel_rows * copy_row_bytes(params, width) : 0;
  return (size_t)(4 * field.pairs * width + (copy_bytes + 3) / 4 * 4);
}

int32_t mcup_count_lower_rows(const mcup_packed_conv2d_params *params, int32_t above) {
  const int32_t step = params->dilation_rows;
  return params->kernel_rows - (step == 1 ? above : (above - 1) / step + 1); /* most often no division */
}

void mcup_place_lower(const mcup_packed_conv2d_params *params, mcup_field *field, int32_t width, int32_t lower_rows) {
  const int32_t upper_rows = params->kernel_rows - lower_rows, rest = upper_rows * field->gather.rest;
  field->lower = field->gather;
  field->lower.columns += (ptrdiff_t)upper_rows * field->gather.fours * 4 * width;
  field->lower.rest_columns += (ptrdiff_t)(rest / 2) * 2 * width + rest % 2;
  field->lower.rest_next = rest % 2 == 0 ? 1 : 2 * width - 1;
}

/* `pairs` pairs of taps outside the window; `step`: values from one to the next. */
static void fill_pairs(const mcup_packed_conv2d_params *params, int32_t pairs, int16_t *column, int32_t step) {
  const uint32_t zero = 0x00010001U * (uint16_t)params->input_zero_point;
  MCUP_NO_UNROLL
  for (; pairs > 0; --pairs, column += step) {
    MCUP_MEMCPY(column, &zero, sizeof zero);
  }
}

/* The taps of one row at column `start_col` and on, `fours` groups of four bytes a pixel, for all pixels of a tile. */
static void widen_tile(const mcup_packed_conv2d_params *params, const mcup_input *in, int32_t row, int32_t start_col,
                       int32_t fours, int16_t *columns, int32_t width) {
  const int32_t channels = params->in_channels, step = params->stride_cols;
  if (start_col >= 0 && start_col + (width - 1) * step + (4 * fours - 1) / channels < in->cols) {
    const mcup_gather part = {fours, 0, columns, step * channels, columns, 1};
    mcup_find_gather(width)(mcup_in_pixel(in, row, start_col, channels), 0, 1, &part);
    return;
  }
  for (int32_t p = 0; p < width; ++p) {
    const int32_t col = start_col + p * step;
    if (col >= 0 && col < in->cols) {
      mcup_widen_fours(mcup_in_pixel(in, row, col, channels), fours, columns + 2 * p, 2 * width);
    } else {
      fill_pairs(params, 2 * fours, columns + 2 * p, 2 * width);
    }
  }
}

/* The columns of a tile with taps outside, where taps are whole groups of four. */
static void gather_taps(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t start_col, int32_t width) {
  const int32_t fours = field->gather.fours, row_values = 4 * fours * width;
  const int32_t side_by_side =
      start_col >= 0 && start_col + (width - 1) * params->stride_cols + field->last_col < in->cols;
  int16_t *columns = field->gather.columns;
  for (int32_t k = params->kernel_rows; k > 0; --k, row += params->dilation_rows, columns += row_values) {
    if (row < 0 || row >= in->rows) {
      fill_pairs(params, row_values / 2, columns, 2);
    } else if (side_by_side) {
      widen_tile(params, in, row, start_col, fours, columns, width);
    } else {
      const int32_t tap_values = params->in_channels * width;
      for (int32_t tap = 0; tap < params->kernel_cols; ++tap) {
        widen_tile(params, in, row, start_col + tap * params->dilation_cols, params->in_channels / 4,
                   columns + (ptrdiff_t)tap * tap_values, width);
      }
    }
  }
}

/* `count` input pixels from `col` on, in one row, those outside as the zero point. */
static void copy_pixels(const mcup_packed_conv2d_params *params, const mcup_input *in, int32_t row, int32_t col,
                        int32_t count, int8_t *target) {
  const int32_t channels = params->in_channels;
  const mcup_taps inside = mcup_clip_taps(col, count, 1, in->cols);
  if (row < 0 || row >= in->rows || inside.first == inside.last) {
    memset(target, params->input_zero_point, (size_t)(count * channels));
    return;
  }
  int8_t *first = target + inside.first * channels, *last = target + inside.last * channels;
  memset(target, params->input_zero_point, (size_t)(first - target));
  memcpy(first, mcup_in_pixel(in, row, col + inside.first, channels), (size_t)(last - first));
  memset(last, params->input_zero_point, (size_t)((count - inside.last) * channels));
}

/* The columns of a tile with taps outside by way of a copy, in which all taps are inside and side by side. */
static void gather_copy(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t start_col, int32_t width) {
  const int32_t row_bytes = copy_row_bytes(params, width), taps = params->kernel_cols;
  int8_t *target = field->copy;
  for (int32_t k = 0; k < params->kernel_rows; ++k, row += params->dilation_rows) {
    if (!has_own_taps(params)) {
      copy_pixels(params, in, row, start_col, row_bytes / params->in_channels, target);
      target += row_bytes;
      continue;
    }
    for (int32_t i = 0; i < width * taps; ++i, target += params->in_channels) {
      const int32_t col = start_col + i / taps * params->stride_cols + i % taps * params->dilation_cols;
      copy_pixels(params, in, row, col, 1, target);
    }
  }
  mcup_gather of_copy = field->gather;
  of_copy.pixel_step = copy_step(params);
  mcup_find_gather(width)(field->copy, row_bytes, params->kernel_rows, &of_copy);
}

void mcup_gather_border(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t start_col, int32_t width) {
  if (copies_border(params)) {
    gather_copy(params, field, in, row, start_col, width);
  } else {
    gather_taps(params, field, in, row, start_col, width);
  }
}
