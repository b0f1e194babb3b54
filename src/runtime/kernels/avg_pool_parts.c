/* Average pooling to one pixel of a map that arrives in windows. */
#include "mcupatch/average.h"
#include "mcupatch/bytes.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

void mcup_avg_pool_add(const mcup_pool_params *params, const mcup_input *in, void *sums) {
  if (params->scale == NULL) {
    mcup_mean_add(params->channels, in, sums);
    return;
  }
  float *total = (float *)sums;
  for (int32_t y = 0; y < in->rows; ++y) {
    const int8_t *pixel = mcup_in_row(in, y);
    for (int32_t x = 0; x < in->cols; ++x, pixel += params->channels) {
      for (int32_t c = 0; c < params->channels; ++c) {
        total[c] = mcup_add_real(params, total[c], pixel[c]);
      }
    }
  }
}

void mcup_avg_pool_finish(const mcup_pool_params *params, int32_t count, const void *sums, int8_t *out) {
  const int32_t channels = params->channels;
  if (params->scale != NULL) {
    for (int32_t c = 0; c < channels; ++c) {
      out[c] = mcup_average_real(params, ((const float *)sums)[c], count);
    }
    return;
  }
  for (int32_t c = 0; c < channels; ++c) {
    out[c] = mcup_average_stored(params->rounding_up, ((const int32_t *)sums)[c], count);
  }
  mcup_clamp_bytes(out, channels, params->low, params->high);
}
