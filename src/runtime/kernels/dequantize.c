/* int8 to float32. */
#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

static void dequantize_run(float scale, int32_t zero_point, const int8_t *in, int32_t count, float *out) {
  MCUP_NO_UNROLL
  for (; count >= 4; count -= 4) {
    MCUP_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
      out[i] = (float)(in[i] - zero_point) * scale;
    }
    in += 4;
    out += 4;
    MCUP_FORGET(in);
    MCUP_FORGET(out);
  }
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    out[i] = (float)(in[i] - zero_point) * scale;
  }
}

void mcup_dequantize(int32_t channels, float scale, int32_t zero_point, const mcup_input *in, const mcup_output *out) {
  for (int32_t y = 0; y < out->rows; ++y) {
    float *target = (float *)(void *)mcup_out_row(out, y);
    dequantize_run(scale, zero_point, mcup_in_row(in, y), out->cols * channels, target);
  }
}
