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

/* How many groups of four places a job fills. */
typedef struct {
  int32_t groups; /* all but the last one, if that is not whole */
  int32_t lead;   /* of the first group's four places, those that are padding: not read; MCUP_PLACES if groups is 0 */
  int32_t trail;  /* of the last group's four places, those that are not padding, or 0; + MCUP_LAST_JOB */
} mcup_job_extent;

/*
 * Widens two rows into a plane of pairs, or one row into pairs of its columns. A group is 16 values from the four
 * channels at a, b, a + a_step, b + b_step; the next one lies two steps further. Fields are in the order of the loop in
 * depthwise_widen_asm.h.
 */
typedef struct {
  const int8_t *a;
  const int8_t *b;
  int32_t a_step;
  int32_t b_step;
  int16_t *out;
  mcup_job_extent extent;
} mcup_pair_job;

#define MCUP_PLACES 4
#define MCUP_LAST_JOB 4 /* of the planes of pairs, if they have a loop of their own, or of all */

/* Where an output row comes from and goes to. Fields in the order of depthwise_asm.h. */
typedef struct {
  const int32_t *blocks; /* packed weights, of the channels that are left */
  int16_t *pairs;        /* planes, which jobs fill */
  int16_t *row;
  int8_t *bytes;
} mcup_depthwise_target;

/*
 * What makes one output row, or two, for four channels after the other: what is widened, and then multiplied. Fields in the
 * order of depthwise_asm.h.
 */
typedef struct {
  int32_t pixel_stride;
  int32_t zero_point;
  int32_t zero; /* the zero point of the input in each byte */
  int32_t cols;
  int32_t channel; /* the first of four */
  int32_t last_channel;
  int32_t rows;
  mcup_depthwise_target row[2];
  mcup_pair_job jobs[4]; /* those of pairs first */
} mcup_row_work;

/* The portable twin of a widening loop: all jobs up to a last one, for four channels; what lies behind it. */
typedef const mcup_pair_job *mcup_widen_jobs(const mcup_row_work *work, const mcup_pair_job *jobs, int32_t channel);
/* Widens into planes that lie alone: single rows, and the pairs of 3x3. */
mcup_widen_jobs mcup_widen_single, mcup_widen_5x5, mcup_widen_7x7;
/* All channels of what `work` plans. */
typedef void mcup_depthwise_loop(mcup_row_work *work);

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
  mcup_depthwise_loop *rows;
  mcup_depthwise_loop *rows_corrected;
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

MCUP_ALWAYS_INLINE void mcup_depthwise_row(int32_t size, int32_t stride, int32_t corrected, const mcup_row_work *work,
                                           const mcup_depthwise_target *target) {
  const int32_t words = mcup_depthwise_words(size, stride), zero_point = work->zero_point;
  const int32_t *packed = target->blocks, *end = packed + 4 * words;
  const int8_t *first_pairs = (const int8_t *)target->pairs, *first_row = (const int8_t *)target->row;
  int8_t *first_out = target->bytes + work->channel;
  for (; packed != end; packed += words, ++first_pairs, ++first_row, ++first_out) {
    const int32_t multiplier = packed[words - 2], divisor = packed[words - 1]; /* not to be read after each store */
    const int8_t *pairs = first_pairs, *row = first_row;
    const ptrdiff_t stride_bytes = work->pixel_stride;
    int8_t *out = first_out;
    MCUP_FORGET(pairs); /* pointers of their own, not offsets to be added to others at every use */
    MCUP_FORGET(row);
    for (int32_t left = work->cols; left > 0; left -= 4) {
      MCUP_FORGET(out);
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

/* Four channels of one output row. */
typedef void mcup_make_row(const mcup_row_work *work, const mcup_depthwise_target *target);

/* The portable twin of the loops over all channels; `widen`: for planes of pairs. */
MCUP_ALWAYS_INLINE void mcup_depthwise_portable(int32_t size, int32_t stride, mcup_widen_jobs *widen,
                                                mcup_make_row *make_row, mcup_row_work *work) {
  for (;; work->channel += 4) {
    if (work->channel > work->last_channel) {
      work->channel = work->last_channel;
    }
    const mcup_pair_job *jobs = widen(work, work->jobs, work->channel);
    if (size > 3) {
      mcup_widen_single(work, jobs, work->channel);
    }
    for (int32_t i = 0; i < work->rows; ++i) {
      make_row(work, &work->row[i]);
      work->row[i].blocks += 4 * mcup_depthwise_words(size, stride);
    }
    if (work->channel == work->last_channel) {
      return;
    }
  }
}

/* Clamps `count` stored values. */
void mcup_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high);
/* As many words as fit into `bytes`. */
void mcup_fill_words(void *start, int32_t bytes, uint32_t value);

/*
 * Whether the functions of depthwise_narrow.h make a window: they widen no planes for few columns, and know no corrections.
 * With stride 2 neighbours share fewer columns of a plane, and a single row fills planes for itself alone.
 */
MCUP_ALWAYS_INLINE int32_t mcup_is_narrow(const mcup_packed_depthwise_params *params, int32_t out_rows,
                                          int32_t out_cols) {
  if (params->corrects_halves) {
    return out_cols < 1; /* they make nothing of an empty one */
  }
  if (params->stride_cols != 2) {
    return out_cols <= 3;
  }
  return out_cols <= (out_rows == 1 ? 6 : 4);
}

/* The kernel of `size` taps a side, for windows that are not narrow. */
void mcup_depthwise_rows(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                         const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
                         void *scratch);
size_t mcup_depthwise_rows_scratch_bytes(int32_t size, const mcup_packed_depthwise_params *params, int32_t out_rows,
                                         int32_t out_cols);

#endif /* MCUPATCH_DEPTHWISE_H */
