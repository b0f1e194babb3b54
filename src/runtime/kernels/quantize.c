/* float32 to int8. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

void mcup_quantize(int32_t channels, float scale, int32_t zero_point, int32_t half_even, mcup_input in,
                   mcup_output out) {
  const float low = (float)(INT8_MIN - zero_point);
  const float high = (float)(INT8_MAX - zero_point);
  for (int32_t y = 0; y < out.rows; ++y) {
    const int8_t *source = mcup_in_row(&in, y);
    int8_t *target = mcup_out_row(&out, y);
    for (int32_t i = 0; i < out.cols * channels; ++i) {
      const float scaled = mcup_clamp_float(mcup_load_float(source + 4 * (ptrdiff_t)i) / scale, low, high);
      const int32_t rounded = half_even ? mcup_round_half_even(scaled) : mcup_round_half_away(scaled);
      target[i] = (int8_t)(rounded + zero_point);
    }
  }
}
