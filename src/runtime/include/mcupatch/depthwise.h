/*
 * Depthwise convolution of a size and stride known at compile time, for kernels of 3, 5 and 7 taps a side.
 *
 * An output row is made four channels at a time. The input rows that it needs are widened to int16 first, padding
 * included, two rows to a plane of pairs and the last row alone:
 *
 *   pairs  [columns / 2][planes][4 channels][2 columns] (row 2p, row 2p + 1)    a word: one column of two rows
 *   row    [columns / 4][4 channels][4 columns]                                 a word: two columns of the last row
 *
 * A SMLAD then adds two taps to an output: KH / 2 * KW words of pairs and (KW + 1) / 2 of the last row. Windows of few
 * columns have no planes in scratch: their outputs are made by twos, from the same weights, see mcup_narrow_row.
 */
#ifndef MCUPATCH_DEPTHWISE_H
#define MCUPATCH_DEPTHWISE_H

#include "mcupatch/dot.h"
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
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

/*
 * The outputs of a narrow row, one or two, all channels, straight from the input. Fields in the order of
 * depthwise_narrow_asm.h.
 */
typedef struct {
  const int32_t *blocks;
  int32_t zero_point;
  int32_t channels;
  int8_t *bytes;
  const mcup_input *in;
  int32_t row; /* of the first tap */
  int32_t col;
  const int8_t *zero_row; /* what lies outside the window */
  int32_t outside;        /* whether columns do */
} mcup_narrow_row;

typedef void mcup_narrow_loop(const mcup_narrow_row *row);

/* The inner loops of a size and a stride of columns. `corrected`: see corrects_halves in kernels.h. */
typedef struct {
  mcup_widen_pairs *widen_pairs; /* with the other planes of the size beside it */
  mcup_depthwise_four *four;
  mcup_depthwise_four *four_corrected;
  mcup_narrow_loop *one; /* of a narrow row */
  mcup_narrow_loop *two;
} mcup_depthwise_loops;

/* Words of packed weights of one channel: bias, pairs, row, multiplier, rounding. */
MCUP_ALWAYS_INLINE int32_t mcup_depthwise_words(int32_t size, int32_t stride) {
  return 3 + size / 2 * size + (stride == 2 ? (size + 1) / 2 : size - 1);
}

/* For `corrected`, a constant: the words are the bits of a float32 scale, and 0; or a factor, rounded once, and 0. */
#define MCUP_DEPTHWISE_FLOAT 2
#define MCUP_DEPTHWISE_SINGLE 3

/* A sum to a stored value, with the last two words of its channel. */
MCUP_ALWAYS_INLINE int8_t mcup_depthwise_requantize(int32_t sum, int32_t multiplier, int32_t divisor, int32_t corrected,
                                                    int32_t zero_point) {
  if (corrected == MCUP_DEPTHWISE_FLOAT) {
    float scale;
    MCUP_MEMCPY(&scale, &multiplier, sizeof scale);
    return mcup_store_even((float)sum * scale, zero_point, INT8_MIN, INT8_MAX);
  }
  if (corrected == MCUP_DEPTHWISE_SINGLE) {
    return (int8_t)mcup_saturate8(mcup_add_high(sum, multiplier, zero_point));
  }
  int32_t high = mcup_add_high(sum, multiplier, sum);
  if (corrected) {
    high += (high & divisor) >> 31; /* a positive factor does not shift */
  }
  return (int8_t)mcup_saturate8(mcup_subtract_high(high, divisor, zero_point));
}

/*
 * Four channels to place t of four; or padding. What only the portable loops read stays int8, at the start of its group:
 * [4 places][4 channels] bytes of a group's 32.
 */
MCUP_ALWAYS_INLINE void mcup_widen_place(const int8_t *bytes, int32_t place, int16_t *out) {
#if MCUP_DEPTHWISE_ASM
  out[place] = bytes[0];
  out[4 + place] = bytes[1];
  out[8 + place] = bytes[2];
  out[12 + place] = bytes[3];
#else
  MCUP_MEMCPY(out + (ptrdiff_t)2 * place, bytes, 4);
#endif
}

/* A group of 16 values, of which the places [first, last) of four are read. */
MCUP_ALWAYS_INLINE void mcup_widen_group(const mcup_pair_job *job, int32_t group, int32_t channel, int32_t first,
                                         int32_t last, int16_t *out) {
  const int8_t *a = job->a + (ptrdiff_t)(2 * group) * job->a_step + channel;
  const int8_t *b = job->b + (ptrdiff_t)(2 * group) * job->b_step + channel;
  const int8_t *zero = (const int8_t *)&job->zero;
  mcup_widen_place(first <= 0 && last > 0 ? a : zero, 0, out);
  mcup_widen_place(first <= 1 && last > 1 ? b : zero, 1, out);
  mcup_widen_place(first <= 2 && last > 2 ? a + job->a_step : zero, 2, out);
  mcup_widen_place(last > 3 ? b + job->b_step : zero, 3, out);
}

