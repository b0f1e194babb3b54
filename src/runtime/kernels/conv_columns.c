/* Gathers the columns of a tile: kernel row by kernel row, four bytes at a time, of all its pixels. */
#include "mcupatch/conv_columns.h"

#include "mcupatch/window.h"

static int32_t round_up_to_4(int32_t bytes) {
  return (bytes + 3) / 4 * 4;
}

mcup_field mcup_find_field(const mcup_packed_conv2d_params *params, int32_t out_cols, void *scratch) {
  mcup_field field;
  field.row_taps = params->kernel_cols * params->in_channels;
  field.fours = field.row_taps / 4;
  field.rest = field.row_taps % 4;
  field.rest_bytes = round_up_to_4(params->kernel_rows * field.rest);
  field.pairs = (params->kernel_rows * field.row_taps + 1) / 2;
  field.columns = (int16_t *)scratch;
  field.left = (int8_t *)scratch + 4 * field.pairs * mcup_tile_width(out_cols);
  field.row = field.left + field.rest_bytes * mcup_tile_width(out_cols);
  return field;
}

/* Whether the taps of every column are whole groups of four, so that a row with taps outside needs no copy. */
static int32_t taps_are_fours(const mcup_packed_conv2d_params *params) {
  return params->in_channels % 4 == 0 || params->kernel_cols == 1;
}

size_t mcup_packed_conv2d_scratch_bytes(const mcup_packed_conv2d_params *params, int32_t out_cols) {
  const mcup_field field = mcup_find_field(params, out_cols, NULL);
  const int32_t row_bytes = taps_are_fours(params) ? 0 : round_up_to_4(field.row_taps);
  return (size_t)((4 * field.pairs + field.rest_bytes) * mcup_tile_width(out_cols) + row_bytes);
}

/* The pairs (0, 2) and (1, 3) of four bytes; `step`: values between pairs, twice the tile's width. */
static inline void widen_four(const int8_t *bytes, int16_t *column, int32_t step) {
#if MCUP_DSP
  const int32_t word = mcup_load4(bytes);
  mcup_store4(column, mcup_even_bytes(word));
  mcup_store4(column + step, mcup_odd_bytes(word));
#else
  column[0] = bytes[0];
  column[1] = bytes[2];
  column[step] = bytes[1];
  column[step + 1] = bytes[3];
#endif
}

static inline void widen_fours(const int8_t *bytes, int32_t fours, int16_t *column, int32_t step) {
  const int8_t *end = bytes + 4 * fours;
  MCUP_NO_UNROLL
  while (bytes != end) {
    widen_four(bytes, column, step);
    bytes += 4;
    column += 2 * step;
    MCUP_FORGET(column);
  }
}

#if MCUP_THUMB_DSP
/* widen_fours for four pixels, each `pixel_step` bytes after the one before; fours > 0. */
__attribute__((naked)) static void widen_four_pixels(MCUP_UNUSED const int8_t *bytes, MCUP_UNUSED int32_t fours,
                                                     MCUP_UNUSED int16_t *columns, MCUP_UNUSED int32_t pixel_step) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "add r12, r0, r3\n" /* pixel 1; pixels 2 and 3 are two steps after 0 and 1 */
      "1:\n"
      "ldr.w r6, [r0, r3, lsl #1]\n"
      "ldr.w r7, [r12, r3, lsl #1]\n"
      "ldr r4, [r0], #4\n"
      "ldr r5, [r12], #4\n"
      "sxtb16 r8, r4\n"
      "sxtb16 r9, r5\n"
      "sxtb16 r10, r6\n"
      "sxtb16 r11, r7\n"
      "sxtb16 r4, r4, ror #8\n"
      "sxtb16 r5, r5, ror #8\n"
      "sxtb16 r6, r6, ror #8\n"
      "sxtb16 r7, r7, ror #8\n"
      "stmia r2!, {r8-r11}\n"
      "stmia r2!, {r4-r7}\n"
      "subs r1, r1, #1\n"
      "bne 1b\n"
      "pop {r4-r11, pc}\n");
}
#endif

/* widen_fours for the pixels of a tile. */
static inline void widen_tile(const int8_t *bytes, int32_t fours, int32_t pixel_step, int16_t *columns, int32_t width) {
  if (width == 1) {
    widen_fours(bytes, fours, columns, 2);
    return;
  }
#if MCUP_THUMB_DSP
  if (width == 4) {
    if (fours > 0) {
      widen_four_pixels(bytes, fours, columns, pixel_step);
    }
    return;
  }
#endif
  for (int32_t p = 0; p < width; ++p) {
    widen_fours(bytes + p * pixel_step, fours, columns + 2 * p, 2 * width);
  }
}

/* The same where every tap lies outside; any number of neighbouring columns is one with more pairs. */
static void fill_pairs(int32_t zero_point, int32_t pairs, int16_t *column, int32_t step) {
  const int16_t value = (int16_t)zero_point;
  for (int32_t i = 0; i < pairs; ++i, column += step) {
    column[0] = value;
    column[1] = value;
  }
}

