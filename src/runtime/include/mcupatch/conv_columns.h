/*
 * The columns of a tile of W output pixels, side by side: [pairs][W][2] int16, the input values as they are stored, taps
 * in the order of the packed weights (kernels.h); behind them the pairs of sums, where the weights have a zero point.
 */
#ifndef MCUPATCH_CONV_COLUMNS_H
#define MCUPATCH_CONV_COLUMNS_H

#include "mcupatch/kernels.h"
#include "mcupatch/simd.h"

enum { MCUP_NO_COL = 1 << 29 }; /* beyond the columns of every window */

/* The receptive field as it is gathered, and its places in the scratch. The assembly knows the first four fields. */
typedef struct {
  int32_t fours; /* whole groups of four bytes in a kernel row */
  int32_t rest;  /* bytes left over, in [0, 3] */
  int16_t *columns;
  int32_t pixel_step;  /* bytes between the first taps of neighbouring pixels */
  int32_t row_taps;    /* of a kernel row, in bytes */
  int32_t pairs;       /* with those of sums */
  int32_t last_row;    /* of the taps, counted from the first one */
  int32_t last_col[3]; /* the same for tiles of one, two and four pixels; MCUP_NO_COL or more if taps lie apart */
  int32_t copy_step;   /* pixel_step in a copy, where pixels overlap or lie side by side */
  int32_t tap_by_tap;  /* whether the pixels of a copy have taps of their own, or share those of their neighbours */
  int8_t *copy;        /* of the kernel rows of a tile with taps outside */
} mcup_field;

mcup_field mcup_find_field(const mcup_packed_conv2d_params *params, int32_t out_cols, void *scratch);

/* Pixels of the next tile where so many are left in a row: 4, 2 or 1. */
static inline int32_t mcup_tile_width(int32_t cols) {
  return cols >= 4 ? 4 : cols >= 2 ? 2 : 1;
}

/* The columns of `width` pixels, the first one's first tap at (row, col): all taps side by side inside, or any. */
void mcup_gather_inside(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t col, int32_t width);
void mcup_gather_at_border(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                           int32_t row, int32_t col, int32_t width);

/*
 * Behind the columns of a tile of `taps` taps: for each 255 pairs of taps or less one pair, of minus the sum of their
 * first values and minus the sum of their second ones.
 */
void mcup_append_sums(const mcup_field *field, int32_t taps, int32_t width);

static inline void mcup_make_columns(const mcup_packed_conv2d_params *params, const mcup_field *field,
                                     const mcup_input *in, int32_t row, int32_t col, int32_t width) {
  if (row >= 0 && col >= 0 && row + field->last_row < in->rows && col + field->last_col[width / 2] < in->cols) {
    mcup_gather_inside(params, field, in, row, col, width);
  } else {
    mcup_gather_at_border(params, field, in, row, col, width);
  }
}

#endif /* MCUPATCH_CONV_COLUMNS_H */
