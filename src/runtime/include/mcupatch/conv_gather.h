/* Widens the bytes of kernel rows into columns of int16 (conv_columns.h), of all pixels of a tile at once. */
#ifndef MCUPATCH_CONV_GATHER_H
#define MCUPATCH_CONV_GATHER_H

#include "mcupatch/simd.h"

/* What of each kernel row goes where. The assembly knows the order of the fields. */
typedef struct {
  int32_t fours;         /* whole groups of four bytes in a kernel row */
  int32_t rest;          /* bytes left over, in [0, 3] */
  int16_t *columns;      /* of the groups */
  int32_t pixel_step;    /* bytes between the first taps of neighbouring pixels */
  int16_t *rest_columns; /* of the bytes left over: behind the groups of all kernel rows */
  int32_t rest_next;     /* values from the first one's place to the second one's: 1, or on to the next pair */
} mcup_gather;

/* `rows` kernel rows, at least 1, each `row_step` bytes after the one before; the first one's first tap at `bytes`. */
typedef void mcup_gather_rows(const int8_t *bytes, int32_t row_step, int32_t rows, const mcup_gather *gather);

mcup_gather_rows mcup_gather_four, mcup_gather_two, mcup_gather_one; /* pixels of a tile */

static inline mcup_gather_rows *mcup_find_gather(int32_t width) {
  return width == 4 ? mcup_gather_four : width == 2 ? mcup_gather_two : mcup_gather_one;
}

/* `fours` groups of four bytes of one pixel as the pairs (0, 2) and (1, 3); `step`: values between pairs. */
static inline void mcup_widen_fours(const int8_t *bytes, int32_t fours, int16_t *column, int32_t step) {
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

#endif /* MCUPATCH_CONV_GATHER_H */