/* The portable twin of the widening loops. */
MCUP_ALWAYS_INLINE void mcup_widen_portable(const mcup_pair_job *jobs, int32_t count, int32_t channel, int32_t planes) {
  for (const mcup_pair_job *job = jobs; job != jobs + count; ++job) {
    const int8_t *a = job->a + channel, *b = job->b + channel; /* read once: stores might change the job */
    const ptrdiff_t a_step = job->a_step, b_step = job->b_step;
    const int32_t groups = job->groups;
    int16_t *out = job->out;
    int32_t group = 0;
    if (job->lead > 0) {
      mcup_widen_group(job, group++, channel, job->lead, 4, out);
      out += 16 * planes;
      a += 2 * a_step;
      b += 2 * b_step;
    }
    MCUP_NO_UNROLL
    for (; group < groups; ++group, out += 16 * planes) {
      mcup_widen_place(a, 0, out);
      mcup_widen_place(b, 1, out);
      mcup_widen_place(a + a_step, 2, out);
      mcup_widen_place(b + b_step, 3, out);
      a += 2 * a_step;
      b += 2 * b_step;
    }
    if (job->trail > 0) {
      mcup_widen_group(job, group, channel, 0, job->trail, out);
    }
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

/* Weights of one tap row, and sums of four outputs: with constant indices alone, so that they become registers. */
typedef struct {
  int32_t tap[7];
} mcup_tap_row;

typedef struct {
  int32_t of[4];
} mcup_four_sums;

/*
 * One sum after the other, as they are written: left to themselves, compilers start them all at once and find that there
 * are not enough registers.
 */
MCUP_ALWAYS_INLINE int32_t mcup_mac_in_order(int32_t sum, int32_t value, int32_t weight) {
#if defined(__thumb2__)
  __asm__ volatile("mla %0, %1, %2, %0" : "+r"(sum) : "r"(value), "r"(weight));
  return sum;
#else
  return mcup_mac(sum, value, weight);
#endif
}

/* Column j of a tap row, j a constant, to output i. */
#define MCUP_ADD_TAP(j, i)                                                                    \
  if ((i) < width && (j) >= stride * (i) && (j) - stride * (i) < size) {                      \
    sums.of[i] = mcup_mac_in_order(sums.of[i], value, weights.tap[((j) - stride * (i)) % 7]); \
  }

#define MCUP_ADD_COLUMN(j)                                                      \
  if ((j) < (width - 1) * stride + size) {                                      \
    const int32_t value = values[(j) / columns * group + (j) % columns * step]; \
    MCUP_ADD_TAP(j, 0)                                                          \
    MCUP_ADD_TAP(j, 1)                                                          \
    MCUP_ADD_TAP(j, 2)                                                          \
    MCUP_ADD_TAP(j, 3)                                                          \
  }

/* Adds one tap row to `width` of four outputs. A group of `columns` takes `group` bytes, each column `step`. */
MCUP_ALWAYS_INLINE mcup_four_sums mcup_add_tap_row(int32_t size, int32_t stride, int32_t width, const int8_t *values,
                                                   int32_t group, int32_t columns, int32_t step, mcup_tap_row weights,
                                                   mcup_four_sums sums) {
  MCUP_ADD_COLUMN(0)
  MCUP_ADD_COLUMN(1)
  MCUP_ADD_COLUMN(2)
  MCUP_ADD_COLUMN(3)
  MCUP_ADD_COLUMN(4)
  MCUP_ADD_COLUMN(5)
  MCUP_ADD_COLUMN(6)
  MCUP_ADD_COLUMN(7)
  MCUP_ADD_COLUMN(8)
  MCUP_ADD_COLUMN(9)
  MCUP_ADD_COLUMN(10)
  MCUP_ADD_COLUMN(11)
  MCUP_ADD_COLUMN(12)
  return sums;
}

#define MCUP_TAKE_TAP(k)                                                                                     \
  if ((k) < size) {                                                                                          \
    weights.tap[k] = from[pairs ? 2 * mcup_pair_weight(size, stride, k) : mcup_row_weight(size, stride, k)]; \
  }

/* A tap row's weights, from those of a plane of pairs or of the single row. */
MCUP_ALWAYS_INLINE mcup_tap_row mcup_take_tap_row(int32_t size, int32_t stride, int32_t pairs, const int16_t *from) {
  mcup_tap_row weights = {{0, 0, 0, 0, 0, 0, 0}};
  MCUP_TAKE_TAP(0)
  MCUP_TAKE_TAP(1)
  MCUP_TAKE_TAP(2)
  MCUP_TAKE_TAP(3)
  MCUP_TAKE_TAP(4)
  MCUP_TAKE_TAP(5)
  MCUP_TAKE_TAP(6)
  return weights;
}

/* Four outputs of one channel, or the first `width` of them. `pairs`, `row`: the first column of the first one. */
MCUP_ALWAYS_INLINE mcup_four_sums mcup_depthwise_sums(int32_t size, int32_t stride, int32_t width,
                                                      const int32_t *packed, const int8_t *pairs, const int8_t *row) {
  const int32_t planes = size / 2;
  const int16_t *weights = (const int16_t *)(const void *)(packed + 1);
  mcup_four_sums sums = {{packed[0], packed[0], packed[0], packed[0]}};
  MCUP_NO_UNROLL
  for (int32_t plane = 0; plane < planes; ++plane, weights += 2 * size, pairs += 32) {
    const mcup_tap_row upper = mcup_take_tap_row(size, stride, 1, weights);
    sums = mcup_add_tap_row(size, stride, width, pairs, 32 * planes, 2, 8, upper, sums);
    const mcup_tap_row lower = mcup_take_tap_row(size, stride, 1, weights + 1);
    sums = mcup_add_tap_row(size, stride, width, pairs + 4, 32 * planes, 2, 8, lower, sums);
  }
  return mcup_add_tap_row(size, stride, width, row, 32, 4, 4, mcup_take_tap_row(size, stride, 0, weights), sums);
}

#define MCUP_STORE_SUM(i) \
  out[(i) * stride_bytes] = mcup_depthwise_requantize(sums.of[i], multiplier, divisor, corrected, zero_point);

MCUP_ALWAYS_INLINE void mcup_depthwise_row(int32_t size, int32_t stride, int32_t corrected, const int32_t *packed,
                                           const mcup_depthwise_target *target, int32_t channel) {
  const int32_t words = mcup_depthwise_words(size, stride), zero_point = target->zero_point;
  for (int32_t c = 0; c < 4; ++c, packed += words) {
    const int32_t multiplier = packed[words - 2], divisor = packed[words - 1]; /* not to be read after each store */
    const int8_t *pairs = (const int8_t *)target->pairs + c, *row = (const int8_t *)target->row + c;
    const ptrdiff_t stride_bytes = target->pixel_stride;
    int8_t *out = target->bytes + channel + c;
    for (int32_t left = target->cols; left > 0; left -= 4) {
      const mcup_four_sums sums = left > 2 ? mcup_depthwise_sums(size, stride, 4, packed, pairs, row)
                                           : mcup_depthwise_sums(size, stride, 2, packed, pairs, row);
      MCUP_STORE_SUM(0)
      if (left > 3) {
        MCUP_STORE_SUM(1)
        MCUP_STORE_SUM(2)
        MCUP_STORE_SUM(3)
      } else if (left > 1) {
        MCUP_STORE_SUM(1)
        if (left > 2) {
          MCUP_STORE_SUM(2)
        }
      }
      out += 4 * stride_bytes;
      pairs += size / 2 * 64 * stride;
      row += 32 * stride;
    }
  }
}

/* The portable twin of the inner loops. */
MCUP_ALWAYS_INLINE void mcup_depthwise_portable(int32_t size, int32_t stride, int32_t corrected,
                                                const mcup_depthwise_target *rows, int32_t count, int32_t block,
                                                int32_t channel) {
  for (int32_t i = 0; i < count; ++i) {
    mcup_depthwise_row(size, stride, corrected, rows[i].blocks + block / 4, &rows[i], channel);
  }
}

/* Widens into planes that lie alone: single rows, and the pairs of 3x3. */
void mcup_widen_single(const mcup_pair_job *jobs, int32_t count, int32_t channel);
void mcup_widen_5x5(const mcup_pair_job *jobs, int32_t count, int32_t channel);
void mcup_widen_7x7(const mcup_pair_job *jobs, int32_t count, int32_t channel);

/* Clamps `count` stored values. */
void mcup_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high);
/* As many words as fit into `bytes`. */
void mcup_fill_words(void *start, int32_t bytes, uint32_t value);

/* Output windows of so few columns are made from the input itself: planes would be widened for little. */
#define MCUP_NARROW_COLS 3

/* Whether the functions of depthwise_narrow.h make a window: they know no corrections. */
MCUP_ALWAYS_INLINE int32_t mcup_is_narrow(const mcup_packed_depthwise_params *params, int32_t out_cols) {
  return out_cols <= (params->corrects_halves ? 0 : MCUP_NARROW_COLS);
}

/* The kernel of `size` taps a side, for windows that are not narrow. */
void mcup_depthwise_rows(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                         const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
                         void *scratch);
size_t mcup_depthwise_rows_scratch_bytes(int32_t size, const mcup_packed_depthwise_params *params, int32_t out_cols);

#endif /* MCUPATCH_DEPTHWISE_H */
