/*
 * The columns of a tile of W output pixels, side by side: [pairs][W][2] int16, the input values as they are stored, taps
 * in the order of the packed weights (kernels.h).
 */
#ifndef MCUPATCH_CONV_COLUMNS_H
#define MCUPATCH_CONV_COLUMNS_H

#include "mcupatch/kernels.h"
#include "mcupatch/simd.h"

/* The receptive field as it is gathered, and its places in the scratch. */
typedef struct {
  int32_t row_taps;   /* of a kernel row, in bytes */
  int32_t fours;      /* whole groups of four in them */
  int32_t rest;       /* bytes left over, in [0, 3] */
  int32_t rest_bytes; /* of all rows, a multiple of 4 */
  int32_t pairs;
  int16_t *columns;
  int8_t *left; /* [pixel][rest_bytes]: what is left over of all rows */
  int8_t *row;  /* a row of which some taps lie outside */
} mcup_field;

mcup_field mcup_find_field(const mcup_packed_conv2d_params *params, int32_t out_cols, void *scratch);

/* Pixels of the next tile where so many are left in a row: 4, 2 or 1. */
static inline int32_t mcup_tile_width(int32_t cols) {
  return cols >= 4 ? 4 : cols >= 2 ? 2 : 1;
}

/* The columns of `width` pixels; the first one's first tap is (start_row, start_col). */
void mcup_make_columns(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                       int32_t start_row, int32_t start_col, int32_t width);

#endif /* MCUPATCH_CONV_COLUMNS_H */
