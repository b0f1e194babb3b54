/* Convolution by tiles: gathers the columns of up to four pixels and hands them to the tile functions. */
#include "mcupatch/conv_tiles.h"
#include "mcupatch/window.h"

/* The receptive field as it is gathered, and the scratch. */
typedef struct {
  int32_t row_taps; /* of a kernel row, in bytes */
  int32_t fours;    /* whole groups of four in them */
  int32_t rest;     /* bytes left over, in [0, 3] */
  int32_t pairs;
  int8_t *left; /* the bytes left over of all rows, then up to two more */
  int8_t *row;  /* a row of which some taps lie outside */
} field;

static int32_t round_up_to_4(int32_t bytes) {
  return (bytes + 3) / 4 * 4;
}

/* Pixels of the largest tile in windows of so many columns. */
static int32_t widest_tile(int32_t out_cols) {
  return out_cols >= 4 ? 4 : out_cols >= 2 ? 2 : 1;
}

static field make_field(const mcup_packed_conv2d_params *params, int32_t out_cols, int8_t *scratch) {
  field made;
  made.row_taps = params->kernel_cols * params->in_channels;
  made.fours = made.row_taps / 4;
  made.rest = made.row_taps % 4;
  made.pairs = (params->kernel_rows * made.row_taps + 1) / 2;
  made.left = scratch + 4 * made.pairs * widest_tile(out_cols);
  made.row = made.left + round_up_to_4(params->kernel_rows * made.rest);
  return made;
}

size_t mcup_packed_conv2d_scratch_bytes(const mcup_packed_conv2d_params *params, int32_t out_cols) {
  const int32_t row_taps = params->kernel_cols * params->in_channels;
  const int32_t pairs = (params->kernel_rows * row_taps + 1) / 2;
  const int32_t left = round_up_to_4(params->kernel_rows * (row_taps % 4));
  const int32_t row = params->kernel_cols > 1 ? round_up_to_4(row_taps) : 0;
  return (size_t)(4 * pairs * widest_tile(out_cols) + left + row);
}

/* Twice the values of four bytes: 0 and 2 to column[0..1], 1 and 3 one pair further, where there is room for one. */
static inline void widen_four(const int8_t *bytes, int16_t *column, int32_t step, int32_t pairs) {
#if MCUP_DSP
  const int32_t word = mcup_load4(bytes);
  const int32_t even = mcup_even_bytes(word), odd = mcup_odd_bytes(word);
  mcup_store4(column, __sadd16(even, even));
  if (pairs > 1) {
    mcup_store4(column + step, __sadd16(odd, odd));
  }
#else
  column[0] = (int16_t)(2 * bytes[0]);
  column[1] = (int16_t)(2 * bytes[2]);
  if (pairs > 1) {
    column[step] = (int16_t)(2 * bytes[1]);
    column[step + 1] = (int16_t)(2 * bytes[3]);
  }
#endif
}

/* `fours` groups of bytes; returns the place of the next pair. `step`: values between pairs, twice the tile's width. */
static inline int16_t *widen_fours(const int8_t *bytes, int32_t fours, int16_t *column, int32_t step) {
  const int8_t *end = bytes + 4 * fours;
  MCUP_NO_UNROLL
  while (bytes != end) {
    widen_four(bytes, column, step, 2);
    bytes += 4;
    column += 2 * step;
    MCUP_FORGET(column);
  }
  return column;
}

/* The same where every tap lies outside. */
static int16_t *fill_fours(int32_t zero_point, int32_t fours, int16_t *column, int32_t step) {
  for (int32_t i = 0; i < 2 * fours; ++i, column += step) {
    column[0] = (int16_t)(2 * zero_point);
    column[1] = (int16_t)(2 * zero_point);
  }
  return column;
}

/* The taps of a row of which not all lie side by side inside. */
static const int8_t *collect_row(const mcup_packed_conv2d_params *params, const field *of, const mcup_input *in,
                                 int32_t row, int32_t start_col, mcup_taps cols) {
  const int32_t channels = params->in_channels;
  memset(of->row, params->input_zero_point, (size_t)of->row_taps);
  for (int32_t k = cols.first; k < cols.last; ++k) {
    memcpy(of->row + k * channels, mcup_in_pixel(in, row, start_col + k * params->dilation_cols, channels),
           (size_t)channels);
  }
  return of->row;
}

