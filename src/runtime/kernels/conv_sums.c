/* Pairs of sums behind the columns of a tile: what weights with a zero point are to be multiplied with. */
#include "mcupatch/conv_columns.h"

enum { WHOLE = 255 }; /* pairs whose sums leave no int16: 255 * 128 < 2**15 */

#if MCUP_DSP
/* The sums of `count` pairs of one pixel, or of four side by side; `step`: values between pairs of a pixel. */
MCUP_NO_INLINE static void subtract_pairs(const int16_t *column, int32_t count, int32_t step, int16_t *sums) {
  int32_t sum = 0;
  MCUP_NO_UNROLL
  for (; count > 0; --count, column += step) {
    sum = __ssub16(sum, mcup_load4(column));
  }
  mcup_store4(sums, sum);
}

MCUP_NO_INLINE static void subtract_four(const int16_t *column, int32_t count, int16_t *sums) {
  int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  MCUP_NO_UNROLL
  for (; count > 0; --count, column += 8) {
    s0 = __ssub16(s0, mcup_load4(column));
    s1 = __ssub16(s1, mcup_load4(column + 2));
    s2 = __ssub16(s2, mcup_load4(column + 4));
    s3 = __ssub16(s3, mcup_load4(column + 6));
  }
  mcup_store4(sums, s0);
  mcup_store4(sums + 2, s1);
  mcup_store4(sums + 4, s2);
  mcup_store4(sums + 6, s3);
}
#else
MCUP_NO_INLINE static void subtract_pairs(const int16_t *column, int32_t count, int32_t step, int16_t *sums) {
  int32_t even = 0, odd = 0;
  for (; count > 0; --count, column += step) {
    even -= column[0];
    odd -= column[1];
  }
  sums[0] = (int16_t)even;
  sums[1] = (int16_t)odd;
}
#endif

void mcup_append_sums(const mcup_packed_conv2d_params *params, int16_t *column, int32_t width) {
  const int32_t step = 2 * width, taps = params->kernel_rows * params->kernel_cols * params->in_channels;
  int16_t *sums = column + (ptrdiff_t)((taps + 1) / 2) * step;
  if (taps % 2 != 0) { /* the missing half of the last pair */
    for (int32_t p = 0; p < width; ++p) {
      sums[2 * p + 1 - step] = 0;
    }
  }
  for (int32_t left = (taps + 1) / 2; left > 0; left -= WHOLE, column += WHOLE * step, sums += step) {
    const int32_t count = left < WHOLE ? left : WHOLE;
#if MCUP_DSP
    if (width == 4) {
      subtract_four(column, count, sums);
      continue;
    }
#endif
    for (int32_t p = 0; p < width; ++p) {
      subtract_pairs(column + 2 * p, count, step, sums + 2 * p);
    }
  }
}
