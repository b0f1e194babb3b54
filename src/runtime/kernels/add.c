/* Elementwise sum of two quantised operands, each possibly repeated along some sides. */
#include "mcupatch/broadcast.h"
#include "mcupatch/bytes.h"
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/round_float.h"

/*
 * Sums as LiteRT's converter makes them: both operands are shifted left by 20, and the one with the larger scale, the
 * first, is halved, which is exact. `sum` and the scale of the second have the form of fixed_scale.h.
 */
enum { LEFT_SHIFT = 20 };

static inline int8_t add_halves(const mcup_add_params *add, int32_t zero_point, int32_t a, int32_t b) {
  const mcup_fixed_scale scale = {add->sum_multiplier, add->sum_divisor};
  const int32_t sum = mcup_add_wrap(add->offset_first, add->offset_second) + (a + b) * (1 << (LEFT_SHIFT - 1));
  return (int8_t)mcup_saturate8(mcup_scale_and_add(scale, sum, zero_point));
}

void mcup_add_halves(const void *params, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_add_params add = *(const mcup_add_params *)params;
  const mcup_requant requant = add.output_requant;
  int32_t left = count;
  MCUP_NO_UNROLL
  for (; left >= 4; left -= 4) {
    MCUP_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
      out[i] = add_halves(&add, requant.zero_point, a[i], b[i]);
    }
    mcup_step4(&a, &b, &out);
  }
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < left; ++i) {
    out[i] = add_halves(&add, requant.zero_point, a[i], b[i]);
  }
  mcup_clamp_bytes(out + left - count, count, requant.low, requant.high);
}

#if MCUP_THUMB_DSP && defined(__OPTIMIZE__)
/* In assembly because compilers want one register more than there are; without optimisation they have even fewer. */
#define ADD_SCALED                                    \
  "ldrsb %[sum], [%[second]], #1\n\t"                 \
  "add %[sum], %[offset2], %[sum], lsl #20\n\t"       \
  "ldrsb %[half], [%[first]], #1\n\t"                 \
  "smmlar %[sum], %[sum], %[multiplier2], %[sum]\n\t" \
  "add %[half], %[offset1], %[half], lsl #19\n\t"     \
  "add %[sum], %[sum], %[sum], asr #31\n\t"           \
  "smmlsr %[sum], %[sum], %[divisor2], %[half]\n\t"   \
  "smmlar %[sum], %[sum], %[multiplier], %[sum]\n\t"  \
  "add %[sum], %[sum], %[sum], asr #31\n\t"           \
  "smmlsr %[sum], %[sum], %[divisor], %[zero]\n\t"    \
  "ssat %[sum], #8, %[sum]\n\t"                       \
  "strb %[sum], [%[out]], #1\n\t"
#define ADD_OPERANDS                                                                                                 \
      : [sum] "=&r"(sum), [half] "=&r"(half), [first] "+r"(first), [second] "+r"(second), [out] "+r"(out) \
      : [offset1] "r"(add.offset_first), [offset2] "r"(add.offset_second), [multiplier2] "r"(add.second_multiplier), \
        [divisor2] "r"(add.second_divisor), [multiplier] "r"(add.sum_multiplier), [divisor] "r"(add.sum_divisor), \
        [zero] "r"(zero_point) \
      : "memory"

static inline void add_scaled(mcup_add_params add, int32_t zero_point, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t count) {
  int32_t sum, half;
  MCUP_NO_UNROLL
  for (; count >= 4; count -= 4) {
    __asm__ volatile(ADD_SCALED ADD_SCALED ADD_SCALED ADD_SCALED ADD_OPERANDS);
  }
  MCUP_NO_UNROLL
  for (; count > 0; --count) {
    __asm__ volatile(ADD_SCALED ADD_OPERANDS);
  }
}
#else
static inline void add_scaled(mcup_add_params add, int32_t zero_point, const int8_t *first, const int8_t *second,
                              int8_t *out, int32_t count) {
  const mcup_fixed_scale scale_second = {add.second_multiplier, add.second_divisor};
  const mcup_fixed_scale scale_sum = {add.sum_multiplier, add.sum_divisor};
  for (int32_t i = 0; i < count; ++i) {
    const int32_t half = add.offset_first + first[i] * (1 << (LEFT_SHIFT - 1));
    const int32_t sum = mcup_scale_and_add(scale_second, add.offset_second + second[i] * (1 << LEFT_SHIFT), half);
    out[i] = (int8_t)mcup_saturate8(mcup_scale_and_add(scale_sum, sum, zero_point));
  }
}
#endif

