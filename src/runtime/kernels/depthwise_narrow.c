/* Depthwise convolution of narrow windows: what is outside of them. */
#include "mcupatch/depthwise_narrow.h"

void mcup_place_outside(int32_t size, int32_t stride, int32_t first, int32_t last, const int8_t *zero_row,
                        const int8_t **slots) {
  for (int32_t k = 0; k < size; ++k) {
    if (k < first || k >= last) {
      const int8_t **pair = slots + (ptrdiff_t)2 * mcup_pair_weight(size, stride, k);
      MCUP_NO_UNROLL
      for (int32_t plane = 0; plane < size / 2; ++plane, pair += (ptrdiff_t)2 * size) {
        pair[0] = pair[1] = zero_row;
      }
      slots[size * (size - 1) + 2 + k] = zero_row;
    }
  }
}
