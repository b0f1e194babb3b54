/*
 * The inverse cosine transform of a block, columns first. In integers, of coefficients F[v][u]:
 *
 *   C[x][u] = round(2^12 c(u) cos((2x + 1) u pi / 16)), c(0) = sqrt(1/2), else 1
 *   t[y][u] = (sum over v of C[y][v] F[v][u] + 2^9) >> 10, limited to int16           3 fractional bits
 *   s[y][x] = (sum over u of C[x][u] t[y][u] + 2^15) >> 16, plus 128, limited to 0..255
 *
 * No sum leaves int32: sum over u of |C[x][u]| < 2^14.5, and the other factors are int16.
 */
#include "mcupatch/rows/jpeg_parts.h"

#include "mcupatch/rows/pixels.h"

/* round(2^12 cos(k pi / 16)); C[x][0] is C4. */
enum { C1 = 4017, C2 = 3784, C3 = 3406, C4 = 2896, C5 = 2276, C6 = 1567, C7 = 799 };

static int32_t clamp_int16(int32_t value) {
  return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

/* sums[x] = bias + sum over u of C[x][u] from[u * step]: C[7 - x][u] is C[x][u], with the other sign for odd u. */
static inline void sum_cosines(const int16_t *from, int32_t step, int32_t bias, int32_t *sums) {
  const int32_t f0 = from[0], f1 = from[step], f2 = from[2 * step], f3 = from[3 * step];
  const int32_t f4 = from[4 * step], f5 = from[5 * step], f6 = from[6 * step], f7 = from[7 * step];
  const int32_t sum = C4 * (f0 + f4) + bias, difference = C4 * (f0 - f4) + bias;
  const int32_t outer = C2 * f2 + C6 * f6, inner = C6 * f2 - C2 * f6;
  const int32_t even[4] = {sum + outer, difference + inner, difference - inner, sum - outer};
  const int32_t odd[4] = {
      C1 * f1 + C3 * f3 + C5 * f5 + C7 * f7,
      C3 * f1 - C7 * f3 - C1 * f5 - C5 * f7,
      C5 * f1 - C1 * f3 + C7 * f5 + C3 * f7,
      C7 * f1 - C5 * f3 + C3 * f5 - C1 * f7,
  };
  for (int32_t x = 0; x < 4; ++x) {
    sums[x] = even[x] + odd[x];
    sums[7 - x] = even[x] - odd[x];
  }
}

void mcup_jpeg_transform_columns(mcup_jpeg_block *block) {
  for (int32_t u = 0; u < block->columns; ++u) {
    int32_t sums[8];
    sum_cosines(block->values + u, 8, 1 << 9, sums);
    for (int32_t y = 0; y < 8; ++y) {
      block->values[8 * y + u] = (int16_t)clamp_int16(sums[y] >> 10);
    }
  }
}

void mcup_jpeg_block_row(const mcup_jpeg_block *block, int32_t y, uint8_t *samples) {
  int32_t sums[8];
  sum_cosines(block->values + 8 * y, 1, (128 << 16) + (1 << 15), sums);
  for (int32_t x = 0; x < 8; ++x) {
    samples[x] = (uint8_t)mcup_clamp_byte(sums[x] >> 16);
  }
}
