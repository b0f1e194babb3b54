/* float32 to int8. */
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/round_float.h"
#include "mcupatch/window.h"

static inline int8_t quantize_even(float value, float scale, int32_t zero_point) {
  return (int8_t)mcup_saturate8(mcup_add_saturated(mcup_round_even_within(value / scale), zero_point));
}

/* Of h halves, (h + 1) / 2 rounded down is half away from zero for h >= 0, and h / 2 rounded down for h < 0. */
static inline int8_t quantize_away(float value, float scale, int32_t offset) {
  const int32_t halves = mcup_count_halves(value / scale);
  return (int8_t)mcup_saturate8_half(offset + halves + (halves >> 31));
}

MCUP_INLINE int8_t quantize_one(float value, float scale, int32_t offset, int32_t half_even) {
  return half_even ? quantize_even(value, scale, offset) : quantize_away(value, scale, offset);
}

/* `half_even` is a constant. */
MCUP_INLINE void quantize_run(float scale, int32_t offset, int32_t half_even, const float *in, int32_t count,
                              int8_t *out) {
  MCUP_NO_UNROLL
  for (; count >= 4; count -= 4) {
    MCUP_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
      out[i] = quantize_one(in[i], scale, offset, half_even);
    }
    in += 4;
    out += 4;
    MCUP_FORGET(in);
    MCUP_FORGET(out);
  }
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    out[i] = quantize_one(in[i], scale, offset, half_even);
  }
}

void mcup_quantize(int32_t channels, float scale, int32_t zero_point, int32_t half_even, const mcup_input *in,
                   const mcup_output *out) {
  for (int32_t y = 0; y < out->rows; ++y) {
    const float *source = (const float *)(const void *)mcup_in_row(in, y);
    int8_t *target = mcup_out_row(out, y);
    if (half_even) {
      quantize_run(scale, zero_point, 1, source, out->cols * channels, target);
    } else {
      quantize_run(scale, 2 * zero_point + 1, 0, source, out->cols * channels, target);
    }
  }
}
