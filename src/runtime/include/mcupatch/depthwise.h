/*
 * Depthwise convolution of a size and stride known at compile time, for kernels of 3, 5 and 7 taps a side.
 *
 * An output row is made four channels at a time. The input rows that it needs are widened to int16 first, padding
 * included, two rows to a plane of pairs and the last row alone:
 *
 *   pairs  [columns / 2][planes][4 channels][2 columns] (row 2p, row 2p + 1)    a word: one column of two rows
 *   row    [columns / 4][4 channels][4 columns]                                 a word: two columns of the last row
 *
 * A SMLAD then adds two taps to an output: KH / 2 * KW words of pairs and (KW + 1) / 2 of the last row.
 */
#ifndef MCUPATCH_DEPTHWISE_H
#define MCUPATCH_DEPTHWISE_H

#include "mcupatch/kernels.h"
#include "mcupatch/simd.h"

#if MCUP_THUMB_DSP
#define MCUP_DEPTHWISE_ASM 1
#else
#define MCUP_DEPTHWISE_ASM 0
#endif

#if defined(__GNUC__)
#define MCUP_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define MCUP_ALWAYS_INLINE static inline
#endif

/*
 * Widens two rows into a plane of pairs, or one row into pairs of its columns. A group is 16 values from the four
 * channels at a, b, a + a_step, b + b_step; the next one lies two steps further. Fields are in the order of the loop in
 * depthwise_asm.h.
 */
typedef struct {
  const int8_t *a;
  const int8_t *b;
  int32_t a_step;
  int32_t b_step;
  int16_t *out;
  int32_t groups; /* all but the last one, if that is not whole */
  int32_t lead;   /* of the first group's four places, those that are padding: not read */
  int32_t trail;  /* of the last group's four places, those that are not padding, or 0 */
  int32_t zero;   /* the zero point in each byte */
} mcup_pair_job;

/* Where an output row comes from and goes to. Fields in the order of depthwise_asm.h. */
typedef struct {
  const int32_t *blocks; /* packed weights */
  const int16_t *pairs;
  const int16_t *row;
  int32_t pixel_stride;
  int8_t *bytes;
  int32_t cols;
  int32_t zero_point;
} mcup_depthwise_target;

/* `count` jobs, at least 1. `channel`: how far beyond a and b the first of the four channels lies. */
typedef void mcup_widen_pairs(const mcup_pair_job *jobs, int32_t count, int32_t channel);
/* Four channels of `count` rows, at least 1. `block`: how many bytes beyond `blocks` theirs lie; `channel`: the first. */
typedef void mcup_depthwise_four(const mcup_depthwise_target *rows, int32_t count, int32_t block, int32_t channel);

/* The inner loops of a size and a stride of columns. `positive`: no stored value lies below the zero point. */
typedef struct {
  mcup_widen_pairs *widen_pairs; /* with the other planes of the size beside it */
  mcup_depthwise_four *four;
  mcup_depthwise_four *four_positive;
} mcup_depthwise_loops;

/* Words of packed weights of one channel: bias, pairs, row, multiplier, rounding. */
MCUP_ALWAYS_INLINE int32_t mcup_depthwise_words(int32_t size, int32_t stride) {
  return 3 + size / 2 * size + (stride == 2 ? (size + 1) / 2 : size - 1);
}

/*
 * A doubled sum to a stored value: rounding = 2**(32 - n) for a right shift of n in [2, 31]. Equal to
 * mcup_scale_fixed(sum, multiplier, -n).
 */
MCUP_ALWAYS_INLINE int8_t mcup_depthwise_requantize(int32_t doubled, int32_t multiplier, int32_t rounding,
                                                    int32_t zero_point) {
  const int64_t half = (int64_t)1 << 31;
  int32_t high = (int32_t)(((int64_t)doubled * multiplier + half) >> 32);
  high += high >> 31; /* one less below zero turns half away from zero into half up */
  const int32_t value = (int32_t)(((int64_t)high * rounding + half) >> 32) + zero_point;
  return (int8_t)mcup_clamp(value, -128, 127);
}

