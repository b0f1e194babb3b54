/* The clamp of what a kernel wrote. */
#include "mcupatch/bytes.h"

void mcup_clamp_run(int8_t *bytes, int32_t count, int32_t low, int32_t high) {
  int32_t i = 0;
#if MCUP_DSP
  const int32_t lows = mcup_four_times(low), highs = mcup_four_times(high);
  MCUP_NO_UNROLL
  for (; i + 4 <= count; i += 4) {
    mcup_store4(bytes + i, mcup_min4(mcup_max4(mcup_load4(bytes + i), lows), highs));
  }
#endif
  MCUP_NO_UNROLL
  for (; i < count; ++i) {
    bytes[i] = (int8_t)mcup_clamp(bytes[i], low, high);
  }
}
