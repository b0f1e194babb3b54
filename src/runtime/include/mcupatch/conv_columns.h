/*
 * The columns of a tile of W output pixels, side by side: [pairs][W][2] int16, the input values as they are stored, taps
 * in the order of the packed weights (kernels.h); behind them the pairs of sums, where the weights have a zero point.
 */
#ifndef MCUPATCH_CONV_COLUMNS_H
#define MCUPATCH_CONV_COLUMNS_H

#include "mcupatch/conv_gather.h"
#include "mcupatch/kernels.h"

enum { MCUP_NO_COL = 1 << 29 }; /* beyond the columns of every window */

/* The receptive field as it is gathered, and its places in the scratch. */
typedef struct {
  mcup_gather gather; /* of all kernel rows, or of the upper ones; depends on the tile's width: see mcup_set_width */
  mcup_gather lower;  /* of the lower ones, where rows lie in two places */
  int32_t whole_taps; /* of all kernel rows, those in whole groups of four */
  int32_t pairs;      /* with those of sums */
  int32_t last_row;   /* of the taps, counted from the first one */
  int32_t last_col;   /* of a pixel's taps; MCUP_NO_COL if they lie apart */
  int8_t *copy;       /* of the kernel rows of a tile with taps outside */
} mcup_field;

/* Pixels of the next tile where so many are left in a row: 4, 2 or 1. */
static inline int32_t mcup_tile_width(int32_t cols) {
  return cols >= 4 ? 4 : cols >= 2 ? 2 : 1;
}

static inline mcup_field mcup_find_field(const mcup_packed_conv2d_params *params, int32_t out_cols, void *scratch) {
  const int32_t apart = params->dilation_cols > 1 && params->kernel_cols > 1; /* taps of a row */
  const int32_t row_taps = params->kernel_cols * params->in_channels;
  mcup_field field;
  field.gather.fours = row_taps >> 2; /* not negative, which / 4 would have to ask */
  field.gather.rest = row_taps & 3;
  field.gather.columns = (int16_t *)scratch;
  field.gather.pixel_step = params->stride_cols * params->in_channels;
  field.gather.rest_next = 1;
  field.whole_taps = params->kernel_rows * (row_taps & ~3);
  field.pairs = ((params->kernel_rows * row_taps + 1) >> 1) + params->sum_pairs;
  field.last_row = (params->kernel_rows - 1) * params->dilation_rows;
  field.last_col = apart ? MCUP_NO_COL : params->kernel_cols - 1;
  field.copy = (int8_t *)scratch + 4 * field.pairs * mcup_tile_width(out_cols);
  return field;
}

/* The kernel rows below, where the first one lies `above` >= 1 rows above the last row of the upper place, or on it. */
int32_t mcup_count_lower_rows(const mcup_packed_conv2d_params *params, int32_t above);

/* For tiles of `width` pixels, `lower_rows` of their kernel rows in the lower place, if not all. */
void mcup_place_lower(const mcup_packed_conv2d_params *params, mcup_field *field, int32_t width, int32_t lower_rows);

static inline void mcup_set_width(const mcup_packed_conv2d_params *params, mcup_field *field, int32_t width,
                                  int32_t lower_rows) {
  field->gather.rest_columns = field->gather.columns + (ptrdiff_t)width * field->whole_taps;
  if (lower_rows > 0) {
    mcup_place_lower(params, field, width, lower_rows);
  }
}

/* The columns of `width` pixels of which some taps lie outside; the first one's first tap at (row, col). */
void mcup_gather_border(const mcup_packed_conv2d_params *params, const mcup_field *field, const mcup_input *in,
                        int32_t row, int32_t col, int32_t width);

/*
 * Behind the columns of a tile: for each 255 pairs of taps or less one pair, of minus the sum of their first values and
 * minus the sum of their second ones.
 */
void mcup_append_sums(const mcup_packed_conv2d_params *params, int16_t *columns, int32_t width);

#endif /* MCUPATCH_CONV_COLUMNS_H */
