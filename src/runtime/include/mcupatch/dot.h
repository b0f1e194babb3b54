/*
 * Dot products: the inner loops of the convolutions, each in a DSP form and a portable twin.
 *
 * A *column* is the receptive field of one output pixel, widened to int16 with the zero point subtracted. The
 * DSP form keeps every whole group of four values in the order 0, 2, 1, 3, in which SXTB16 unpacks bytes;
 * the order is private to this file.
 */
#ifndef MCUPATCH_DOT_H
#define MCUPATCH_DOT_H

#include "mcupatch/simd.h"

/* One multiply-accumulate, wrapping; the factors are at most 9 bits wide. */
static inline int32_t mcup_mac(int32_t sum, int32_t a, int32_t b) {
  return mcup_add_wrap(sum, a * b);
}

/*
 * column[i] = bytes[i] - zero_point for i in [0, count). `bytes` may lie in the last `count` bytes of the
 * column's own 2 * count (or more) bytes: each group is read before it is written over.
 */
static inline void mcup_widen(const int8_t *bytes, int32_t count, int32_t zero_point, int16_t *column) {
  int32_t i = 0;
#if MCUP_DSP
  const int32_t offsets = mcup_twice(-zero_point);
  MCUP_NO_UNROLL
  for (; i + 4 <= count; i += 4) {
    const int32_t word = mcup_load4(bytes + i);
    mcup_store4(column + i, mcup_add_even_bytes(offsets, word));
    mcup_store4(column + i + 2, mcup_add_odd_bytes(offsets, word));
  }
#endif
  MCUP_NO_UNROLL
  for (; i < count; ++i) {
    column[i] = (int16_t)(bytes[i] - zero_point);
  }
}

/* Sum of a column's values. */
static inline int32_t mcup_column_sum(const int16_t *column, int32_t count) {
  int32_t sum = 0;
  for (int32_t i = 0; i < count; ++i) {
    sum += column[i];
  }
  return sum;
}

/* sums[0..1] += column . weights of two output channels; sums[2..3] the same for the second column. */
static inline void mcup_dot_2x2(const int16_t *column0, const int16_t *column1, const int8_t *weights0,
                                const int8_t *weights1, int32_t count, int32_t sums[4]) {
  int32_t s00 = sums[0], s01 = sums[1], s10 = sums[2], s11 = sums[3];
#if MCUP_DSP
  const int8_t *end = weights0 + count / 4 * 4;
  MCUP_FORGET(column1);
  MCUP_FORGET(weights1);
  MCUP_NO_UNROLL
  while (weights0 != end) {
    const int32_t word0 = mcup_take4(&weights0), word1 = mcup_take4(&weights1);
    const int32_t even0 = mcup_even_bytes(word0), even1 = mcup_even_bytes(word1);
    const int32_t x0 = mcup_take2(&column0), x1 = mcup_take2(&column1);
    s00 = __smlad(even0, x0, s00);
    s01 = __smlad(even1, x0, s01);
    s10 = __smlad(even0, x1, s10);
    s11 = __smlad(even1, x1, s11);
    const int32_t odd0 = mcup_odd_bytes(word0), odd1 = mcup_odd_bytes(word1);
    const int32_t y0 = mcup_take2(&column0), y1 = mcup_take2(&column1);
    s00 = __smlad(odd0, y0, s00);
    s01 = __smlad(odd1, y0, s01);
    s10 = __smlad(odd0, y1, s10);
    s11 = __smlad(odd1, y1, s11);
  }
  count %= 4;
#endif
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    s00 = mcup_mac(s00, column0[i], weights0[i]);
    s01 = mcup_mac(s01, column0[i], weights1[i]);
    s10 = mcup_mac(s10, column1[i], weights0[i]);
    s11 = mcup_mac(s11, column1[i], weights1[i]);
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s10;
  sums[3] = s11;
}

