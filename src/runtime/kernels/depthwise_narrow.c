/* Depthwise convolution of narrow windows, for the kernels of depthwise.h: straight from the input, row by row. */
#include "mcupatch/depthwise.h"
#include "mcupatch/window.h"

#if MCUP_DEPTHWISE_ASM
#include "mcupatch/depthwise_asm.h"
#include "mcupatch/depthwise_narrow_asm.h"

__asm__("mcup_narrow_shared\n");
#endif

/* One row's, from `taps` on, each `step` behind the other. It may be that nobody reads those beside the row. */
static void place_run(const mcup_narrow_row *job, int32_t row, int32_t cols, int32_t step, const int8_t **taps) {
  uintptr_t pixel = (uintptr_t)job->zero_row, apart = 0;
  if ((uint32_t)row < (uint32_t)job->in->rows) {
    apart = (uintptr_t)job->channels;
    pixel = (uintptr_t)mcup_in_row(job->in, row) + (uintptr_t)(intptr_t)job->col * apart;
  }
  MCUP_NO_UNROLL
  for (int32_t k = 0; k < cols; ++k, pixel += apart, taps += step) {
    *taps = (const int8_t *)pixel; /* NOLINT */
  }
}

void mcup_narrow_place_taps(const mcup_narrow_row *job, const int8_t **taps, int32_t size, int32_t cols) {
  const int8_t **next = taps;
  for (int32_t i = 0; i < size - 1; i += 2, next += (ptrdiff_t)2 * cols) {
    place_run(job, job->row + i, cols, 2, next);
    place_run(job, job->row + i + 1, cols, 2, next + 1);
  }
  place_run(job, job->row + size - 1, cols, 1, next);
  if (job->outside) {
    mcup_narrow_place_outside(job, taps, size, cols);
  }
}

void mcup_narrow_place_outside(const mcup_narrow_row *job, const int8_t **taps, int32_t size, int32_t cols) {
  for (int32_t k = 0; k < cols; ++k) {
    if ((uint32_t)(job->col + k) >= (uint32_t)job->in->cols) {
      const int8_t **pair = taps + (ptrdiff_t)2 * k;
      MCUP_NO_UNROLL
      for (int32_t plane = 0; plane < size / 2; ++plane, pair += (ptrdiff_t)2 * cols) {
        pair[0] = pair[1] = job->zero_row;
      }
      taps[(size - 1) * cols + k] = job->zero_row;
    }
  }
}

void mcup_depthwise_narrow(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                           const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
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
