/* Four int8 at a time: the larger ones, the smaller ones, and the clamp of what a kernel wrote. */
#ifndef MCUPATCH_BYTES_H
#define MCUPATCH_BYTES_H

#include "mcupatch/simd.h"

#if MCUP_DSP
#if defined(__ARM_FEATURE_DSP)
/* In one statement: SEL takes the flags of SSUB8. */
static inline int32_t mcup_max4(int32_t a, int32_t b) {
  int32_t larger;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(larger) : "r"(a), "r"(b));
  return larger;
}

static inline int32_t mcup_min4(int32_t a, int32_t b) {
  int32_t smaller;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(smaller) : "r"(a), "r"(b));
  return smaller;
}
#else
static inline int32_t mcup_select4(int32_t a, int32_t b, int32_t larger) {
  uint32_t chosen = 0;
  for (int32_t i = 0; i < 32; i += 8) {
    const int8_t left = (int8_t)(uint8_t)((uint32_t)a >> i), right = (int8_t)(uint8_t)((uint32_t)b >> i);
    chosen |= (uint32_t)(uint8_t)((left >= right) == larger ? left : right) << i;
  }
  return (int32_t)chosen;
}

static inline int32_t mcup_max4(int32_t a, int32_t b) {
  return mcup_select4(a, b, 1);
}

static inline int32_t mcup_min4(int32_t a, int32_t b) {
  return mcup_select4(a, b, 0);
}
#endif

static inline int32_t mcup_four_times(int32_t byte) {
  return (int32_t)(((uint32_t)byte & 0xFFU) * 0x01010101U);
}
#endif /* MCUP_DSP */

void mcup_clamp_run(int8_t *bytes, int32_t count, int32_t low, int32_t high);

/* bytes[i] into [low, high]; nothing to do for all of int8. */
static inline void mcup_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high) {
  if (low > INT8_MIN || high < INT8_MAX) {
    mcup_clamp_run(bytes, count, low, high);
  }
}

#endif /* MCUPATCH_BYTES_H */