/* sums[k] += column . row k of `weights`, of which each starts steps[k] bytes after the first: one pixel alone. */
static inline void mcup_dot_1x4(const int16_t *column, const int8_t *weights, const int32_t steps[4], int32_t count,
                                int32_t sums[4]) {
  const int8_t *weights0 = weights, *weights1 = weights + steps[1];
  const int8_t *weights2 = weights + steps[2], *weights3 = weights + steps[3];
  int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
#if MCUP_DSP
  const int8_t *end = weights0 + count / 4 * 4;
  column = (const int16_t *)__builtin_assume_aligned(column, 4);
  MCUP_FORGET(weights1);
  MCUP_FORGET(weights2);
  MCUP_FORGET(weights3);
  MCUP_NO_UNROLL
  while (weights0 != end) {
    const int32_t even = mcup_load4(column), odd = mcup_load4(column + 2);
    column += 4;
    const int32_t word0 = mcup_take4(&weights0);
    s0 = __smlad(odd, mcup_odd_bytes(word0), __smlad(even, mcup_even_bytes(word0), s0));
    const int32_t word1 = mcup_take4(&weights1);
    s1 = __smlad(odd, mcup_odd_bytes(word1), __smlad(even, mcup_even_bytes(word1), s1));
    const int32_t word2 = mcup_take4(&weights2);
    s2 = __smlad(odd, mcup_odd_bytes(word2), __smlad(even, mcup_even_bytes(word2), s2));
    const int32_t word3 = mcup_take4(&weights3);
    s3 = __smlad(odd, mcup_odd_bytes(word3), __smlad(even, mcup_even_bytes(word3), s3));
  }
  count %= 4;
#endif
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    s0 = mcup_mac(s0, column[i], weights0[i]);
    s1 = mcup_mac(s1, column[i], weights1[i]);
    s2 = mcup_mac(s2, column[i], weights2[i]);
    s3 = mcup_mac(s3, column[i], weights3[i]);
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/* sums[0..1] += (bytes - zero_point) . weights of two outputs: no column, for inputs that are used once. */
static inline void mcup_dot_bytes_2(const int8_t *bytes, int32_t zero_point, const int8_t *weights0,
                                    const int8_t *weights1, int32_t count, int32_t sums[2]) {
  int32_t s0 = sums[0], s1 = sums[1];
  int32_t i = 0;
#if MCUP_DSP
  const int32_t offsets = mcup_twice(-zero_point);
  MCUP_NO_UNROLL
  for (; i + 4 <= count; i += 4) {
    const int32_t word = mcup_load4(bytes + i);
    const int32_t even = mcup_add_even_bytes(offsets, word);
    const int32_t odd = mcup_add_odd_bytes(offsets, word);
    const int32_t word0 = mcup_load4(weights0 + i);
    s0 = __smlad(odd, mcup_odd_bytes(word0), __smlad(even, mcup_even_bytes(word0), s0));
    const int32_t word1 = mcup_load4(weights1 + i);
    s1 = __smlad(odd, mcup_odd_bytes(word1), __smlad(even, mcup_even_bytes(word1), s1));
  }
#endif
  MCUP_NO_UNROLL
  for (; i < count; ++i) {
    s0 = mcup_mac(s0, bytes[i] - zero_point, weights0[i]);
    s1 = mcup_mac(s1, bytes[i] - zero_point, weights1[i]);
  }
  sums[0] = s0;
  sums[1] = s1;
}

/* Sums of four neighbouring channels. */
typedef struct {
  int32_t channel[4];
} mcup_sums4;

/* sums.channel[c] += tap[c] * bytes[c] */
static inline mcup_sums4 mcup_depthwise_tap4(const int8_t *bytes, const int16_t *tap, mcup_sums4 sums) {
#if MCUP_DSP
  const int32_t word = mcup_load4(bytes);
  const int32_t even = mcup_even_bytes(word), odd = mcup_odd_bytes(word);
  const int32_t even_taps = mcup_load4(tap), odd_taps = mcup_load4(tap + 2);
  sums.channel[0] = __smlabb(even, even_taps, sums.channel[0]);
  sums.channel[1] = __smlabb(odd, odd_taps, sums.channel[1]);
  sums.channel[2] = __smlatt(even, even_taps, sums.channel[2]);
  sums.channel[3] = __smlatt(odd, odd_taps, sums.channel[3]);
#else
  sums.channel[0] = mcup_mac(sums.channel[0], bytes[0], tap[0]);
  sums.channel[1] = mcup_mac(sums.channel[1], bytes[1], tap[1]);
  sums.channel[2] = mcup_mac(sums.channel[2], bytes[2], tap[2]);
  sums.channel[3] = mcup_mac(sums.channel[3], bytes[3], tap[3]);
#endif
  return sums;
}

/* Where one depthwise tap reads its input and its weights, in bytes from those of a first one. */
typedef struct {
  int32_t byte;
  int32_t weight;
} mcup_tap;

/* sums.channel[c] += (bytes[c] - zero_point) * (weights[c] - weight_zero_point) over `count` taps. */
static inline mcup_sums4 mcup_depthwise_taps4(const int8_t *bytes, int32_t zero_point, const int8_t *weights,
                                              int32_t weight_zero_point, const mcup_tap *taps, int32_t count,
                                              mcup_sums4 sums) {
  const mcup_tap *end = taps + count;
#if MCUP_DSP
  const int32_t offsets = mcup_twice(-zero_point), weight_offsets = mcup_twice(-weight_zero_point);
#endif
  MCUP_NO_UNROLL
  while (taps != end) {
    const int8_t *byte = bytes + taps->byte, *weight = weights + taps->weight;
    ++taps;
    MCUP_FORGET(taps);
#if MCUP_DSP
    const int32_t word = mcup_load4(byte), weight_word = mcup_load4(weight);
    const int32_t even = mcup_add_even_bytes(offsets, word), odd = mcup_add_odd_bytes(offsets, word);
    const int32_t even_weights = mcup_add_even_bytes(weight_offsets, weight_word);
    const int32_t odd_weights = mcup_add_odd_bytes(weight_offsets, weight_word);
    sums.channel[0] = __smlabb(even, even_weights, sums.channel[0]);
    sums.channel[1] = __smlabb(odd, odd_weights, sums.channel[1]);
    sums.channel[2] = __smlatt(even, even_weights, sums.channel[2]);
    sums.channel[3] = __smlatt(odd, odd_weights, sums.channel[3]);
#else
    for (int32_t c = 0; c < 4; ++c) {
      sums.channel[c] = mcup_mac(sums.channel[c], byte[c] - zero_point, weight[c] - weight_zero_point);
    }
#endif
  }
  return sums;
}

#endif /* MCUPATCH_DOT_H */