/* The bytes of a kernel row, some of whose taps lie outside. */
static const int8_t *collect_row(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                                 int32_t row, int32_t start_col, mcup_taps cols) {
  const int32_t channels = params->in_channels;
  memset(field->row, params->input_zero_point, (size_t)field->row_taps);
  for (int32_t k = cols.first; k < cols.last; ++k) {
    const int8_t *tap = mcup_in_pixel(in, row, start_col + k * params->dilation_cols, channels);
    memcpy(field->row + k * channels, tap, (size_t)channels);
  }
  return field->row;
}

/* The same straight to the column: whole groups of four are inside or outside. */
static void widen_taps(const mcup_packed_conv2d_params *params, const mcup_input *in, int32_t row, int32_t start_col,
                       mcup_taps cols, int16_t *column, int32_t step) {
  const int32_t fours = params->in_channels / 4;
  fill_pairs(params->input_zero_point, 2 * fours * cols.first, column, step);
  column += (ptrdiff_t)2 * fours * step * cols.first;
  for (int32_t k = cols.first; k < cols.last; ++k, column += (ptrdiff_t)2 * fours * step) {
    widen_fours(mcup_in_pixel(in, row, start_col + k * params->dilation_cols, params->in_channels), fours, column,
                step);
  }
  fill_pairs(params->input_zero_point, 2 * fours * (params->kernel_cols - cols.last), column, step);
}

/* Keeps the bytes that are left of a row; `row_end`: behind the row's whole groups of four. */
static inline void keep_rest(const mcup_field *field, const int8_t *row_end, int8_t *left) {
  for (int32_t i = 0; i < field->rest; ++i) {
    left[i] = row_end[i];
  }
}

/* A kernel row of a tile where not every tap of every pixel lies inside. */
static void gather_at_border(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                             int32_t row, int32_t start_col, int16_t *columns, int8_t *left, int32_t width) {
  const int32_t step = 2 * width;
  for (int32_t p = 0; p < width; ++p, columns += 2, left += field->rest_bytes, start_col += params->stride_cols) {
    const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in->cols);
    if (cols.last == 0) {
      fill_pairs(params->input_zero_point, 2 * field->fours, columns, step);
      for (int32_t i = 0; i < field->rest; ++i) {
        left[i] = (int8_t)params->input_zero_point;
      }
    } else if (params->in_channels % 4 == 0) {
      widen_taps(params, in, row, start_col, cols, columns, step);
    } else {
      const int8_t *bytes = params->kernel_cols == 1 ? mcup_in_pixel(in, row, start_col, params->in_channels)
                                                     : collect_row(params, field, in, row, start_col, cols);
      widen_fours(bytes, field->fours, columns, step);
      keep_rest(field, bytes + 4 * field->fours, left);
    }
  }
}

/* What was left of all rows, as the last pairs of every column. */
static void widen_rest(const mcup_packed_conv2d_params *params, const mcup_field *field, int16_t *columns,
                       int32_t width) {
  const int32_t count = params->kernel_rows * field->rest, fours = count / 4, over = count % 4, step = 2 * width;
  widen_tile(field->left, fours, field->rest_bytes, columns, width);
  columns += (ptrdiff_t)2 * fours * step;
  for (int32_t p = 0; over > 0 && p < width; ++p, columns += 2) {
    const int8_t *bytes = field->left + p * field->rest_bytes + 4 * fours;
    columns[0] = bytes[0];
    columns[1] = over == 2 ? bytes[1] : over == 3 ? bytes[2] : 0; /* two at the very end are a pair */
    if (over == 3) {
      columns[step] = bytes[1];
      columns[step + 1] = 0;
    }
  }
}

void mcup_make_columns(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                       int32_t start_row, int32_t start_col, int32_t width) {
  const int32_t last_col = start_col + (width - 1) * params->stride_cols + params->kernel_cols;
  const int32_t inside =
      start_col >= 0 && last_col <= in->cols && (params->dilation_cols == 1 || params->kernel_cols == 1);
  const int32_t pixel_step = params->stride_cols * params->in_channels, fours = field->fours;
  int16_t *columns = field->columns;
  int8_t *left = field->left;
  for (int32_t k = 0; k < params->kernel_rows; ++k, left += field->rest) {
    const int32_t row = start_row + k * params->dilation_rows;
    if (row < 0 || row >= in->rows) {
      fill_pairs(params->input_zero_point, 2 * fours * width, columns, 2);
      for (int32_t p = 0; p < width; ++p) {
        memset(left + p * field->rest_bytes, params->input_zero_point, (size_t)field->rest);
      }
    } else if (inside) {
      const int8_t *bytes = mcup_in_pixel(in, row, start_col, params->in_channels);
      widen_tile(bytes, fours, pixel_step, columns, width);
      for (int32_t p = 0; p < width && field->rest > 0; ++p) {
        keep_rest(field, bytes + p * pixel_step + 4 * fours, left + p * field->rest_bytes);
      }
    } else {
      gather_at_border(params, field, in, row, start_col, columns, left, width);
    }
    columns += (ptrdiff_t)4 * fours * width;
  }
  if (field->rest > 0) {
    widen_rest(params, field, columns, width);
  }
}
