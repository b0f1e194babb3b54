/* Mean over rows and columns of a map that arrives in windows. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/sum_bytes.h"
#include "mcupatch/window.h"

enum { FEW_COLS = 3 }; /* with more, sums of pairs are worth their start and end */

typedef void add_row(const int8_t *row, int32_t channels, int32_t cols, int32_t *total);

static void add_many(const int8_t *row, int32_t channels, int32_t cols, int32_t *total) {
  for (int32_t c = 0; c < channels / 4 * 4; c += 4) {
    mcup_sums4 four = {{total[0], total[1], total[2], total[3]}};
    four = mcup_sum_bytes4(row + c, channels, cols, four);
    for (int32_t i = 0; i < 4; ++i) {
      *total++ = four.channel[i];
    }
  }
}

#if MCUP_DSP
#if defined(__ARM_FEATURE_DSP) /* compilers take two instructions */
#define ADD_BYTE(sum, bits, lowest) __asm__("sxtab %0, %0, %1, ror #" #lowest : "+r"(sum) : "r"(bits))
#else
#define ADD_BYTE(sum, bits, lowest) (sum) = mcup_add_wrap(sum, (int8_t)(uint8_t)((uint32_t)(bits) >> (lowest)))
#endif

/* Each byte onto its own sum; at least one column. */
MCUP_NO_INLINE static void add_few(const int8_t *row, int32_t channels, int32_t cols, int32_t *total) {
  MCUP_NO_UNROLL
  for (int32_t left = channels / 4; left > 0; --left) {
    int32_t sum0 = total[0], sum1 = total[1], sum2 = total[2], sum3 = total[3];
    const int8_t *pixel = row;
    int32_t x = cols;
    MCUP_NO_UNROLL
    do {
      const int32_t bits = mcup_load4(pixel);
      sum0 = mcup_add_wrap(sum0, (int8_t)(uint8_t)((uint32_t)bits & 0xFFU));
      ADD_BYTE(sum1, bits, 8);
      ADD_BYTE(sum2, bits, 16);
      ADD_BYTE(sum3, bits, 24);
      pixel += channels;
    } while (--x > 0);
    total[0] = sum0;
    total[1] = sum1;
    total[2] = sum2;
    total[3] = sum3;
    total += 4;
    row += 4;
  }
}
#endif

void mcup_mean_add(int32_t channels, const mcup_input *in, void *sums) {
  int32_t *total = (int32_t *)sums;
  add_row *add = add_many;
#if MCUP_DSP
  if (in->cols > 0 && in->cols <= FEW_COLS) {
    add = add_few;
  }
#endif
  for (int32_t y = 0; y < in->rows; ++y) {
    const int8_t *row = mcup_in_row(in, y);
    add(row, channels, in->cols, total);
    for (int32_t c = channels / 4 * 4; c < channels; ++c) {
      total[c] = mcup_sum_bytes(row + c, channels, in->cols, total[c]);
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
