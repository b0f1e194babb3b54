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

typedef struct {
  int32_t of[2];
} mcup_two_sums;

/* Adds one channel of a tap to both outputs: of the second one it lies `apart` further. */
MCUP_ALWAYS_INLINE void mcup_add_narrow_tap(int32_t outputs, int32_t apart, const int8_t *const *tap, int32_t channel,
                                            int32_t weight, mcup_two_sums *sums) {
  sums->of[0] = mcup_mac(sums->of[0], tap[0][channel], weight);
  if (outputs == 2) {
    sums->of[1] = mcup_mac(sums->of[1], tap[apart][channel], weight);
  }
}

MCUP_ALWAYS_INLINE mcup_two_sums mcup_narrow_sums(int32_t size, int32_t stride, int32_t outputs, const int32_t *packed,
                                                  const int8_t *const *taps, int32_t channel) {
  const int16_t *weights = (const int16_t *)(const void *)(packed + 1);
  const int32_t cols = (outputs - 1) * stride + size;
  mcup_two_sums sums = {{packed[0], packed[0]}};
  MCUP_NO_UNROLL
  for (int32_t plane = 0; plane < size / 2; ++plane, taps += (ptrdiff_t)2 * cols, weights += (ptrdiff_t)2 * size) {
    MCUP_UNROLL
    for (int32_t k = 0; k < size; ++k) {
      const int16_t *pair = weights + (ptrdiff_t)2 * mcup_pair_weight(size, stride, k);
      mcup_add_narrow_tap(outputs, 2 * stride, taps + (ptrdiff_t)2 * k, channel, pair[0], &sums);
      mcup_add_narrow_tap(outputs, 2 * stride, taps + (ptrdiff_t)2 * k + 1, channel, pair[1], &sums);
    }
  }
  MCUP_UNROLL
  for (int32_t k = 0; k < size; ++k) {
    mcup_add_narrow_tap(outputs, stride, taps + k, channel, weights[mcup_row_weight(size, stride, k)], &sums);
  }
  return sums;
}

/* The portable twin of the loop for a narrow row. */
MCUP_ALWAYS_INLINE void mcup_narrow_portable(int32_t size, int32_t stride, int32_t outputs, int32_t corrected,
                                             const mcup_narrow_row *row) {
  const int32_t words = mcup_depthwise_words(size, stride), channels = row->channels, zero_point = row->zero_point;
  const int32_t *packed = row->blocks;
  int8_t *bytes = row->bytes;
  const int8_t *taps[7 * 9];
  mcup_narrow_place_taps(row, taps, size, (outputs - 1) * stride + size);
  for (int32_t first = 0; first < channels; first += 4) {
    const int32_t channel = first + 4 <= channels ? first : channels - 4;
    MCUP_NO_UNROLL
    for (int32_t c = channel; c < channel + 4; ++c, packed += words) {
      const mcup_two_sums sums = mcup_narrow_sums(size, stride, outputs, packed, taps, c);
      const int32_t multiplier = packed[words - 2], divisor = packed[words - 1]; /* not to be read after each store */
      bytes[c] = mcup_depthwise_requantize(sums.of[0], multiplier, divisor, corrected, zero_point);
      if (outputs == 2) {
        bytes[channels + c] = mcup_depthwise_requantize(sums.of[1], multiplier, divisor, corrected, zero_point);
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
