/* Gathers the columns of a tile: kernel row by kernel row, four bytes at a time, of all its pixels. */
#include "mcupatch/conv_columns.h"

#include "mcupatch/window.h"

mcup_field mcup_find_field(const mcup_packed_conv2d_params *params, int32_t out_cols, void *scratch) {
  const int32_t channels = params->in_channels;
  const int32_t apart = params->dilation_cols > 1 && params->kernel_cols > 1; /* taps of a row */
  const int32_t reach = apart ? MCUP_NO_COL : params->kernel_cols - 1;
  mcup_field field;
  field.row_taps = params->kernel_cols * channels;
  field.fours = field.row_taps / 4;
  field.rest = field.row_taps % 4;
  field.pairs = (params->kernel_rows * field.row_taps + 1) / 2 + params->sum_pairs;
  field.pixel_step = params->stride_cols * channels;
  field.tap_by_tap = apart || field.pixel_step > field.row_taps;
  field.copy_step = field.tap_by_tap ? field.row_taps : field.pixel_step;
  field.last_row = (params->kernel_rows - 1) * params->dilation_rows;
  field.last_col[0] = reach;
  field.last_col[1] = reach + params->stride_cols;
  field.last_col[2] = reach + 3 * params->stride_cols;
  field.columns = (int16_t *)scratch;
  field.copy = (int8_t *)scratch + 4 * field.pairs * mcup_tile_width(out_cols);
  return field;
}

/* Where every tap is whole groups of four, a tile with taps outside needs no copy. */
static int32_t copies_border(const mcup_packed_conv2d_params *params) {
  return params->in_channels % 4 != 0;
}

/* Bytes between the rows of a copy. */
static int32_t copy_row_bytes(const mcup_field *field, int32_t width) {
  return (width - 1) * field->copy_step + field->row_taps;
}

size_t mcup_packed_conv2d_scratch_bytes(const mcup_packed_conv2d_params *params, int32_t out_cols) {
  const mcup_field field = mcup_find_field(params, out_cols, NULL);
  const int32_t width = mcup_tile_width(out_cols);
  const int32_t copy_bytes = copies_border(params) ? params->kernel_rows * copy_row_bytes(&field, width) : 0;
  return (size_t)(4 * field.pairs * width + (copy_bytes + 3) / 4 * 4);
}

/* Groups of four bytes as the pairs (0, 2) and (1, 3); `step`: values between pairs, twice the tile's width. */
static inline void widen_fours(const int8_t *bytes, int32_t fours, int16_t *column, int32_t step) {
  const int8_t *end = bytes + 4 * fours;
  MCUP_NO_UNROLL
  while (bytes != end) {
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
    bytes += 4;
    column += 2 * step;
    MCUP_FORGET(column);
  }
}

#if MCUP_THUMB_DSP
/*
 * mcup_gather_inside for four pixels and `rows` kernel rows, each `row_step` bytes after the one before, of which the first
 * starts at `bytes`. Pixels 0 and 1 have pointers, r0 and r12; 2 and 3 lie two steps after them. On the stack: whole
 * groups of four, bytes left over, bytes between rows, rows, place and next of what is left over.
 */
__attribute__((naked)) static void gather_four(MCUP_UNUSED const int8_t *bytes, MCUP_UNUSED int32_t row_step,
                                               MCUP_UNUSED int32_t rows, MCUP_UNUSED const mcup_field *field) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldrd r4, r5, [r3]\n"     /* fours, rest */
      "ldrd r6, r3, [r3, #8]\n" /* columns, pixel_step */
      "mul r7, r2, r4\n"
      "add r7, r6, r7, lsl #5\n" /* four pixels by two pairs */
      "mov r8, #2\n"
      "push {r7, r8}\n"
      "push {r1, r2}\n"
      "push {r4, r5}\n"
      "mov r1, r6\n"
      "1:\n"
      "mov lr, r0\n"
      "add r12, r0, r3\n"
      "ldr r2, [sp]\n"
      "cbz r2, 3f\n"
      "2:\n"
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
      "stmia r1!, {r8-r11}\n"
      "stmia r1!, {r4-r7}\n"
      "subs r2, r2, #1\n"
      "bne 2b\n"
      "3:\n"
      "ldr r2, [sp, #4]\n"
      "cbz r2, 5f\n"
      "ldrd r4, r5, [sp, #16]\n"
      "4:\n"
      "ldrsb.w r8, [r0, r3, lsl #1]\n"
      "ldrsb.w r9, [r12, r3, lsl #1]\n"
      "ldrsb r6, [r0], #1\n"
      "ldrsb r7, [r12], #1\n"
      "strh r6, [r4]\n"
      "strh r7, [r4, #4]\n"
      "strh.w r8, [r4, #8]\n"
      "strh.w r9, [r4, #12]\n"
      "add r4, r4, r5\n"
      "rsb r5, r5, #16\n"
      "subs r2, r2, #1\n"
      "bne 4b\n"
      "strd r4, r5, [sp, #16]\n"
      "5:\n"
      "ldrd r4, r5, [sp, #8]\n"
      "add r0, lr, r4\n"
      "subs r5, r5, #1\n"
      "str r5, [sp, #12]\n"
      "bne 1b\n"
      "add sp, #24\n"
      "pop {r4-r11, pc}\n");
}
#endif

