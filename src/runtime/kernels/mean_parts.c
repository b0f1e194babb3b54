/* Mean over rows and columns of a map that arrives in windows. */
#include "mcupatch/dot.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

void mcup_mean_add(int32_t channels, mcup_input in, void *sums) {
  static const int16_t ones[4] = {1, 1, 1, 1};
  int32_t *total = (int32_t *)sums;
  for (int32_t y = 0; y < in.rows; ++y) {
    const int8_t *row = mcup_in_row(&in, y);
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
      mcup_sums4 four = {{total[c], total[c + 1], total[c + 2], total[c + 3]}};
      const int8_t *bytes = row + c;
      MCUP_NO_UNROLL
      for (int32_t x = 0; x < in.cols; ++x, bytes += channels) {
        four = mcup_depthwise_tap4(bytes, ones, four);
      }
      for (int32_t i = 0; i < 4; ++i) {
        total[c + i] = four.channel[i];
      }
    }
    for (; c < channels; ++c) {
      for (int32_t x = 0; x < in.cols; ++x) {
        total[c] = mcup_add_wrap(total[c], row[(ptrdiff_t)x * channels + c]);
      }
    }
  }
}

void mcup_mean_finish(const mcup_mean_params *params, const void *sums, int8_t *out) {
  const int32_t *total = (const int32_t *)sums;
  const int32_t offset = mcup_mul_wrap(params->count, params->input_zero_point);
  for (int32_t c = 0; c < params->inner; ++c) {
    out[c] = mcup_requantize(&params->requant, 0, mcup_sub_wrap(total[c], offset));
  }
}
