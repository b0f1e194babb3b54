/* Mean over neighbouring axes; the division by their size is part of the scale. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"

void mcup_mean(const mcup_mean_params *params, const int8_t *in, int8_t *out) {
  const int32_t offset = mcup_mul_wrap(params->count, params->input_zero_point);
  for (int32_t o = 0; o < params->outer; ++o) {
    const int8_t *block = in + (ptrdiff_t)o * params->count * params->inner;
    for (int32_t i = 0; i < params->inner; ++i) {
      int32_t sum = 0;
      for (int32_t n = 0; n < params->count; ++n) {
        sum = mcup_add_wrap(sum, block[(ptrdiff_t)n * params->inner + i]);
      }
      out[(ptrdiff_t)o * params->inner + i] = mcup_requantize(&params->requant, 0, mcup_sub_wrap(sum, offset));
    }
  }
}