void mcup_add_scaled(const void *params, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_add_params *add = params;
  const mcup_requant *requant = &add->output_requant;
  add_scaled(*add, requant->zero_point, add->is_swapped ? b : a, add->is_swapped ? a : b, out, count);
  mcup_clamp_bytes(out, count, requant->low, requant->high);
}

/* Any multipliers and shifts. */
void mcup_add_fixed(const void *params, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_add_params *add = params;
  /* Local copies: for all the compiler knows, a store to `out` may change what a pointer leads to. */
  const mcup_requant in = add->input_requant, sum = add->output_requant;
  const int32_t multiplier_a = in.multiplier[0], multiplier_b = in.multiplier[1], multiplier = sum.multiplier[0];
  const int32_t shift_a = in.shift[0], shift_b = in.shift[1], shift = sum.shift[0];
  const int32_t zero_point_a = add->zero_point_a, zero_point_b = add->zero_point_b;
  const int32_t left_shift = add->left_shift;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    const int32_t value_a = mcup_shift_left(a[i] - zero_point_a, left_shift);
    const int32_t value_b = mcup_shift_left(b[i] - zero_point_b, left_shift);
    const int32_t total = mcup_add_wrap(mcup_scale_fixed(value_a, multiplier_a, shift_a),
                                        mcup_scale_fixed(value_b, multiplier_b, shift_b));
    out[i] = mcup_store_fixed(mcup_scale_fixed(total, multiplier, shift), sum.zero_point, sum.low, sum.high);
  }
}

void mcup_add_float(const void *params, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_add_params *add = params;
  const mcup_requant sum = add->output_requant;
  const float ratio_a = add->input_requant.scale[0], ratio_b = add->input_requant.scale[1];
  const float offset = add->offset;
  const int32_t zero_point_a = add->zero_point_a, zero_point_b = add->zero_point_b;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    const float scaled_b = mcup_fma_small(b[i] - zero_point_b, ratio_b, offset);
    const float total = mcup_fma_small(a[i] - zero_point_a, ratio_a, scaled_b);
    out[i] = (int8_t)mcup_saturate8(mcup_add_saturated(mcup_round_even_within(total), sum.zero_point));
  }
  mcup_clamp_bytes(out, count, sum.low, sum.high);
}

MCUP_NO_INLINE static void walk_repeating(const mcup_add_params *params, const mcup_input *a, const mcup_input *b,
                                          const mcup_output *out) {
  const mcup_operand left = mcup_make_operand(a, params->channels, params->a_repeats_rows, params->a_repeats_cols,
                                              params->a_repeats_channels);
  const mcup_operand right = mcup_make_operand(b, params->channels, params->b_repeats_rows, params->b_repeats_cols,
                                               params->b_repeats_channels);
  mcup_walk_runs(&left, &right, out, params->channels, params->run, params);
}

void mcup_add(const mcup_add_params *params, const mcup_input *a, const mcup_input *b, const mcup_output *out) {
  const int32_t repeats = params->a_repeats_rows | params->a_repeats_cols | params->a_repeats_channels |
                          params->b_repeats_rows | params->b_repeats_cols | params->b_repeats_channels;
  if (repeats) {
    walk_repeating(params, a, b, out);
  } else {
    mcup_walk_rows(a, b, out, out->cols * params->channels, params->run, params);
  }
}
