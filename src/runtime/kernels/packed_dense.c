/*
 * Fully connected layer from packed weights: four outputs at a time, the inputs widened on the fly.
 *
 * A halfword of the weights is 256 * w1 + w0. Its sum of products with the inputs and that of w0 alone, whose bytes
 * SXTB16 takes out, give the sum for w1: (both - low) / 256, exact while it has 24 bits. So w1 is never taken out.
 */
#include "mcupatch/kernels.h"
#include "mcupatch/scale_double.h"
#include "mcupatch/simd.h"

enum {
  BLOCK = 4,           /* outputs */
  MAX_GROUPS = 512 / 4 /* of four inputs, of which no sum for w1 leaves 24 bits: 512 * 127 * 128 < 2**23 */
};

/* Of two outputs. */
typedef struct {
  int32_t low;
  int32_t both;
} pair_sums;

#if MCUP_THUMB_DSP
#define LOAD_INPUTS             \
  "ldr %[odd], [%[in]], #4\n\t" \
  "sxtb16 %[even], %[odd]\n\t"  \
  "sxtb16 %[odd], %[odd], ror #8\n\t"
#define ADD_PAIR(low, both)               \
  "ldrd %[w0], %[w1], [%[words]], #8\n\t" \
  "smlad " both ", %[w0], %[even], " both \
  "\n\t"                                  \
  "sxtb16 %[w0], %[w0]\n\t"               \
  "smlad " both ", %[w1], %[odd], " both  \
  "\n\t"                                  \
  "sxtb16 %[w1], %[w1]\n\t"               \
  "smlad " low ", %[w0], %[even], " low   \
  "\n\t"                                  \
  "smlad " low ", %[w1], %[odd], " low "\n\t"
#define ADD_ONE_PAIR LOAD_INPUTS ADD_PAIR("%[low0]", "%[both0]")
#define ADD_TWO_PAIRS ADD_ONE_PAIR ADD_PAIR("%[low1]", "%[both1]")
/* Loops in assembly, so that nothing in them is spilled; odd numbers of groups begin with the single one. */
#define TWICE(group) "1:\n\t" group group "subs %[twos], #1\n\tbne 1b\n\t"
#define OPERANDS                                                                                              \
  [even] "=&r"(even), [odd] "=&r"(odd), [w0] "=&r"(w0), [w1] "=&r"(w1), [in] "+&r"(in), [words] "+&r"(words), \
      [low0] "+&r"(low0), [both0] "+&r"(both0)
#define MORE_OPERANDS [low1] "+&r"(low1), [both1] "+&r"(both1)

static inline void add_pair(const int8_t *in, const int32_t *words, int32_t groups, pair_sums *sums) {
  int32_t even, odd, w0, w1, low0 = 0, both0 = 0, twos = groups / 2;
  if (groups % 2 != 0) {
    __asm__ volatile(ADD_ONE_PAIR : OPERANDS : : "memory");
  }
  if (twos > 0) {
    __asm__ volatile(TWICE(ADD_ONE_PAIR) : OPERANDS, [twos] "+&r"(twos) : : "memory", "cc");
  }
  sums->low = low0;
  sums->both = both0;
}

static inline void add_two_pairs(const int8_t *in, const int32_t *words, int32_t groups, pair_sums sums[2]) {
  int32_t even, odd, w0, w1, low0 = 0, both0 = 0, low1 = 0, both1 = 0, twos = groups / 2;
  if (groups % 2 != 0) {
    __asm__ volatile(ADD_TWO_PAIRS : OPERANDS, MORE_OPERANDS : : "memory");
  }
  if (twos > 0) {
    __asm__ volatile(TWICE(ADD_TWO_PAIRS) : OPERANDS, MORE_OPERANDS, [twos] "+&r"(twos) : : "memory", "cc");
  }
  sums[0].low = low0;
  sums[0].both = both0;
  sums[1].low = low1;
  sums[1].both = both1;
}

