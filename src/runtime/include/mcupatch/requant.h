/* From an int32 accumulator to a stored int8 value, in both roundings. The oracle is ir/reference.py. */
#ifndef MCUPATCH_REQUANT_H
#define MCUPATCH_REQUANT_H

#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"

/* High half of 2 * a * b, rounded half up (gemmlowp's SaturatingRoundingDoublingHighMul). */
static inline int32_t mcup_doubling_high_mul(int32_t a, int32_t b) {
  if (a == INT32_MIN && b == INT32_MIN) {
    return INT32_MAX;
  }
  return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/* value / 2**exponent, rounded half away from zero (gemmlowp's RoundingDivideByPOT); exponent in [0, 31]. */
static inline int32_t mcup_rounding_divide_by_power(int32_t value, int32_t exponent) {
  const int32_t mask = (int32_t)(((uint32_t)1 << exponent) - 1);
  const int32_t threshold = (mask >> 1) + (value < 0);
  return (value >> exponent) + ((value & mask) > threshold);
}

/* value * multiplier * 2**(shift - 31), rounded twice. */
static inline int32_t mcup_scale_fixed(int32_t value, int32_t multiplier, int32_t shift) {
  if (shift > 0) {
    return mcup_doubling_high_mul(mcup_shift_left(value, shift), multiplier);
  }
  return mcup_rounding_divide_by_power(mcup_doubling_high_mul(value, multiplier), -shift);
}

/* A real number to the stored value: half to even, then zero point and clamp. */
static inline int8_t mcup_store_even(float real, int32_t zero_point, int32_t low, int32_t high) {
  const float clamped = mcup_clamp_float(real, (float)(low - zero_point), (float)(high - zero_point));
  return (int8_t)(zero_point + mcup_round_half_even(clamped));
}

/* A scaled whole number to the stored value. Clamped before the zero point is added, so the sum cannot
 * overflow. */
static inline int8_t mcup_store_fixed(int32_t scaled, int32_t zero_point, int32_t low, int32_t high) {
  return (int8_t)(zero_point + mcup_clamp(scaled, low - zero_point, high - zero_point));
}

static inline int8_t mcup_requantize(const mcup_requant *requant, int32_t channel, int32_t value) {
  const int32_t i = requant->per_channel ? channel : 0;
  if (requant->scale != NULL) {
    return mcup_store_even((float)value * requant->scale[i], requant->zero_point, requant->low, requant->high);
  }
  return mcup_store_fixed(mcup_scale_fixed(value, requant->multiplier[i], requant->shift[i]), requant->zero_point,
                          requant->low, requant->high);
}

#endif /* MCUPATCH_REQUANT_H */
