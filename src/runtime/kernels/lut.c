/* Any function of one byte. */
#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

static void map_bytes(const int8_t *table, const uint8_t *source, int32_t count, int8_t *target) {
  MCUP_NO_UNROLL
  for (; count >= 4; count -= 4) {
    MCUP_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
      target[i] = table[source[i]];
    }
    source += 4;
    target += 4;
    MCUP_FORGET(source);
    MCUP_FORGET(target);
  }
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    target[i] = table[source[i]];
  }
}

void mcup_lut(int32_t channels, const int8_t *table, const mcup_input *in, const mcup_output *out) {
  for (int32_t y = 0; y < out->rows; ++y) {
    map_bytes(table, (const uint8_t *)mcup_in_row(in, y), out->cols * channels, mcup_out_row(out, y));
  }
}
