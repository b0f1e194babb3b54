/* float32 to whole numbers of moderate size, for results that are clamped to int8 afterwards. */
#ifndef MCUPATCH_ROUND_FLOAT_H
#define MCUPATCH_ROUND_FLOAT_H

#include "mcupatch/arith.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FEATURE_FMA) && !defined(MCUP_PORTABLE)
#define MCUP_FLOAT_UNIT 1
#else
#define MCUP_FLOAT_UNIT 0
#endif

/* value as int32 bits, as the conversions of the floating-point unit leave them. */
static inline int32_t mcup_float_bits(float value) {
  int32_t bits;
  MCUP_MEMCPY(&bits, &value, sizeof bits);
  return bits;
}

/* Half to even. What lies beyond +-2**20 comes out there or beyond, with its sign; a NaN is 0. */
static inline int32_t mcup_round_even_within(float value) {
#if MCUP_FLOAT_UNIT
  __asm__("vcvtr.s32.f32 %0, %0" : "+t"(value)); /* in the mode of the FPSCR, which is half to even */
  return mcup_float_bits(value);
#else
  return value != value ? 0 : mcup_round_half_even(mcup_clamp_float(value, -1048576.0F, 1048576.0F));
#endif
}

/* 2 * value without its fraction. What lies beyond +-2**13 comes out beyond +-2**14, with its sign; a NaN is 0. */
static inline int32_t mcup_count_halves(float value) {
#if MCUP_FLOAT_UNIT
  __asm__("vcvt.s16.f32 %0, %0, #1" : "+t"(value));
  return mcup_float_bits(value);
#else
  return value != value ? 0 : (int32_t)(2.0F * mcup_clamp_float(value, -8200.0F, 8200.0F));
#endif
}

#endif /* MCUPATCH_ROUND_FLOAT_H */
