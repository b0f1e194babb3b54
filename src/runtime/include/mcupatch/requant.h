/* From an int32 accumulator to a stored int8 value, in fixed and float rounding. The oracle is ir/reference.py. */
#ifndef MCUPATCH_REQUANT_H
#define MCUPATCH_REQUANT_H

#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/round_float.h"

/*
 * High half of 2 * a * b, rounded half up (gemmlowp's SaturatingRoundingDoublingHighMul). Not both -2**31; with one
 * factor above -2**31 the result is above -2**31 too.
 */
static inline int32_t mcup_doubling_high_mul(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/*
 * value / 2**exponent, rounded half away from zero (gemmlowp's RoundingDivideByPOT); exponent in [1, 32],
 * value above -2**31. One less below zero turns half away from zero into half up, and the last bit shifted out is
 * the half.
 */
static inline int32_t mcup_rounding_divide_by_power(int32_t value, int32_t exponent) {
  const int32_t doubled = (value + (value >> 31)) >> (exponent - 1);
  return (doubled >> 1) + (doubled & 1);
}

/* value * multiplier * 2**(shift - 31), rounded twice. */
static inline int32_t mcup_scale_fixed(int32_t value, int32_t multiplier, int32_t shift) {
  if (shift >= 0) {
    return mcup_doubling_high_mul(mcup_shift_left(value, shift), multiplier);
  }
  return mcup_rounding_divide_by_power(mcup_doubling_high_mul(value, multiplier), -shift);
}

/* A scaled whole number to the stored value. Clamped before the zero point is added, so the sum cannot
 * overflow. */
static inline int8_t mcup_store_fixed(int32_t scaled, int32_t zero_point, int32_t low, int32_t high) {
  return (int8_t)(zero_point + mcup_clamp(scaled, low - zero_point, high - zero_point));
}

/* A real number to the stored value: half to even, then zero point and clamp. */
static inline int8_t mcup_store_even(float real, int32_t zero_point, int32_t low, int32_t high) {
  return mcup_store_fixed(mcup_round_even_within(real), zero_point, low, high);
}

/* Not for scale_double: see scale_double.h. */
static inline int8_t mcup_requantize(const mcup_requant *requant, int32_t channel, int32_t value) {
  const int32_t i = requant->per_channel ? channel : 0;
  if (requant->scale != NULL) {
    return mcup_store_even((float)value * requant->scale[i], requant->zero_point, requant->low, requant->high);
  }
  return mcup_store_fixed(mcup_scale_fixed(value, requant->multiplier[i], requant->shift[i]), requant->zero_point,
                          requant->low, requant->high);
}

/*
 * out[i] from sums[i] of output channel `first + i`, i in [0, count). The convolutions collect sums before they
 * come here: what is the same for all channels is then read once.
 */
static inline void mcup_requantize_run(const mcup_requant *requant, int32_t first, const int32_t *sums, int32_t count,
                                       int8_t *out) {
  if (requant->multiplier == NULL) {
    for (int32_t i = 0; i < count; ++i) {
      out[i] = mcup_requantize(requant, first + i, sums[i]);
    }
    return;
  }
  const int32_t step = requant->per_channel ? 1 : 0;
  const int32_t zero_point = requant->zero_point, low = requant->low, high = requant->high;
  const int32_t *multiplier = requant->multiplier + step * first;
  const int32_t *shift = requant->shift + step * first;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    out[i] = mcup_store_fixed(mcup_scale_fixed(sums[i], *multiplier, *shift), zero_point, low, high);
    multiplier += step;
    shift += step;
  }
}

#endif /* MCUPATCH_REQUANT_H */
