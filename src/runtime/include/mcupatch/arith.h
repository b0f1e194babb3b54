/* Small exact arithmetic that every kernel shares: wrapping sums, clamps, rounding of float32 without libm.
 */
#ifndef MCUPATCH_ARITH_H
#define MCUPATCH_ARITH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A fused multiply-add rounds once where the references round twice. gcc wants -ffp-contract=off instead. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

/* memcpy that is inlined even where the compiler was told -ffreestanding: unaligned loads become one LDR. */
#if defined(__GNUC__)
#define MCUP_MEMCPY __builtin_memcpy
#else
#define MCUP_MEMCPY memcpy
#endif

/* Before a loop that runs few times: clang would unroll it by a run-time count, with a slow path for the rest. */
#if defined(__clang__)
#define MCUP_NO_UNROLL _Pragma("clang loop unroll(disable) vectorize(disable)")
#else
#define MCUP_NO_UNROLL
#endif

/* Before a loop of a few iterations, a constant number: they are written one after the other. */
#if defined(__clang__)
#define MCUP_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define MCUP_UNROLL _Pragma("GCC unroll 8")
#else
#define MCUP_UNROLL
#endif

/* Hides where a pointer came from, so that a loop moves it by itself instead of adding an offset to another one. */
#if defined(__GNUC__)
#define MCUP_FORGET(pointer) __asm__("" : "+r"(pointer))
#else
#define MCUP_FORGET(pointer) (void)0
#endif

/* For what is rare: inlined, it would take the registers of what is not. */
#if defined(__GNUC__)
#define MCUP_NO_INLINE __attribute__((noinline))
#else
#define MCUP_NO_INLINE
#endif

/* For functions that branch on what is a constant at every call. */
#if defined(__GNUC__)
#define MCUP_INLINE static inline __attribute__((always_inline))
#else
#define MCUP_INLINE static inline
#endif

/* int32 sums wrap: a model can force an overflow, and wrapping is what the processors do. */
static inline int32_t mcup_add_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t mcup_sub_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t mcup_mul_wrap(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* a << bits, defined for negative a as well; bits in [0, 31]. */
static inline int32_t mcup_shift_left(int32_t a, int32_t bits) {
  return (int32_t)((uint32_t)a << bits);
}

static inline int32_t mcup_clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

/* The same in float32; the negated comparison sends a NaN to `low`, so that a cast to int stays defined. */
static inline float mcup_clamp_float(float value, float low, float high) {
  return !(value > low) ? low : value > high ? high : value;
}

/* Round half to even, |value| < 2**22: the sum with 1.5 * 2**23 has no bits left below the units. */
static inline int32_t mcup_round_half_even(float value) {
  const float shifted = value + 12582912.0F;
  int32_t bits;
  MCUP_MEMCPY(&bits, &shifted, sizeof bits);
  return bits - 0x4B400000;
}

/* Round half away from zero, |value| < 2**23: the fraction is exact. */
static inline int32_t mcup_round_half_away(float value) {
  const int32_t whole = (int32_t)value;
  const float fraction = value - (float)whole;
  return whole + (fraction >= 0.5F) - (fraction <= -0.5F);
}

/* a + b = *sum + *error exactly, *sum rounded to nearest (Knuth). */
static inline void mcup_two_sum(float a, float b, float *sum, float *error) {
  const float total = a + b;
  const float b_part = total - a;
  const float a_part = total - b_part;
  *error = (a - a_part) + (b - b_part);
  *sum = total;
}

/* a + b rounded to odd: a later rounding to nearest then sees on which side of a tie the true sum lies. */
static inline float mcup_add_to_odd(float a, float b) {
  float sum, error;
  uint32_t bits;
  mcup_two_sum(a, b, &sum, &error);
  MCUP_MEMCPY(&bits, &sum, sizeof bits);
  if (error != 0.0F && (bits & 1U) == 0) {
    bits = (error > 0.0F) == (sum > 0.0F) ? bits + 1 : bits - 1;
  }
  MCUP_MEMCPY(&sum, &bits, sizeof sum);
  return sum;
}

/*
 * small * factor + addend, rounded once; `small` is a whole number of at most 12 bits. Without an FMA instruction:
 * exact halves of the product, then a sum of three by rounding to odd (Boldo and Melquiond 2008).
 */
static inline float mcup_fma_small(int32_t small, float factor, float addend) {
  const float a = (float)small;
#if defined(__arm__) && defined(__ARM_FEATURE_FMA) && !defined(MCUP_PORTABLE)
  /* Not __builtin_fmaf: with errno for mathematics it calls the C library, which may use double. */
  __asm__("vfma.f32 %0, %1, %2" : "+t"(addend) : "t"(a), "t"(factor));
  return addend;
#else
  uint32_t bits;
  float upper_factor, product, product_error, low, low_error, high, high_error;
  MCUP_MEMCPY(&bits, &factor, sizeof bits);
  bits &= 0xFFFFF000U; /* 12 bits of the mantissa are left */
  MCUP_MEMCPY(&upper_factor, &bits, sizeof bits);
  mcup_two_sum(a * upper_factor, a * (factor - upper_factor), &product, &product_error);
  mcup_two_sum(addend, product_error, &low, &low_error);
  mcup_two_sum(product, low, &high, &high_error);
  return high + mcup_add_to_odd(low_error, high_error);
#endif
}

static inline float mcup_load_float(const void *address) {
  float value;
  MCUP_MEMCPY(&value, address, sizeof value);
  return value;
}

static inline void mcup_store_float(void *address, float value) {
  MCUP_MEMCPY(address, &value, sizeof value);
}

/* Bits up to the highest one that is set; value is not 0. */
static inline int32_t mcup_count_bits(uint64_t value) {
#if defined(__GNUC__)
  return 64 - __builtin_clzll(value);
#else
  int32_t bits = 0;
  for (; value != 0; value >>= 1) {
    ++bits;
  }
  return bits;
#endif
}

#endif /* MCUPATCH_ARITH_H */