/* The sums of `groups` groups of four inputs for one pair of outputs or for two. */
static inline void sum_groups(const int8_t *in, const int32_t *words, int32_t groups, int32_t pairs,
                              pair_sums sums[2]) {
  if (pairs == 1) {
    add_pair(in, words, groups, sums);
  } else {
    add_two_pairs(in, words, groups, sums);
  }
}
#else
static inline void sum_groups(const int8_t *in, const int32_t *words, int32_t groups, int32_t pairs,
                              pair_sums sums[2]) {
  static const int32_t order[4] = {0, 2, 1, 3};
  for (int32_t p = 0; p < pairs; ++p) {
    sums[p].low = sums[p].both = 0;
  }
  for (; groups > 0; --groups, in += 4) {
    for (int32_t p = 0; p < pairs; ++p, words += 2) {
      int16_t weights[4];
      MCUP_MEMCPY(weights, words, sizeof weights);
      MCUP_UNROLL
      for (int32_t i = 0; i < 4; ++i) {
        const int32_t x = in[order[i]];
        sums[p].both = mcup_add_wrap(sums[p].both, weights[i] * x);
        sums[p].low += (int8_t)(uint8_t)((uint32_t)weights[i] & 0xFFU) * x;
      }
    }
  }
}
#endif

/* Adds the products of a block of one or two pairs of outputs to `sums`; returns the block that follows. */
static inline const int32_t *add_block(const mcup_packed_dense_params *params, const int8_t *in, const int32_t *block,
                                       int32_t pairs, int32_t *sums) {
  const int32_t rest = params->inputs % 4;
  int8_t last[4] = {0, 0, 0, 0};
  for (int32_t i = 0; i < rest; ++i) {
    last[i] = in[params->inputs - rest + i];
  }
  int32_t groups = params->inputs / 4, is_last = rest != 0;
  while (groups > 0 || is_last) {
    pair_sums parts[2];
    const int32_t count = groups > MAX_GROUPS ? MAX_GROUPS : groups > 0 ? groups : 1;
    if (groups > 0) {
      sum_groups(in, block, count, pairs, parts);
    } else {
      sum_groups(last, block, 1, pairs, parts);
      is_last = 0;
    }
    in += 4 * (ptrdiff_t)count;
    block += 2 * (ptrdiff_t)pairs * count;
    groups -= count;
    for (int32_t p = 0; p < pairs; ++p) {
      sums[2 * p] = mcup_add_wrap(sums[2 * p], parts[p].low);
      sums[2 * p + 1] = mcup_add_wrap(sums[2 * p + 1], mcup_sub_wrap(parts[p].both, parts[p].low) >> 8);
    }
  }
  return block;
}

/* What the zero point of the weights takes from all sums of a row. */
static int32_t find_taken(const mcup_packed_dense_params *params, const int8_t *in) {
  int32_t total = 0;
  if (params->weight_zero_point != 0) {
    MCUP_NO_UNROLL
    for (const int8_t *end = in + params->inputs; in != end; ++in) {
      total += *in;
    }
  }
  return mcup_mul_wrap(params->weight_zero_point, total);
}

static void write_row(const mcup_packed_dense_params *params, const mcup_requant *requant, const int8_t *in,
                      int8_t *out) {
  const int32_t *block = params->blocks;
  const int32_t taken = find_taken(params, in);
  int32_t o = 0;
  for (; o + 2 < params->outputs; o += BLOCK) {
    int32_t sums[BLOCK] = {mcup_sub_wrap(block[0], taken), mcup_sub_wrap(block[1], taken),
                           mcup_sub_wrap(block[2], taken), mcup_sub_wrap(block[3], taken)};
    const int32_t left = params->outputs - o;
    block = add_block(params, in, block + BLOCK, 2, sums);
    mcup_requantize_layer(requant, o, sums, left < BLOCK ? left : BLOCK, out + o);
  }
  if (o < params->outputs) {
    int32_t sums[2] = {mcup_sub_wrap(block[0], taken), mcup_sub_wrap(block[1], taken)};
    add_block(params, in, block + 2, 1, sums);
    mcup_requantize_layer(requant, o, sums, params->outputs - o, out + o);
  }
}

size_t mcup_packed_dense_scratch_bytes(const mcup_packed_dense_params *params, int32_t out_rows, int32_t out_cols) {
  (void)params;
  (void)out_rows;
  (void)out_cols;
  return 0;
}

void mcup_packed_dense(const mcup_packed_dense_params *params, const int8_t *in, int8_t *out, int32_t batch,
                       void *scratch) {
  const mcup_requant requant = {params->multiplier,   params->shift,       params->scale,
                                params->scale_double, params->per_channel, params->output_zero_point,
                                params->low,          params->high};
  (void)scratch;
  for (int32_t row = 0; row < batch; ++row) {
    write_row(params, &requant, in + (ptrdiff_t)row * params->inputs, out + (ptrdiff_t)row * params->outputs);
  }
}
