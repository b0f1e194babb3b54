/* Sums of int8 values of four neighbouring channels over pixels, for means and averages. */
#ifndef MCUPATCH_SUM_BYTES_H
#define MCUPATCH_SUM_BYTES_H

#include "mcupatch/dot.h"

#if MCUP_DSP
enum { MCUP_LANE_TERMS = 255 }; /* so many int8 always fit one int16 lane */

/* Both 16-bit lanes of a pair onto two sums. */
static inline void mcup_add_lanes(int32_t lanes, int32_t *low, int32_t *high) {
  *low = mcup_add_wrap(*low, (int16_t)(uint16_t)((uint32_t)lanes & 0xFFFFU));
  *high = mcup_add_wrap(*high, lanes >> 16);
}
#endif

/* sums.channel[c] += bytes[c] of `count` places, each `step` bytes after the one before. */
static inline mcup_sums4 mcup_sum_bytes4(const int8_t *bytes, ptrdiff_t step, int32_t count, mcup_sums4 sums) {
#if MCUP_DSP
  while (count > 0) {
    const int32_t terms = count < MCUP_LANE_TERMS ? count : MCUP_LANE_TERMS;
    int32_t even = 0, odd = 0, left = terms;
    MCUP_NO_UNROLL
    for (; left >= 4; left -= 4) {
      MCUP_UNROLL
      for (int32_t i = 0; i < 2; ++i) {
        const int32_t word0 = mcup_load4(bytes), word1 = mcup_load4(bytes + step);
        bytes += 2 * step;
        MCUP_FORGET(bytes);
        even = mcup_add_even_bytes(mcup_add_even_bytes(even, word0), word1);
        odd = mcup_add_odd_bytes(mcup_add_odd_bytes(odd, word0), word1);
      }
    }
    MCUP_NO_UNROLL
    for (; left > 0; --left) {
      const int32_t word = mcup_load4(bytes);
      bytes += step;
      even = mcup_add_even_bytes(even, word);
      odd = mcup_add_odd_bytes(odd, word);
    }
    mcup_add_lanes(even, &sums.channel[0], &sums.channel[2]);
    mcup_add_lanes(odd, &sums.channel[1], &sums.channel[3]);
    count -= terms;
  }
#else
  for (; count > 0; --count, bytes += step) {
    for (int32_t c = 0; c < 4; ++c) {
      sums.channel[c] = mcup_add_wrap(sums.channel[c], bytes[c]);
    }
  }
#endif
  return sums;
}

/* The same of one channel. */
static inline int32_t mcup_sum_bytes(const int8_t *bytes, ptrdiff_t step, int32_t count, int32_t sum) {
  MCUP_NO_UNROLL
  for (; count > 0; --count, bytes += step) {
    sum = mcup_add_wrap(sum, *bytes);
  }
  return sum;
}

/* Sum of `count` bytes that lie one after the other. */
static inline int32_t mcup_sum_row(const int8_t *bytes, int32_t count) {
  const mcup_sums4 none = {{0, 0, 0, 0}};
  const mcup_sums4 sums = mcup_sum_bytes4(bytes, 4, count / 4, none);
  const int32_t total =
      mcup_add_wrap(mcup_add_wrap(sums.channel[0], sums.channel[1]), mcup_add_wrap(sums.channel[2], sums.channel[3]));
  return mcup_sum_bytes(bytes + count / 4 * 4, 1, count % 4, total);
}

#endif /* MCUPATCH_SUM_BYTES_H */
