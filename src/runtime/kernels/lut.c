/* Any function of one byte. */
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

void mcup_lut(int32_t channels, const int8_t *table, mcup_input in, mcup_output out) {
  for (int32_t y = 0; y < out.rows; ++y) {
    const uint8_t *source = (const uint8_t *)mcup_in_row(&in, y);
    int8_t *target = mcup_out_row(&out, y);
    for (int32_t i = 0; i < out.cols * channels; ++i) {
      target[i] = table[source[i]];
    }
  }
}
