/*
 * Depthwise convolution of narrow windows, for the kernels of depthwise.h: straight from the input, by rows of one output or two. Tight
 * schedules make thousands of calls for one such row of a few channels, so that what comes before the loop over the channels
 * counts: it is written into each kernel.
 */
#ifndef MCUPATCH_DEPTHWISE_NARROW_H
#define MCUPATCH_DEPTHWISE_NARROW_H

#include "mcupatch/depthwise.h"
#include "mcupatch/window.h"

/*
 * The pixels that a narrow row of `size` x `cols` taps reads, each once: KH / 2 planes of two rows, column by column; and the
 * last row.
 */
void mcup_narrow_place_taps(const mcup_narrow_row *job, const int8_t **taps, int32_t size, int32_t cols);
/* Puts those of columns outside the window on the row of zeros. */
void mcup_narrow_place_outside(const mcup_narrow_row *job, const int8_t **taps, int32_t size, int32_t cols);

/* An output whose first column of taps is number `col` of `cols`. */
MCUP_ALWAYS_INLINE int32_t mcup_narrow_sum(int32_t size, int32_t stride, const int32_t *packed,
                                           const int8_t *const *taps, int32_t col, int32_t cols, int32_t channel) {
  const int16_t *weights = (const int16_t *)(const void *)(packed + 1);
  int32_t sum = packed[0];
  MCUP_NO_UNROLL
  for (int32_t plane = 0; plane < size / 2; ++plane, weights += 2 * size, taps += (ptrdiff_t)2 * cols) {
    for (int32_t k = 0; k < size; ++k) {
      const int8_t *const *pair = taps + (ptrdiff_t)2 * (col + k);
      const int16_t *weight = weights + (ptrdiff_t)2 * mcup_pair_weight(size, stride, k);
      sum = mcup_mac(mcup_mac(sum, pair[0][channel], weight[0]), pair[1][channel], weight[1]);
    }
  }
  for (int32_t k = 0; k < size; ++k) {
    sum = mcup_mac(sum, taps[col + k][channel], weights[mcup_row_weight(size, stride, k)]);
  }
  return sum;
}

/* The portable twin of the loop for a narrow row. */
MCUP_ALWAYS_INLINE void mcup_narrow_portable(int32_t size, int32_t stride, int32_t outputs, int32_t corrected,
                                             const mcup_narrow_row *row) {
  const int32_t words = mcup_depthwise_words(size, stride), channels = row->channels;
  const int32_t cols = (outputs - 1) * stride + size, zero_point = row->zero_point;
  const int32_t *packed = row->blocks;
  const int8_t *taps[7 * 9];
  mcup_narrow_place_taps(row, taps, size, cols);
  for (int32_t first = 0; first < channels; first += 4) {
    const int32_t channel = first + 4 <= channels ? first : channels - 4;
    for (int32_t c = channel; c < channel + 4; ++c, packed += words) {
      MCUP_NO_UNROLL
      for (int32_t x = 0; x < outputs; ++x) {
        const int32_t sum = mcup_narrow_sum(size, stride, packed, taps, x * stride, cols, c);
        row->bytes[x * channels + c] =
            mcup_depthwise_requantize(sum, packed[words - 2], packed[words - 1], corrected, zero_point);
      }
    }
  }
}

/* The kernel of `size` taps a side. `scratch`: whole words for each channel. */
MCUP_ALWAYS_INLINE void mcup_depthwise_narrow(int32_t size, const mcup_depthwise_loops *loops,
                                              const mcup_packed_depthwise_params *params, const mcup_input *in,
                                              const mcup_output *out, int32_t pad_top, int32_t pad_left,
                                              void *scratch) {
  const int32_t end_col = (out->cols - 1) * params->stride_cols - pad_left + size;
  const int32_t end_row = (out->rows - 1) * params->stride_rows - pad_top + size;
  mcup_narrow_row job;
  if (out->cols < 1) {
    return;
  }
  job.blocks = params->blocks;
  job.zero_point = params->output_zero_point;
  job.channels = params->channels;
  job.in = in;
  job.row = -pad_top;
  job.zero_row = (const int8_t *)scratch;
  job.outside = pad_left > 0 || end_col > in->cols;
  if (job.outside || pad_top > 0 || end_row > in->rows) {
    mcup_fill_words(scratch, params->channels + 3, 0x01010101U * (uint8_t)params->input_zero_point);
  }
  MCUP_NO_UNROLL
  for (int32_t y = 0; y < out->rows; ++y, job.row += params->stride_rows) {
    job.bytes = mcup_out_row(out, y);
    job.col = -pad_left;
    for (int32_t left = out->cols;;) {
      (left > 1 ? loops->two : loops->one)(&job);
      left -= 2;
      if (left <= 0) {
        break;
      }
      job.bytes += 2 * params->channels;
      job.col += 2 * params->stride_cols;
    }
    if (params->low > -128 || params->high < 127) {
      mcup_clamp_bytes(mcup_out_row(out, y), out->cols * params->channels, params->low, params->high);
    }
  }
}

#endif /* MCUPATCH_DEPTHWISE_NARROW_H */
