/*
 * Depthwise convolution of narrow windows, for the kernels of depthwise.h: straight from the input, row by row. Tight
 * schedules make thousands of calls for one row of a few channels, so that what comes before the loop over the channels
 * counts: it is written into each kernel.
 */
#ifndef MCUPATCH_DEPTHWISE_NARROW_H
#define MCUPATCH_DEPTHWISE_NARROW_H

#include "mcupatch/depthwise.h"
#include "mcupatch/window.h"

/* The kernel of `size` taps a side. `scratch`: whole words for each channel. */
MCUP_ALWAYS_INLINE void mcup_depthwise_narrow(int32_t size, const mcup_depthwise_loops *loops,
                                              const mcup_packed_depthwise_params *params, const mcup_input *in,
                                              const mcup_output *out, int32_t pad_top, int32_t pad_left,
                                              void *scratch) {
  mcup_narrow_loop *loop = out->cols == 2 ? loops->two : loops->one;
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
  job.col = -pad_left;
  job.zero_row = (const int8_t *)scratch;
  job.outside = pad_left > 0 || end_col > in->cols;
  if (job.outside || pad_top > 0 || end_row > in->rows) {
    mcup_fill_words(scratch, params->channels + 3, 0x01010101U * (uint8_t)params->input_zero_point);
  }
  MCUP_NO_UNROLL
  for (int32_t y = 0; y < out->rows; ++y, job.row += params->stride_rows) {
    job.bytes = mcup_out_row(out, y);
    loop(&job);
    if (params->low > -128 || params->high < 127) {
      mcup_clamp_bytes(job.bytes, out->cols * params->channels, params->low, params->high);
    }
  }
}

#endif /* MCUPATCH_DEPTHWISE_NARROW_H */
