/* float32 to int8. */
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/round_float.h"
#include "mcupatch/window.h"

static void run_half_even(float scale, int32_t zero_point, const int8_t *in, int32_t count, int8_t *out) {
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    const float scaled = mcup_load_float(in + 4 * (ptrdiff_t)i) / scale;
    out[i] = (int8_t)mcup_saturate8(mcup_add_saturated(mcup_round_even_within(scaled), zero_point));
  }
}

/* Of h halves, (h + 1) / 2 rounded down is half away from zero for h >= 0, and h / 2 rounded down for h < 0. */
static void run_half_away(float scale, int32_t zero_point, const int8_t *in, int32_t count, int8_t *out) {
  const int32_t offset = 2 * zero_point + 1;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    const int32_t halves = mcup_count_halves(mcup_load_float(in + 4 * (ptrdiff_t)i) / scale);
    out[i] = (int8_t)mcup_saturate8_half(offset + halves + (halves >> 31));
  }
}

void mcup_quantize(int32_t channels, float scale, int32_t zero_point, int32_t half_even, mcup_input in,
                   mcup_output out) {
  for (int32_t y = 0; y < out.rows; ++y) {
    const int8_t *source = mcup_in_row(&in, y);
    int8_t *target = mcup_out_row(&out, y);
    if (half_even) {
      run_half_even(scale, zero_point, source, out.cols * channels, target);
    } else {
      run_half_away(scale, zero_point, source, out.cols * channels, target);
    }
  }
}
