/*
 * Fixed-point scaling with gemmlowp's two roundings in three instructions of the DSP extension. With high(a, b) the
 * product over 2**32, rounded half up, and a Q31 multiplier m >= 2**30:
 *
 *   high(value, 2 * m - 2**32) + value    the rounding doubling high product: no value needs to be doubled
 *   scaled + (scaled >> 31)               half away from zero becomes half up
 *   addend - high(that, -2**(32 - n))     the rounding shift by n and a sum, such as that with the zero point
 */
#ifndef MCUPATCH_FIXED_SCALE_H
#define MCUPATCH_FIXED_SCALE_H

#include "mcupatch/arith.h"

typedef struct {
  int32_t multiplier; /* 2 * m - 2**32 */
  int32_t divisor;    /* -2**(32 - n) */
} mcup_fixed_scale;

/* sum * 2**32 + 2**31, modulo 2**64. */
static inline uint64_t mcup_half_above(int32_t sum) {
  return (uint64_t)(uint32_t)sum << 32 | (uint64_t)1 << 31;
}

/* sum + a * b / 2**32, rounded half up. */
static inline int32_t mcup_add_high(int32_t a, int32_t b, int32_t sum) {
#if defined(__ARM_FEATURE_DSP) && !defined(MCUP_PORTABLE)
  __asm__("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(sum));
  return sum;
#else
  return (int32_t)((mcup_half_above(sum) + (uint64_t)((int64_t)a * b)) >> 32); /* one SMLAL where there is one */
#endif
}

/* sum - a * b / 2**32, the whole rounded half up. */
static inline int32_t mcup_subtract_high(int32_t a, int32_t b, int32_t sum) {
#if defined(__ARM_FEATURE_DSP) && !defined(MCUP_PORTABLE)
  __asm__("smmlsr %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(sum));
  return sum;
#else
  return (int32_t)((mcup_half_above(sum) - (uint64_t)((int64_t)a * b)) >> 32);
#endif
}

/* Whether a multiplier and a shift, as in mcup_requant, can be scaled by so: all scales in [2**-32, 1/2) can. */
static inline int32_t mcup_is_fixed_scale(int32_t multiplier, int32_t shift) {
  return multiplier >= (int32_t)1 << 30 && shift >= -31 && shift <= -1;
}

static inline mcup_fixed_scale mcup_make_fixed_scale(int32_t multiplier, int32_t shift) {
  const mcup_fixed_scale scale = {(int32_t)((uint32_t)multiplier << 1), (int32_t)(0U - ((uint32_t)1 << (32 + shift)))};
  return scale;
}

/* mcup_scale_fixed(value, m, -n) + addend. */
static inline int32_t mcup_scale_and_add(mcup_fixed_scale scale, int32_t value, int32_t addend) {
  const int32_t high = mcup_add_high(value, scale.multiplier, value);
  return mcup_subtract_high(high + (high >> 31), scale.divisor, addend);
}

static inline int32_t mcup_saturate8(int32_t value) {
#if defined(__ARM_FEATURE_SAT) && !defined(MCUP_PORTABLE)
  __asm__("ssat %0, #8, %1" : "=r"(value) : "r"(value));
  return value;
#else
  return mcup_clamp(value, INT8_MIN, INT8_MAX);
#endif
}

/* value / 2, rounded down. */
static inline int32_t mcup_saturate8_half(int32_t value) {
#if defined(__ARM_FEATURE_SAT) && !defined(MCUP_PORTABLE)
  __asm__("ssat %0, #8, %1, asr #1" : "=r"(value) : "r"(value));
  return value;
#else
  return mcup_saturate8(value >> 1);
#endif
}

/* a + b without a wrap: at the end of int32. */
static inline int32_t mcup_add_saturated(int32_t a, int32_t b) {
#if defined(__ARM_FEATURE_DSP) && !defined(MCUP_PORTABLE)
  __asm__("qadd %0, %1, %2" : "=r"(a) : "r"(a), "r"(b));
  return a;
#else
  const int64_t sum = (int64_t)a + b;
  return sum < INT32_MIN ? INT32_MIN : sum > INT32_MAX ? INT32_MAX : (int32_t)sum;
#endif
}

#endif /* MCUPATCH_FIXED_SCALE_H */
