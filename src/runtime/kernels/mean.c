/* Mean over neighbouring axes; the division by their size is part of the scale. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/sum_bytes.h"

/* [count][inner] to [inner] */
static void write_block(const mcup_mean_params *params, const int8_t *block, int8_t *out) {
  const int32_t offset = mcup_mul_wrap(params->count, params->input_zero_point);
  const int32_t start = mcup_sub_wrap(0, offset), inner = params->inner;
  int32_t i = 0;
  for (; i + 4 <= inner; i += 4) {
    mcup_sums4 sums = {{start, start, start, start}};
    sums = mcup_sum_bytes4(block + i, inner, params->count, sums);
    mcup_requantize_run(&params->requant, 0, sums.channel, 4, out + i);
  }
  for (; i < inner; ++i) {
    const int32_t sum =
        inner == 1 ? mcup_sum_row(block, params->count) : mcup_sum_bytes(block + i, inner, params->count, 0);
    out[i] = mcup_requantize(&params->requant, 0, mcup_sub_wrap(sum, offset));
  }
}

void mcup_mean(const mcup_mean_params *params, const int8_t *in, int8_t *out) {
  const ptrdiff_t block = (ptrdiff_t)params->count * params->inner;
  for (int32_t o = 0; o < params->outer; ++o) {
    write_block(params, in + o * block, out + (ptrdiff_t)o * params->inner);
  }
}
