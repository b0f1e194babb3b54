/* Mean over rows and columns of a map that arrives in windows. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/sum_bytes.h"
#include "mcupatch/window.h"

void mcup_mean_add(int32_t channels, mcup_input in, void *sums) {
  int32_t *total = (int32_t *)sums;
  for (int32_t y = 0; y < in.rows; ++y) {
    const int8_t *row = mcup_in_row(&in, y);
    int32_t c = 0;
    for (; c + 4 <= channels; c += 4) {
      mcup_sums4 four = {{total[c], total[c + 1], total[c + 2], total[c + 3]}};
      four = mcup_sum_bytes4(row + c, channels, in.cols, four);
      for (int32_t i = 0; i < 4; ++i) {
        total[c + i] = four.channel[i];
      }
    }
    for (; c < channels; ++c) {
      total[c] = mcup_sum_bytes(row + c, channels, in.cols, total[c]);
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
