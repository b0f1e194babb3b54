/* Depthwise convolution of narrow windows: what all sizes share. */
#include "mcupatch/depthwise_narrow.h"

#if MCUP_DEPTHWISE_ASM
#include "mcupatch/depthwise_asm.h"
#include "mcupatch/depthwise_narrow_asm.h"

__asm__("mcup_narrow_widen_loop\n");
#endif

void mcup_place_outside(int32_t size, int32_t cols, int32_t first, int32_t last, const int8_t *zero_row,
                        const int8_t **slots) {
  for (int32_t k = 0; k < cols; ++k) {
    if (k < first || k >= last) {
      const int8_t **pair = slots + (ptrdiff_t)2 * k;
      MCUP_NO_UNROLL
      for (int32_t plane = 0; plane < size / 2; ++plane, pair += (ptrdiff_t)2 * cols) {
        pair[0] = pair[1] = zero_row;
      }
      slots[(size - 1) * cols + k] = zero_row;
    }
  }
}
