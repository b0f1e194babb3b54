/* A convolution by tiles of one kind of weights and one requantisation: its tile functions, in assembly or in C. */
#ifndef MCUPATCH_CONV_KERNEL_H
#define MCUPATCH_CONV_KERNEL_H

#include "mcupatch/conv_columns.h"
#include "mcupatch/conv_tiles.h"
#include "mcupatch/window.h"

#if MCUP_THUMB_DSP
#include "mcupatch/conv_tails_asm.h"

/* Bytes of code for a step of the loop: a pair of taps, in narrow tiles two. */
#define MCUP_INT8_FOUR_STEP 52
#define MCUP_INT8_TWO_STEP 56
#define MCUP_INT8_ONE_STEP 76
#define MCUP_INT16_FOUR_STEP 44
#define MCUP_INT16_TWO_STEP 40
#define MCUP_INT16_ONE_STEP 44

#define MCUP_ONE_AT_ONCE 4
#define MCUP_TILE_FUNCTIONS(weights, tail)                                               \
  MCUP_TILE_OF_FOUR(tile_of_four, MCUP_##weights##_FOUR_STEP, weights, MCUP_FOUR_##tail) \
  MCUP_TILE_OF_TWO(tile_of_two, MCUP_##weights##_TWO_STEP, weights, MCUP_TWO_##tail)     \
  MCUP_TILE_OF_ONE(tile_of_one, MCUP_##weights##_ONE_STEP, weights, MCUP_ONE_##tail)
#else
#define MCUP_ONE_AT_ONCE 2
#define MCUP_TILE_FUNCTION(name, width, weights, tail)                                                     \
  static void name(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) { \
    mcup_run_tile(columns, blocks, out, job, width, MCUP_WORDS_OF_##weights - 1, MCUP_TAIL_##tail);        \
  }
#define MCUP_TILE_FUNCTIONS(weights, tail)           \
  MCUP_TILE_FUNCTION(tile_of_four, 4, weights, tail) \
  MCUP_TILE_FUNCTION(tile_of_two, 2, weights, tail)  \
  MCUP_TILE_FUNCTION(tile_of_one, 1, weights, tail)
#endif

/* Words of a block for each pair of taps. */
#define MCUP_WORDS_OF_INT8 1
#define MCUP_WORDS_OF_INT16 2

/* All channels of a tile whose columns have been gathered, from `pixel` on. */
MCUP_INLINE void mcup_make_tile(const mcup_tile_kind *kind, const mcup_tile_job *job,
                                const mcup_packed_conv2d_params *params, int16_t *columns, int8_t *pixel) {
  if (params->sum_pairs > 0) {
    mcup_append_sums(params, columns, kind->width);
  }
  if (job->channels > 0) {
    kind->tile(columns, params->blocks, pixel, job);
  }
  if (job->channels < params->out_channels || params->low > -128 || params->high < 127) {
    mcup_finish_rare_tile(kind, job, params, columns, pixel);
  }
}

/* Whether output pixels are made of the input pixels at their places. */
static inline int32_t mcup_is_pointwise(const mcup_packed_conv2d_params *params, const mcup_input *in,
                                        const mcup_output *out, int32_t pad_top, int32_t pad_left) {
  return (params->kernel_rows | params->kernel_cols | params->stride_rows | params->stride_cols) == 1 &&
         (pad_top | pad_left) == 0 && in->cols >= out->cols && in->rows >= out->rows;
}

/* Where that is so: a tile's columns are pixels side by side. */
MCUP_INLINE void mcup_convolve_pixels(const mcup_tile_kind *kinds, int32_t pair_words,
                                      const mcup_packed_conv2d_params *params, const mcup_input *in,
                                      const mcup_output *out, void *scratch) {
  const int32_t depth = params->in_channels, channels = params->out_channels;
  const int32_t pairs = ((depth + 1) >> 1) + params->sum_pairs;
  mcup_tile_job job = {pairs, 0, channels, params->output_zero_point, 4 * (pairs * pair_words + 6)};
  mcup_gather gather = {depth >> 2, depth & 3, (int16_t *)scratch, depth, (int16_t *)scratch, 1};
  int32_t rows = out->rows, cols = out->cols;
  if (rows > 1 && in->cols == cols && in->upper_rows >= rows && in->row_stride == cols * depth &&
      out->row_stride == cols * channels) { /* without gaps: one long row */
    cols *= rows;
    rows = 1;
  }
  for (int32_t y = 0; y < rows; ++y) {
    const int8_t *bytes = mcup_in_row(in, y);
    int8_t *pixel = mcup_out_row(out, y);
    int32_t left = cols;
    for (const mcup_tile_kind *kind = kinds; left > 0; ++kind) {
      const int32_t width = kind->width;
      if (left < width) {
        continue;
      }
      job.channels = channels & -kind->at_once;
      gather.rest_columns = gather.columns + (ptrdiff_t)width * (depth & ~3);
      for (; left >= width; left -= width, bytes += width * depth, pixel += width * channels) {
        kind->gather(bytes, 0, 1, &gather);
        mcup_make_tile(kind, &job, params, gather.columns, pixel);
      }
    }
  }
}

/* Any window: row by row, tiles of up to four pixels with all their taps inside, and those at the border. */
MCUP_INLINE void mcup_convolve_windows(const mcup_tile_kind *kinds, int32_t pair_words,
                                       const mcup_packed_conv2d_params *params, const mcup_input *in,
                                       const mcup_output *out, int32_t pad_top, int32_t pad_left, void *scratch) {
  mcup_field field = mcup_find_field(params, out->cols, scratch);
  const int32_t channels = params->out_channels;
  mcup_tile_job job = {field.pairs, 0, channels, params->output_zero_point, 4 * (field.pairs * pair_words + 6)};
  int32_t row = -pad_top;
  for (int32_t y = 0; y < out->rows; ++y, row += params->stride_rows) {
    const int32_t is_inside = row >= 0 && row + field.last_row < in->rows, is_upper = row < in->upper_rows;
    const int8_t *first = is_inside ? mcup_in_row(in, row) : NULL; /* the taps of column 0 */
    const int32_t row_step = (is_upper ? in->row_stride : in->lower_stride) * params->dilation_rows;
    const int32_t above = is_upper && row + field.last_row >= in->upper_rows ? in->upper_rows - row : 0;
    const int32_t lower_rows = above > 0 && is_inside ? mcup_count_lower_rows(params, above) : 0;
    const int8_t *lower = first;
    if (lower_rows > 0) {
      lower = mcup_in_row(in, row + (params->kernel_rows - lower_rows) * params->dilation_rows);
    }
    int8_t *pixel = mcup_out_row(out, y);
    int32_t col = -pad_left, left = out->cols;
    for (const mcup_tile_kind *kind = kinds; left > 0; ++kind) {
      const int32_t width = kind->width;
      if (left < width) {
        continue;
      }
      const int32_t end = in->cols - field.last_col - (width - 1) * params->stride_cols;
      const uint32_t cols_inside = is_inside && end > 0 ? (uint32_t)end : 0; /* where all taps of a tile are inside */
      job.channels = channels & -kind->at_once;
      mcup_set_width(params, &field, width, lower_rows);
      for (; left >= width; left -= width, col += width * params->stride_cols, pixel += width * channels) {
        if ((uint32_t)col < cols_inside) {
          const int32_t start = col * params->in_channels;
          kind->gather(first + start, row_step, params->kernel_rows - lower_rows, &field.gather);
          if (lower_rows > 0) {
            kind->gather(lower + start, in->lower_stride * params->dilation_rows, lower_rows, &field.lower);
          }
        } else {
          mcup_gather_border(params, &field, in, row, col, width);
        }
        mcup_make_tile(kind, &job, params, field.gather.columns, pixel);
      }
    }
  }
}

/*
 * The columns of up to four pixels, then all channels over them. `kinds`: widest first; `pair_words`: words of a block for
 * each pair of taps. Written out in every kernel, for pixels and for windows.
 */
MCUP_INLINE void mcup_convolve_tiles(const mcup_tile_kind *kinds, int32_t pair_words,
                                     const mcup_packed_conv2d_params *params, const mcup_input *in,
                                     const mcup_output *out, int32_t pad_top, int32_t pad_left, void *scratch) {
  while (kinds->width > 1 && out->cols < kinds->width) {
    ++kinds; /* the scratch is no wider, even where rows join */
  }
  if (mcup_is_pointwise(params, in, out, pad_top, pad_left)) {
    mcup_convolve_pixels(kinds, pair_words, params, in, out, scratch);
  } else {
    mcup_convolve_windows(kinds, pair_words, params, in, out, pad_top, pad_left, scratch);
  }
}

/* `weights`: INT8 or INT16; `tail`: FIXED, SINGLE, FLOAT or ANY, see conv_tiles.h. */
#define MCUP_TILED_CONV2D(name, weights, tail)                                                                      \
  MCUP_TILE_FUNCTIONS(weights, tail)                                                                                \
  void name(const mcup_packed_conv2d_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top, \
            int32_t pad_left, void *scratch) {                                                                      \
    static const mcup_tile_kind kinds[] = {{4, 2, mcup_gather_four, tile_of_four},                                  \
                                           {2, 2, mcup_gather_two, tile_of_two},                                    \
                                           {1, MCUP_ONE_AT_ONCE, mcup_gather_one, tile_of_one}};                    \
    mcup_convolve_tiles(kinds, MCUP_WORDS_OF_##weights, params, in, out, pad_top, pad_left, scratch);               \
  }

#endif /* MCUPATCH_CONV_KERNEL_H */