/* The portable twin of the widening loops. */
MCUP_ALWAYS_INLINE void mcup_widen_job(const mcup_pair_job *job, int32_t channel, int32_t planes) {
  const int32_t groups = job->groups + (job->trail > 0);
  int16_t *out = job->out;
  for (int32_t g = 0; g < groups; ++g, out += 16 * planes) {
    const int32_t first = g == 0 ? job->lead : 0;
    const int32_t last = g == job->groups ? job->trail : 4;
    for (int32_t t = 0; t < 4; ++t) {
      const int8_t *from = t % 2 == 0 ? job->a : job->b;
      from += (ptrdiff_t)(2 * g + t / 2) * (t % 2 == 0 ? job->a_step : job->b_step) + channel;
      const int32_t inside = t >= first && t < last;
      for (int32_t c = 0; c < 4; ++c) {
        out[4 * c + t] = inside ? from[c] : (int8_t)job->zero;
      }
    }
  }
}

MCUP_ALWAYS_INLINE void mcup_widen_portable(const mcup_pair_job *jobs, int32_t count, int32_t channel, int32_t planes) {
  for (int32_t i = 0; i < count; ++i) {
    mcup_widen_job(&jobs[i], channel, planes);
  }
}

/* Position of tap k of a plane among its weights: with stride 2 the even taps first, unless all fit the registers. */
MCUP_ALWAYS_INLINE int32_t mcup_pair_weight(int32_t size, int32_t stride, int32_t k) {
  if (stride == 1 || size == 3) {
    return k;
  }
  return k % 2 == 0 ? k / 2 : (size + 1) / 2 + k / 2;
}

/* The int16 of tap k among the weights of the last row. */
MCUP_ALWAYS_INLINE int32_t mcup_row_weight(int32_t size, int32_t stride, int32_t k) {
  if (stride == 2) {
    return k;
  }
  return k == size - 1 ? 2 * k - 1 : k / 2 * 4 + k % 2;
}

/* Output pixel x, whose first tap is column `col`, of one channel. Doubled. */
MCUP_ALWAYS_INLINE int32_t mcup_depthwise_sum(int32_t size, int32_t stride, const int32_t *weights,
                                              const int16_t *pairs, const int16_t *row, int32_t col) {
  const int32_t planes = size / 2;
  const int16_t *pair_weights = (const int16_t *)(const void *)(weights + 1);
  const int16_t *row_weights = pair_weights + 2 * planes * size;
  int32_t sum = weights[0];
  for (int32_t k = 0; k < size; ++k) {
    const int16_t *column = pairs + (col + k) / 2 * planes * 16 + (col + k) % 2 * 2;
    const int16_t *weight = pair_weights + 2 * mcup_pair_weight(size, stride, k);
    for (int32_t plane = 0; plane < planes; ++plane) {
      sum += column[16 * plane] * weight[2 * size * plane];
      sum += column[16 * plane + 1] * weight[2 * size * plane + 1];
    }
    sum += row[(col + k) / 4 * 16 + (col + k) % 4] * row_weights[mcup_row_weight(size, stride, k)];
  }
  return sum;
}

MCUP_ALWAYS_INLINE void mcup_depthwise_row(int32_t size, int32_t stride, const int32_t *weights,
                                           const mcup_depthwise_target *target, int32_t channel) {
  const int32_t words = mcup_depthwise_words(size, stride);
  for (int32_t c = 0; c < 4; ++c, weights += words) {
    int8_t *out = target->bytes + channel + c;
    for (int32_t x = 0; x < target->cols; ++x, out += target->pixel_stride) {
      const int32_t sum =
          mcup_depthwise_sum(size, stride, weights, target->pairs + 4 * c, target->row + 4 * c, x * stride);
      *out = mcup_depthwise_requantize(sum, weights[words - 2], weights[words - 1], target->zero_point);
    }
  }
}

/* The portable twin of the inner loops. */
MCUP_ALWAYS_INLINE void mcup_depthwise_portable(int32_t size, int32_t stride, const mcup_depthwise_target *rows,
                                                int32_t count, int32_t block, int32_t channel) {
  for (int32_t i = 0; i < count; ++i) {
    mcup_depthwise_row(size, stride, rows[i].blocks + block / 4, &rows[i], channel);
  }
}

/* Widens into planes that lie alone: single rows, and the pairs of 3x3. */
void mcup_widen_single(const mcup_pair_job *jobs, int32_t count, int32_t channel);

/* The kernel of `size` taps a side. */
void mcup_depthwise_rows(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                         const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
                         void *scratch);
size_t mcup_depthwise_rows_scratch_bytes(int32_t size, const mcup_packed_depthwise_params *params, int32_t out_cols);

#endif /* MCUPATCH_DEPTHWISE_H */
