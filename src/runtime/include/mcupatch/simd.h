/*
 * The few 16-bit SIMD operations of the Cortex-M DSP extension that the kernels use, on pairs of int16 in one
 * word. MCUP_DSP is 1 where they exist. -DMCUP_EMULATE_DSP gives plain C in their place, so that the
 * sanitizers of a host can walk through the DSP code.
 */
#ifndef MCUPATCH_SIMD_H
#define MCUPATCH_SIMD_H

#include "mcupatch/arith.h"

#if defined(__ARM_FEATURE_DSP) && !defined(MCUP_PORTABLE)
#include <arm_acle.h>
#define MCUP_DSP 1
#elif defined(MCUP_EMULATE_DSP)
#define MCUP_DSP 1

static inline int32_t mcup_low_half(int32_t pair) {
  return (int16_t)(uint16_t)((uint32_t)pair & 0xFFFFU);
}

static inline int32_t mcup_high_half(int32_t pair) {
  return (int16_t)(uint16_t)((uint32_t)pair >> 16);
}

static inline int32_t mcup_pair(int32_t low, int32_t high) {
  return (int32_t)(((uint32_t)low & 0xFFFFU) | ((uint32_t)high << 16));
}

static inline int32_t __sxtb16(int32_t bytes) {
  return mcup_pair((int8_t)(uint8_t)((uint32_t)bytes & 0xFFU), (int8_t)(uint8_t)(((uint32_t)bytes >> 16) & 0xFFU));
}

static inline int32_t __sxtab16(int32_t pair, int32_t bytes) {
  const int32_t wide = __sxtb16(bytes);
  return mcup_pair(mcup_low_half(pair) + mcup_low_half(wide), mcup_high_half(pair) + mcup_high_half(wide));
}

static inline int32_t __ssub16(int32_t a, int32_t b) {
  return mcup_pair(mcup_low_half(a) - mcup_low_half(b), mcup_high_half(a) - mcup_high_half(b));
}

static inline int32_t __smlad(int32_t a, int32_t b, int32_t sum) {
  sum = mcup_add_wrap(sum, mcup_low_half(a) * mcup_low_half(b));
  return mcup_add_wrap(sum, mcup_high_half(a) * mcup_high_half(b));
}

static inline int32_t __smlabb(int32_t a, int32_t b, int32_t sum) {
  return mcup_add_wrap(sum, mcup_low_half(a) * mcup_low_half(b));
}

static inline int32_t __smlatt(int32_t a, int32_t b, int32_t sum) {
  return mcup_add_wrap(sum, mcup_high_half(a) * mcup_high_half(b));
}
#else
#define MCUP_DSP 0
#endif

/* Whole functions in assembly: Thumb code of a core with the DSP extension, Armv7E-M or later. */
#if MCUP_DSP && defined(__thumb2__) && defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#define MCUP_THUMB_DSP 1
#define MCUP_UNUSED __attribute__((unused)) /* by its name: the assembly finds a parameter in its register */
#else
#define MCUP_THUMB_DSP 0
#endif

#if MCUP_DSP
/* Four bytes from any address; byte 0 is the lowest. */
static inline int32_t mcup_load4(const void *address) {
  int32_t word;
  MCUP_MEMCPY(&word, address, sizeof word);
  return word;
}

static inline void mcup_store4(void *address, int32_t word) {
  MCUP_MEMCPY(address, &word, sizeof word);
}

/* The next four bytes, or two int16: loads that move their pointer, one instruction each. */
static inline int32_t mcup_take4(const int8_t **bytes) {
  const int32_t word = mcup_load4(*bytes);
  *bytes += 4;
  MCUP_FORGET(*bytes);
  return word;
}

static inline int32_t mcup_take2(const int16_t **values) {
  const int32_t pair = mcup_load4(*values);
  *values += 2;
  MCUP_FORGET(*values);
  return pair;
}

static inline int32_t mcup_rotate_byte(int32_t bytes) {
  return (int32_t)(((uint32_t)bytes >> 8) | ((uint32_t)bytes << 24));
}

/* Bytes 0 and 2 as a pair of int16. */
static inline int32_t mcup_even_bytes(int32_t bytes) {
  return __sxtb16(bytes);
}

/* Bytes 1 and 3: one SXTB16 with a rotated operand. */
static inline int32_t mcup_odd_bytes(int32_t bytes) {
  return __sxtb16(mcup_rotate_byte(bytes));
}

/* The same plus a pair of int16: one instruction each. */
static inline int32_t mcup_add_even_bytes(int32_t pair, int32_t bytes) {
  return __sxtab16(pair, bytes);
}

static inline int32_t mcup_add_odd_bytes(int32_t pair, int32_t bytes) {
  return __sxtab16(pair, mcup_rotate_byte(bytes));
}

static inline int32_t mcup_twice(int32_t value) {
  return (int32_t)(((uint32_t)value & 0xFFFFU) | ((uint32_t)value << 16));
}
#endif /* MCUP_DSP */

#endif /* MCUPATCH_SIMD_H */
