/* From the sums of a block to stored values, for the tile functions that leave it to C. */
#include "mcupatch/conv_tiles.h"

const int32_t *mcup_store_block_any(int32_t *sums, const int32_t *factors, int32_t width, int32_t zero_point) {
  for (int32_t channel = 0; channel < 2; ++channel, factors += 2) {
    for (int32_t i = 0; i < width; ++i, ++sums) {
      *sums = mcup_store_any(*sums, factors[0], factors[1], zero_point);
    }
  }
  return factors;
}

const int32_t *mcup_store_block_float(int32_t *sums, const int32_t *factors, int32_t width, int32_t zero_point) {
  for (int32_t channel = 0; channel < 2; ++channel, factors += 2) {
    for (int32_t i = 0; i < width; ++i, ++sums) {
      *sums = mcup_store_float_scaled(*sums, factors[0], zero_point);
    }
  }
  return factors;
}