/* The column of the pixel whose first tap is (start_row, start_col). */
static void make_column(const mcup_packed_conv2d_params *params, const field *of, const mcup_input *in,
                        int32_t start_row, int32_t start_col, int16_t *column, int32_t step) {
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, params->dilation_rows, in->rows);
  const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in->cols);
  const int32_t whole =
      cols.last - cols.first == params->kernel_cols && (params->dilation_cols == 1 || params->kernel_cols == 1);
  int8_t *left = of->left;
  for (int32_t k = 0; k < params->kernel_rows; ++k) {
    if (k < rows.first || k >= rows.last || cols.last == 0) {
      column = fill_fours(params->input_zero_point, of->fours, column, step);
      for (int32_t i = 0; i < of->rest; ++i) {
        *left++ = (int8_t)params->input_zero_point;
      }
      continue;
    }
    const int32_t row = start_row + k * params->dilation_rows;
    const int8_t *bytes = whole ? mcup_in_pixel(in, row, start_col, params->in_channels)
                                : collect_row(params, of, in, row, start_col, cols);
    column = widen_fours(bytes, of->fours, column, step);
    bytes += 4 * of->fours;
    for (int32_t i = 0; i < of->rest; ++i) {
      *left++ = *bytes++;
    }
  }
  const int32_t count = (int32_t)(left - of->left);
  if (count % 4 == 2) { /* the two at the end are a pair */
    left[0] = left[-1];
  }
  for (int32_t i = 0; i < count; i += 4, column += 2 * step) {
    widen_four(of->left + i, column, step, count - i > 2 ? 2 : 1);
  }
}

/* Brings the channels of a tile's pixels into [low, high]. */
static void clamp_pixels(int8_t *out, int32_t bytes, int32_t low, int32_t high) {
  for (int32_t i = 0; i < bytes; ++i) {
    out[i] = (int8_t)mcup_clamp(out[i], low, high);
  }
}

/* The last channel of an odd number: its block computes a second one, which is dropped. */
static void write_last_channel(mcup_tile *tile, const mcup_tile_job *job, const int16_t *columns, const int32_t *block,
                               int8_t *out, int32_t width) {
  const mcup_tile_job last = {job->pairs, 2, 2, job->zero_point};
  int8_t pixels[8];
  tile(columns, block, pixels, &last);
  for (int32_t p = 0; p < width; ++p) {
    out[(ptrdiff_t)p * job->pixel_stride] = pixels[2 * p];
  }
}

void mcup_convolve_tiles(const mcup_tiles *tiles, const mcup_packed_conv2d_params *params, mcup_input in,
                         mcup_output out, int32_t pad_top, int32_t pad_left, void *scratch) {
  const field of = make_field(params, out.cols, (int8_t *)scratch);
  const int32_t channels = params->out_channels, even = channels / 2 * 2;
  const mcup_tile_job job = {of.pairs, even, channels, params->output_zero_point};
  const int32_t *last_block = params->blocks + (ptrdiff_t)(channels / 2) * (of.pairs * tiles->pair_words + 6);
  int16_t *columns = (int16_t *)scratch;
  for (int32_t y = 0; y < out.rows; ++y) {
    const int32_t start_row = y * params->stride_rows - pad_top;
    int32_t start_col = -pad_left;
    int8_t *pixel = mcup_out_row(&out, y);
    for (int32_t x = 0; x < out.cols;) {
      const int32_t width = widest_tile(out.cols - x);
      mcup_tile *tile = width == 4 ? tiles->four : width == 2 ? tiles->two : tiles->one;
      for (int32_t p = 0; p < width; ++p, start_col += params->stride_cols) {
        make_column(params, &of, &in, start_row, start_col, columns + 2 * p, 2 * width);
      }
      if (even > 0) {
        tile(columns, params->blocks, pixel, &job);
      }
      if (even < channels) {
        write_last_channel(tile, &job, columns, last_block, pixel + even, width);
      }
      if (params->low > -128 || params->high < 127) {
        clamp_pixels(pixel, width * channels, params->low, params->high);
      }
      x += width;
      pixel += (ptrdiff_t)width * channels;
    }
  }
}