/* mcup_gather_inside for any width and a window in two places. */
MCUP_NO_INLINE static void gather_rows(const mcup_packed_conv2d_params *params, const mcup_field *field,
                                       const mcup_input *in, int32_t row, int32_t start_col, int32_t width) {
  const int32_t step = 2 * width, row_values = 2 * field->fours * step;
  int16_t *columns = field->columns;
  int16_t *rest = columns + (ptrdiff_t)row_values * params->kernel_rows;
  int32_t next = 1; /* from one half of a pair to the other, or from there to the next pair */
  for (int32_t k = params->kernel_rows; k > 0; --k, row += params->dilation_rows, columns += row_values) {
    const int8_t *bytes = mcup_in_pixel(in, row, start_col, params->in_channels);
    MCUP_NO_UNROLL
    for (int32_t p = 0; p < width; ++p) {
      widen_fours(bytes + p * field->pixel_step, field->fours, columns + 2 * p, step);
    }
    bytes += 4 * field->fours;
    MCUP_NO_UNROLL
    for (int32_t i = field->rest; i > 0; --i, ++bytes, rest += next, next = step - next) {
      MCUP_NO_UNROLL
      for (int32_t p = 0; p < width; ++p) {
        rest[2 * p] = bytes[p * field->pixel_step];
      }
    }
  }
}

void mcup_gather_inside(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t start_col, int32_t width) {
#if MCUP_THUMB_DSP
  if (width == 4 && (row + field->last_row < in->upper_rows || row >= in->upper_rows)) {
    const int32_t row_stride = row < in->upper_rows ? in->row_stride : in->lower_stride;
    gather_four(mcup_in_row(in, row) + (ptrdiff_t)start_col * params->in_channels, row_stride * params->dilation_rows,
                params->kernel_rows, field);
    return;
  }
#endif
  gather_rows(params, field, in, row, start_col, width);
}

/* The taps of one row at column `start_col` and on, `fours` groups of four bytes a pixel, for all pixels of a tile. */
static void widen_tile(const mcup_packed_conv2d_params *params, const mcup_input *in, int32_t row, int32_t start_col,
                       int32_t fours, int16_t *columns, int32_t width) {
  const int32_t channels = params->in_channels, step = params->stride_cols;
  const int32_t whole = start_col >= 0 && start_col + (width - 1) * step + (4 * fours - 1) / channels < in->cols;
#if MCUP_THUMB_DSP
  if (whole && width == 4) {
    mcup_field part;
    part.fours = fours;
    part.rest = 0;
    part.columns = columns;
    part.pixel_step = step * channels;
    gather_four(mcup_in_pixel(in, row, start_col, channels), 0, 1, &part);
    return;
  }
#endif
  for (int32_t p = 0; p < width; ++p) {
    const int32_t col = start_col + p * step;
    if (whole || (col >= 0 && col < in->cols)) {
      widen_fours(mcup_in_pixel(in, row, col, channels), fours, columns + 2 * p, 2 * width);
      continue;
    }
    int16_t *column = columns + 2 * p;
    for (int32_t i = 0; i < 2 * fours; ++i, column += 2 * width) {
      column[0] = (int16_t)params->input_zero_point;
      column[1] = (int16_t)params->input_zero_point;
    }
  }
}

/* The columns of a tile with taps outside, where taps are whole groups of four. */
static void gather_taps(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t start_col, int32_t width) {
  const int32_t row_values = 4 * field->fours * width;
  const int32_t side_by_side = start_col >= 0 && start_col + field->last_col[width / 2] < in->cols;
  int16_t *columns = field->columns;
  for (int32_t k = params->kernel_rows; k > 0; --k, row += params->dilation_rows, columns += row_values) {
    if (row < 0 || row >= in->rows) {
      for (int32_t i = 0; i < row_values; ++i) {
        columns[i] = (int16_t)params->input_zero_point;
      }
    } else if (side_by_side) {
      widen_tile(params, in, row, start_col, field->fours, columns, width);
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
  const int32_t row_bytes = copy_row_bytes(field, width), taps = params->kernel_cols;
  int8_t *target = field->copy;
  for (int32_t k = 0; k < params->kernel_rows; ++k, row += params->dilation_rows) {
    if (!field->tap_by_tap) {
      copy_pixels(params, in, row, start_col, row_bytes / params->in_channels, target);
      target += row_bytes;
      continue;
    }
    for (int32_t i = 0; i < width * taps; ++i, target += params->in_channels) {
      const int32_t col = start_col + i / taps * params->stride_cols + i % taps * params->dilation_cols;
      copy_pixels(params, in, row, col, 1, target);
    }
  }
  mcup_packed_conv2d_params dense = *params;
  mcup_field of_copy = *field;
  dense.dilation_rows = 1;
  of_copy.last_row = params->kernel_rows - 1;
  of_copy.pixel_step = field->copy_step;
  const mcup_input copy = mcup_window(field->copy, params->kernel_rows, 0, row_bytes);
  mcup_gather_inside(&dense, &of_copy, &copy, 0, 0, width);
}

void mcup_gather_at_border(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                           int32_t row, int32_t start_col, int32_t width) {
  if (copies_border(params)) {
    gather_copy(params, field, in, row, start_col, width);
  } else {
    gather_taps(params, field, in, row, start_col, width);
  }
}
