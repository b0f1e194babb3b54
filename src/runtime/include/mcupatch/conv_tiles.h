/*
 * Convolution by tiles: the inputs of up to four output pixels as columns (conv_columns.h), and the functions that run
 * all output channels over them, a block of two at a time.
 */
#ifndef MCUPATCH_CONV_TILES_H
#define MCUPATCH_CONV_TILES_H

#include "mcupatch/conv_gather.h"
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/simd.h"

/* What is the same for all tiles of a call. The assembly knows the order of the fields. */
typedef struct {
  int32_t pairs;        /* of taps, at least 1 */
  int32_t channels;     /* to write: a multiple of those that the function makes at once */
  int32_t pixel_stride; /* bytes between output pixels */
  int32_t zero_point;
  int32_t block_bytes; /* from a block to the one that is made with it */
} mcup_tile_job;

/* Writes `channels` channels, at least some, of the tile's pixels, the first pixel at `out`; blocks as in kernels.h. */
typedef void mcup_tile(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job);

/* For tiles of `width` pixels; `at_once`: channels, 2 or 4. */
typedef struct {
  int32_t width;
  int32_t at_once;
  mcup_gather_rows *gather;
  mcup_tile *tile;
} mcup_tile_kind;

/* What is rare: channels beyond those that are made at once, and values out of the stored range. */
void mcup_finish_rare_tile(const mcup_tile_kind *kind, const mcup_tile_job *job,
                           const mcup_packed_conv2d_params *params, const int16_t *columns, int8_t *pixel);

/* From a sum to the stored value, not yet clamped to less than int8; the factors are the last words of a block. */
enum { MCUP_TAIL_FIXED, MCUP_TAIL_SINGLE, MCUP_TAIL_FLOAT, MCUP_TAIL_ANY };

/* FIXED: see fixed_scale.h. */
static inline int8_t mcup_requantize_sum(int32_t sum, int32_t multiplier, int32_t factor, int32_t zero_point) {
  const mcup_fixed_scale scale = {multiplier, factor};
  return (int8_t)mcup_saturate8(mcup_scale_and_add(scale, sum, zero_point));
}

/* SINGLE: one product over 2**32, halves up. */
static inline int8_t mcup_store_single(int32_t sum, int32_t factor, int32_t zero_point) {
  return (int8_t)mcup_saturate8(mcup_add_high(sum, factor, zero_point));
}

/* FLOAT: the bits of a float32 scale. */
static inline int8_t mcup_store_float_scaled(int32_t sum, int32_t scale_bits, int32_t zero_point) {
  float scale;
  MCUP_MEMCPY(&scale, &scale_bits, sizeof scale);
  return mcup_store_even((float)sum * scale, zero_point, -128, 127);
}

/* ANY: multiplier and shift as in mcup_requant. */
static inline int8_t mcup_store_any(int32_t sum, int32_t multiplier, int32_t shift, int32_t zero_point) {
  return mcup_store_fixed(mcup_scale_fixed(sum, multiplier, shift), zero_point, -128, 127);
}

/* sums[2][width] of a block to stored values, by the four words at `factors`; returns the next block. */
const int32_t *mcup_store_block_float(int32_t *sums, const int32_t *factors, int32_t width, int32_t zero_point);
const int32_t *mcup_store_block_any(int32_t *sums, const int32_t *factors, int32_t width, int32_t zero_point);

#if !MCUP_THUMB_DSP
/* Two pixels (the same one twice where `second` is 0) by the two channels of a block; wide: int16 weights. */
MCUP_INLINE void mcup_tile_sums(const int16_t *column, int32_t step, int32_t second, const int32_t *block,
                                int32_t pairs, int32_t wide, int32_t sums[4]) {
  const int8_t *weight = (const int8_t *)(block + 2);
  const int16_t *wide_weight = (const int16_t *)(block + 2);
  int32_t s00 = block[0], s01 = block[0], s10 = block[1], s11 = block[1];
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < pairs; ++i) {
    const int32_t c0k0 = wide ? wide_weight[0] : weight[0], c1k0 = wide ? wide_weight[2] : weight[1];
    const int32_t c0k1 = wide ? wide_weight[1] : weight[2], c1k1 = wide ? wide_weight[3] : weight[3];
    const int32_t x0 = column[0], x1 = column[1];
    s00 = mcup_add_wrap(s00, c0k0 * x0 + c0k1 * x1);
    s10 = mcup_add_wrap(s10, c1k0 * x0 + c1k1 * x1);
    if (second) {
      const int32_t y0 = column[2], y1 = column[3];
      s01 = mcup_add_wrap(s01, c0k0 * y0 + c0k1 * y1);
      s11 = mcup_add_wrap(s11, c1k0 * y0 + c1k1 * y1);
    }
    weight += 4;
    wide_weight += 4;
    column += step;
  }
  sums[0] = s00;
  sums[1] = s01;
  sums[2] = s10;
  sums[3] = s11;
}

/* `tail`, a constant: one of MCUP_TAIL_... */
MCUP_INLINE int8_t mcup_store_sum(int32_t sum, const int32_t *factors, int32_t zero_point, int32_t tail) {
  return tail == MCUP_TAIL_FLOAT    ? mcup_store_float_scaled(sum, factors[0], zero_point)
         : tail == MCUP_TAIL_SINGLE ? mcup_store_single(sum, factors[0], zero_point)
         : tail == MCUP_TAIL_ANY    ? mcup_store_any(sum, factors[0], factors[1], zero_point)
                                    : mcup_requantize_sum(sum, factors[0], factors[1], zero_point);
}

/* The twin of the assembly for tiles of `width` pixels; `width`, `wide` and `tail` are constants. */
MCUP_INLINE void mcup_run_tile(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job,
                               int32_t width, int32_t wide, int32_t tail) {
  const int32_t pairs = job->pairs, step = 2 * width, second = width > 1 ? 1 : 0;
  const int32_t block_words = pairs * (wide ? 2 : 1) + 6;
  for (int32_t c = 0; c < job->channels; c += 2, blocks += block_words) {
    const int32_t *factors = blocks + block_words - 4;
    for (int32_t p = 0; p < width; p += 2) {
      int32_t sums[4];
      mcup_tile_sums(columns + 2 * p, step, second, blocks, pairs, wide, sums);
      for (int32_t i = 0; i <= second; ++i) {
        int8_t *pixel = out + (ptrdiff_t)(p + i) * job->pixel_stride + c;
        pixel[0] = mcup_store_sum(sums[i], factors, job->zero_point, tail);
        pixel[1] = mcup_store_sum(sums[2 + i], factors + 2, job->zero_point, tail);
      }
    }
  }
}
#endif

#endif /* MCUPATCH_CONV_TILES_H */
