/* Mean over neighbouring axes; the division by their size is part of the scale. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/sum_bytes.h"

enum { BATCH = 16, LEAST_FOURS = 4 };

/* [outer][count] to [outer]: sums of bytes that lie one after the other. */
static void write_rows(const mcup_mean_params *params, int32_t offset, const int8_t *in, int8_t *out) {
  const int32_t count = params->count;
  for (int32_t first = 0; first < params->outer; first += BATCH) {
    const int32_t rows = params->outer - first < BATCH ? params->outer - first : BATCH;
    int32_t sums[BATCH];
    for (int32_t i = 0; i < rows; ++i, in += count) {
      const int32_t sum = count < 4 * LEAST_FOURS ? mcup_sum_bytes(in, 1, count, 0) : mcup_sum_row(in, count);
      sums[i] = mcup_sub_wrap(sum, offset);
    }
    mcup_requantize_run(&params->requant, 0, sums, rows, out + first);
  }
}

/* [count][inner] to [inner] */
static void write_block(const mcup_mean_params *params, int32_t offset, const int8_t *block, int8_t *out) {
  const int32_t start = mcup_sub_wrap(0, offset), inner = params->inner;
  int32_t i = 0;
  for (; i + 4 <= inner; i += 4) {
    mcup_sums4 sums = {{start, start, start, start}};
    sums = mcup_sum_bytes4(block + i, inner, params->count, sums);
    mcup_requantize_run(&params->requant, 0, sums.channel, 4, out + i);
  }
  for (; i < inner; ++i) {
    const int32_t sum = mcup_sum_bytes(block + i, inner, params->count, start);
    out[i] = mcup_requantize(&params->requant, 0, sum);
  }
}

void mcup_mean(const mcup_mean_params *params, const int8_t *in, int8_t *out) {
  const int32_t offset = mcup_mul_wrap(params->count, params->input_zero_point);
  if (params->inner == 1) {
    write_rows(params, offset, in, out);
    return;
  }
  const ptrdiff_t block = (ptrdiff_t)params->count * params->inner;
  for (int32_t o = 0; o < params->outer; ++o) {
    write_block(params, offset, in + o * block, out + (ptrdiff_t)o * params->inner);
  }
}
