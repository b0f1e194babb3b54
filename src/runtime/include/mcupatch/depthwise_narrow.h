/*
 * Depthwise convolution of narrow windows, for the kernels of depthwise.h: an output at a time, straight from the input.
 * Tight schedules make thousands of calls for one pixel of a few channels, so that what comes before the loop over the
 * channels counts: with the size as a constant it is a list of addresses.
 */
#ifndef MCUPATCH_DEPTHWISE_NARROW_H
#define MCUPATCH_DEPTHWISE_NARROW_H

#include "mcupatch/depthwise.h"
#include "mcupatch/window.h"

/* Taps of a row: the first one and how far the next one lies. It may lie beside the row: then nobody reads it. */
typedef struct {
  uintptr_t pixel;
  uintptr_t step;
} mcup_tap_run;

/* From byte `start` of row `row` on. */
MCUP_ALWAYS_INLINE mcup_tap_run mcup_find_run(const mcup_input *in, int32_t row, int32_t start, int32_t channels,
                                              const int8_t *zero_row) {
  mcup_tap_run run = {(uintptr_t)zero_row, 0};
  if ((uint32_t)row < (uint32_t)in->rows) {
    run.pixel = (uintptr_t)mcup_in_row(in, row) + (uintptr_t)(intptr_t)start;
    run.step = (uintptr_t)channels;
  }
  return run;
}

/* The taps of an output whose first one lies at input position (row, col). */
MCUP_ALWAYS_INLINE void mcup_place_taps(int32_t size, int32_t stride, const mcup_input *in, int32_t row, int32_t col,
                                        int32_t channels, const int8_t *zero_row, const int8_t **slots) {
  const int32_t start = col * channels;
  for (int32_t i = 0; i < size - 1; i += 2) {
    mcup_tap_run a = mcup_find_run(in, row + i, start, channels, zero_row);
    mcup_tap_run b = mcup_find_run(in, row + i + 1, start, channels, zero_row);
    MCUP_UNROLL
    for (int32_t k = 0; k < size; ++k) {
      const int8_t **pair = slots + (i * size + 2 * mcup_pair_weight(size, stride, k));
      pair[0] = (const int8_t *)a.pixel; /* NOLINT */
      pair[1] = (const int8_t *)b.pixel; /* NOLINT */
      a.pixel += a.step;
      b.pixel += b.step;
    }
  }
  const int8_t **last = slots + size * (size - 1) + 2;
  mcup_tap_run run = mcup_find_run(in, row + size - 1, start, channels, zero_row);
  MCUP_UNROLL
  for (int32_t k = 0; k < size; ++k, run.pixel += run.step) {
    last[k] = (const int8_t *)run.pixel; /* NOLINT */
  }
  if (col < 0 || col + size > in->cols) {
    mcup_place_outside(size, stride, -col, in->cols - col, zero_row, slots);
  }
}

/*
 * The kernel of `size` taps a side. `order`: the stride that the order of the weights is for; `zero_row`: whole words for
 * each channel, written where a tap lies outside.
 */
MCUP_ALWAYS_INLINE void mcup_depthwise_narrow(int32_t size, int32_t order, mcup_depthwise_output *loop,
                                              const mcup_packed_depthwise_params *params, const mcup_input *in,
                                              const mcup_output *out, int32_t pad_top, int32_t pad_left,
                                              int8_t *zero_row) {
  const int32_t channels = params->channels, stride_rows = params->stride_rows, stride_cols = params->stride_cols;
  const int32_t end_row = (out->rows - 1) * stride_rows - pad_top + size;
  const int32_t end_col = (out->cols - 1) * stride_cols - pad_left + size;
  mcup_narrow_output job;
  job.blocks = params->blocks;
  job.zero_point = params->output_zero_point;
  job.last_channel = channels - 4;
  job.taps[size * (size - 1)] = job.taps[size * (size - 1) + 1] = job.taps[size * size + 2] = NULL;
  if (pad_top > 0 || pad_left > 0 || end_row > in->rows || end_col > in->cols) {
    mcup_fill_words(zero_row, channels + 3, 0x01010101U * (uint8_t)params->input_zero_point);
  }
  MCUP_NO_UNROLL
  for (int32_t y = 0, row = -pad_top; y < out->rows; ++y, row += stride_rows) {
    job.bytes = mcup_out_row(out, y);
    MCUP_NO_UNROLL
    for (int32_t x = 0, col = -pad_left; x < out->cols; ++x, col += stride_cols, job.bytes += channels) {
      MCUP_FORGET(row); /* mostly there is one output: nothing is worth being found once for all */
      MCUP_FORGET(col);
      mcup_place_taps(size, order, in, row, col, channels, zero_row, job.taps);
      loop(&job);
      if (params->low > -128 || params->high < 127) {
        mcup_clamp_bytes(job.bytes, channels, params->low, params->high);
      }
    }
  }
}

#endif /* MCUPATCH_DEPTHWISE_NARROW_H */
