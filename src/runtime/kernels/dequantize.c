/* int8 to float32. */
#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

void mcup_dequantize(int32_t channels, float scale, int32_t zero_point, mcup_input in, mcup_output out) {
  for (int32_t y = 0; y < out.rows; ++y) {
    const int8_t *source = mcup_in_row(&in, y);
    int8_t *target = mcup_out_row(&out, y);
    for (int32_t i = 0; i < out.cols * channels; ++i) {
      mcup_store_float(target + 4 * (ptrdiff_t)i, (float)(source[i] - zero_point) * scale);
    }
  }
}
