/*
 * The inverse cosine transform, a row at a time: rows that nobody holds cost nothing.
 *
 *   C[x][u] = round(2^12 c(u) cos((2x + 1) u pi / 16)), c(0) = sqrt(1/2), else 1
 *   t[u]    = (sum over v of C[y][v] F[v][u] + 2^9) >> 10, limited to int16           3 fractional bits
 *   s[x]    = (sum over u of C[x][u] t[u] + 2^15) >> 16, plus 128, limited to 0..255
 *
 * No sum leaves int32: sum |C[x][u]| < 2^14.4, and both factors' other sides are int16.
 */
#include "jpeg_parts.h"

#include "pixels.h"

static const int16_t cosines[8][8] = {
    {2896, 4017, 3784, 3406, 2896, 2276, 1567, 799},     {2896, 3406, 1567, -799, -2896, -4017, -3784, -2276},
    {2896, 2276, -1567, -4017, -2896, 799, 3784, 3406},  {2896, 799, -3784, -2276, 2896, 3406, -1567, -4017},
    {2896, -799, -3784, 2276, 2896, -3406, -1567, 4017}, {2896, -2276, -1567, 4017, -2896, -799, 3784, -3406},
    {2896, -3406, 1567, 799, -2896, 4017, -3784, 2276},  {2896, -4017, 3784, -3406, 2896, -2276, 1567, -799},
};

static int32_t clamp_int16(int32_t value) {
  return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
}

void mcup_jpeg_block_row(const mcup_jpeg_block *block, int32_t y, uint8_t *samples) {
  int32_t across[8];
  for (int32_t u = 0; u < block->columns; ++u) {
    int32_t sum = 1 << 9;
    for (int32_t v = 0; v < block->rows; ++v) {
      sum += cosines[y][v] * block->values[8 * v + u];
    }
    across[u] = clamp_int16(sum >> 10);
  }
  for (int32_t x = 0; x < 8; ++x) {
    int32_t sum = (128 << 16) + (1 << 15);
    for (int32_t u = 0; u < block->columns; ++u) {
      sum += cosines[x][u] * across[u];
    }
    samples[x] = (uint8_t)mcup_clamp_byte(sum >> 16);
  }
}
