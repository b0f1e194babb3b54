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
#include "mcupatch/window.h"

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

/* Where four channels of an output row go. Fields in the order of depthwise_asm.h. */
typedef struct {
  int32_t pixel_stride;
  int8_t *bytes;
  int32_t cols;
  int32_t zero_point;
} mcup_depthwise_target;

/* `channel`: how far beyond a and b the first of the four channels lies. */
typedef void mcup_widen_pairs(const mcup_pair_job *job, int32_t channel);
typedef void mcup_depthwise_four(const int32_t *weights, const int16_t *pairs, const int16_t *row,
                                 const mcup_depthwise_target *target);

/* What a size and a stride of columns are made of. `positive`: no stored value lies below the zero point. */
typedef struct {
  int32_t size;
  int32_t stride;
  mcup_widen_pairs *widen_pairs;
  mcup_widen_pairs *widen_row;
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
MCUP_ALWAYS_INLINE void mcup_widen_portable(const mcup_pair_job *job, int32_t channel, int32_t planes) {
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

/* The portable twin of the inner loops. */
MCUP_ALWAYS_INLINE void mcup_depthwise_portable(int32_t size, int32_t stride, const int32_t *weights,
                                                const int16_t *pairs, const int16_t *row,
                                                const mcup_depthwise_target *target) {
  const int32_t words = mcup_depthwise_words(size, stride);
  for (int32_t c = 0; c < 4; ++c, weights += words, pairs += 4, row += 4) {
    int8_t *out = target->bytes + c;
    for (int32_t x = 0; x < target->cols; ++x, out += target->pixel_stride) {
      const int32_t sum = mcup_depthwise_sum(size, stride, weights, pairs, row, x * stride);
      *out = mcup_depthwise_requantize(sum, weights[words - 2], weights[words - 1], target->zero_point);
    }
  }
}

/* Columns of the planes: what whole groups of four output pixels read, in whole groups of four. */
MCUP_ALWAYS_INLINE int32_t mcup_plane_cols(int32_t size, int32_t stride, int32_t out_cols) {
  const int32_t cols = ((out_cols + 3) / 4 * 4 - 1) * stride + size;
  return (cols + 3) / 4 * 4;
}

/* The columns of the input window that lie in the planes: `count` of them from `first`, at column `at` of the planes. */
typedef struct {
  int32_t first;
  int32_t count;
  int32_t at;
} mcup_span;

MCUP_ALWAYS_INLINE mcup_span mcup_find_span(int32_t in_cols, int32_t pad_left, int32_t plane_cols) {
  mcup_span span;
  span.first = pad_left < 0 ? -pad_left : 0;
  span.at = pad_left < 0 ? 0 : pad_left;
  const int32_t inside = in_cols - span.first, room = plane_cols - span.at;
  span.count = inside < room ? inside : room;
  if (span.count <= 0) {
    span.count = span.at = span.first = 0;
  }
  return span;
}

/* What the jobs of one call share. */
typedef struct {
  const mcup_input *in;
  mcup_span span;
  int32_t channels;
  int32_t zero;           /* the zero point in each byte */
  const int8_t *zero_row; /* four bytes for each channel: a row outside the window, all columns the same */
} mcup_widening;

/* Column `col` of an input row, which may lie before the row: not all that a job's addresses stand for is read. */
static inline const int8_t *mcup_job_address(const mcup_widening *from, int32_t row, int32_t col) {
  if (row < 0 || row >= from->in->rows) {
    return from->zero_row;
  }
  const uintptr_t start = (uintptr_t)mcup_in_row(from->in, row);
  return (const int8_t *)(start + (uintptr_t)((intptr_t)col * from->channels)); /* NOLINT */
}

static inline int32_t mcup_job_step(const mcup_widening *from, int32_t row, int32_t step) {
  return row < 0 || row >= from->in->rows ? 0 : step;
}

/* Rows `row` and row + 1 into a plane. */
static inline mcup_pair_job mcup_pair_rows(const mcup_widening *from, int32_t row, int32_t planes, int16_t *plane) {
  const mcup_span span = from->span;
  const int32_t skip = span.at % 2, whole = span.count - skip;
  const mcup_pair_job job = {mcup_job_address(from, row, span.first - skip),
                             mcup_job_address(from, row + 1, span.first - skip),
                             mcup_job_step(from, row, from->channels),
                             mcup_job_step(from, row + 1, from->channels),
                             plane + span.at / 2 * planes * 16,
                             skip + whole / 2,
                             2 * skip,
                             whole % 2 * 2,
                             from->zero};
  return job;
}

/* Row `row` alone. A first group that ends with padding as well is left with no groups: see mcup_widen_short. */
static inline mcup_pair_job mcup_pair_columns(const mcup_widening *from, int32_t row, int16_t *plane) {
  const mcup_span span = from->span;
  const int32_t lead = span.at % 4, whole = span.count + lead;
  const int32_t step = mcup_job_step(from, row, from->channels);
  const int8_t *start = mcup_job_address(from, row, span.first - lead);
  const mcup_pair_job job = {start,    (const int8_t *)((uintptr_t)start + (uintptr_t)(intptr_t)step), /* NOLINT */
                             2 * step, 2 * step,
                             plane + span.at / 4 * 16,
                             whole / 4, lead,
                             whole % 4, from->zero};
  return job;
}

/* A row of less than a group, with padding before and behind it. */
static inline void mcup_widen_short(const mcup_pair_job *job, int32_t channel) {
  for (int32_t t = 0; t < 4; ++t) {
    const int8_t *from = (t % 2 == 0 ? job->a : job->b) + (ptrdiff_t)(t / 2) * job->a_step + channel;
    const int32_t inside = t >= job->lead && t < job->trail;
    for (int32_t c = 0; c < 4; ++c) {
      job->out[4 * c + t] = inside ? from[c] : (int8_t)job->zero;
    }
  }
}

/* The few layers whose clamp is not the whole type take another pass over their rows. */
static inline void mcup_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high) {
  int32_t i = 0;
#if MCUP_THUMB_DSP
  const uint32_t below = 0x01010101U * (uint32_t)(low + 128);
  const uint32_t above = 0x01010101U * (uint32_t)(127 - high);
  MCUP_NO_UNROLL
  for (; i + 4 <= count; i += 4) { /* saturates at both ends of an unsigned byte */
    const uint32_t word = (uint32_t)mcup_load4(bytes + i) ^ 0x80808080U;
    const uint32_t raised = __uqadd8(__uqsub8(word, below), below);
    mcup_store4(bytes + i, (int32_t)(__uqsub8(__uqadd8(raised, above), above) ^ 0x80808080U));
  }
#endif
  for (; i < count; ++i) {
    bytes[i] = (int8_t)mcup_clamp(bytes[i], low, high);
  }
}

MCUP_ALWAYS_INLINE size_t mcup_depthwise_rows_scratch_bytes(int32_t size, int32_t stride,
                                                            const mcup_packed_depthwise_params *params,
                                                            int32_t out_cols) {
  const int32_t cols = mcup_plane_cols(size, stride, out_cols);
  return (size_t)cols * (size_t)(8 * size) + (size_t)((params->channels + 3) / 4 * 4);
}

/* All rows of a call. */
MCUP_ALWAYS_INLINE void mcup_depthwise_rows(const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                                            const mcup_input *in, const mcup_output *out, int32_t pad_top,
                                            int32_t pad_left, void *scratch) {
  const int32_t size = loops->size, planes = size / 2, channels = params->channels;
  const int32_t plane_cols = mcup_plane_cols(size, loops->stride, out->cols);
  const int32_t words = 4 * mcup_depthwise_words(size, loops->stride);
  mcup_depthwise_four *four = params->low >= params->output_zero_point ? loops->four_positive : loops->four;
  int16_t *pairs = (int16_t *)scratch;
  int16_t *row = pairs + (ptrdiff_t)plane_cols * planes * 8;
  int8_t *zero_row = (int8_t *)(row + (ptrdiff_t)plane_cols * 4);
  const int32_t zero = (int32_t)(0x01010101U * (uint8_t)params->input_zero_point);
  const mcup_widening from = {in, mcup_find_span(in->cols, pad_left, plane_cols), channels, zero, zero_row};
  if (from.span.at > 0 || from.span.count < plane_cols) {
    for (int32_t i = 0; i < plane_cols * 4 * size; ++i) {
      pairs[i] = (int16_t)params->input_zero_point;
    }
  }
  const int32_t first_row = -pad_top, last_row = (out->rows - 1) * params->stride_rows - pad_top + size;
  if (first_row < 0 || last_row > in->rows) {
    for (int32_t i = 0; i < channels; ++i) {
      zero_row[i] = (int8_t)params->input_zero_point;
    }
  }
  for (int32_t y = 0; y < out->rows; ++y) {
    const int32_t start = y * params->stride_rows - pad_top;
    mcup_pair_job jobs[3];
    for (int32_t plane = 0; plane < planes; ++plane) {
      jobs[plane] = mcup_pair_rows(&from, start + 2 * plane, planes, pairs + 16 * plane);
    }
    const mcup_pair_job row_job = mcup_pair_columns(&from, start + size - 1, row);
    const int32_t is_short = row_job.groups == 0 && row_job.lead > 0 && row_job.trail > row_job.lead;
    const int32_t *weights = params->blocks;
    mcup_depthwise_target target = {channels, NULL, out->cols, params->output_zero_point};
    for (int32_t block = 0; block < channels; block += 4, weights += words) {
      const int32_t channel = block + 4 <= channels ? block : channels - 4;
      if (from.span.count > 0) {
        for (int32_t plane = 0; plane < planes; ++plane) {
          loops->widen_pairs(&jobs[plane], channel);
        }
        if (is_short) {
          mcup_widen_short(&row_job, channel);
        } else {
          loops->widen_row(&row_job, channel);
        }
      }
      target.bytes = mcup_out_row(out, y) + channel;
      four(weights, pairs, row, &target);
    }
    if (params->low > -128 || params->high < 127) {
      mcup_clamp_bytes(mcup_out_row(out, y), out->cols * channels, params->low, params->high);
    }
  }
}

#endif /* MCUPATCH_DEPTHWISE_H */
