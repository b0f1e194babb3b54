/*
 * Depthwise convolution of narrow windows, for the kernels of depthwise.h: straight from the input, the one or two
 * outputs of a row at once. Tight schedules make thousands of calls for so few pixels, so that what comes before the loop
 * over the channels counts: with the size as a constant it is a list of addresses.
 */
#ifndef MCUPATCH_DEPTHWISE_NARROW_H
#define MCUPATCH_DEPTHWISE_NARROW_H

#include "mcupatch/depthwise.h"
#include "mcupatch/window.h"

/* Pixels that a row's taps lie in, see mcup_narrow_row: two outputs share them, and three more fill groups. */
#define MCUP_NARROW_TAPS(size) (((size) + 2) * (size) + 3)

/* Taps of a row: the first one and how far the next one lies. It may lie beside the row: then nobody reads it. */
typedef struct {
  uintptr_t pixel;
  uintptr_t step;
} mcup_tap_run;

/* From byte `start` of row `row` on. */
MCUP_ALWAYS_INLINE mcup_tap_run mcup_find_run(const mcup_input *in, int32_t row, uintptr_t start, int32_t channels,
                                              const int8_t *zero_row) {
  mcup_tap_run run = {(uintptr_t)zero_row, 0};
  if ((uint32_t)row < (uint32_t)in->rows) {
    run.pixel = (uintptr_t)mcup_in_row(in, row) + start;
    run.step = (uintptr_t)channels;
  }
  return run;
}

MCUP_ALWAYS_INLINE const int8_t *mcup_take_tap(mcup_tap_run *run) {
  const uintptr_t pixel = run->pixel;
  run->pixel += run->step;
  return (const int8_t *)pixel; /* NOLINT */
}

/* The columns [first, last) of two rows, side by side. */
MCUP_ALWAYS_INLINE void mcup_place_pairs(int32_t first, int32_t last, mcup_tap_run *a, mcup_tap_run *b,
                                         const int8_t **slots) {
  MCUP_UNROLL
  for (int32_t k = first; k < last; ++k) {
    slots[2 * k] = mcup_take_tap(a);
    slots[2 * k + 1] = mcup_take_tap(b);
  }
}

/*
 * `cols` columns of taps, the first one at input position (row, col). Two columns more than one output has are always
 * placed, which costs less than to ask: what comes behind a row's columns overwrites those that are too many.
 */
MCUP_ALWAYS_INLINE void mcup_place_taps(int32_t size, const mcup_input *in, int32_t row, int32_t col, int32_t cols,
                                        int32_t channels, const int8_t *zero_row, const int8_t **slots) {
  const uintptr_t start = (uintptr_t)(intptr_t)col * (uintptr_t)channels;
  const int8_t **next = slots;
  for (int32_t i = 0; i < size - 1; i += 2, next += (ptrdiff_t)2 * cols) {
    mcup_tap_run a = mcup_find_run(in, row + i, start, channels, zero_row);
    mcup_tap_run b = mcup_find_run(in, row + i + 1, start, channels, zero_row);
    mcup_place_pairs(0, size, &a, &b, next);
    mcup_place_pairs(size, size + 2, &a, &b, next);
  }
  mcup_tap_run last = mcup_find_run(in, row + size - 1, start, channels, zero_row);
  MCUP_UNROLL
  for (int32_t k = 0; k < size; ++k) {
    next[k] = mcup_take_tap(&last);
  }
  next[size] = mcup_take_tap(&last);
  next[size + 1] = mcup_take_tap(&last);
  next[cols] = next[cols + 1] = next[cols + 2] = zero_row;
  if (col < 0 || col + cols > in->cols) {
    mcup_place_outside(size, cols, -col, in->cols - col, zero_row, slots);
  }
}

/*
 * The kernel of `size` taps a side. `zero_row`: whole words for each channel, written where a tap lies outside.
 * `slots`: MCUP_NARROW_TAPS(size) of them.
 */
MCUP_ALWAYS_INLINE void mcup_depthwise_narrow(int32_t size, const mcup_depthwise_loops *loops,
                                              const mcup_packed_depthwise_params *params, const mcup_input *in,
                                              const mcup_output *out, int32_t pad_top, int32_t pad_left,
                                              int8_t *zero_row, const int8_t **slots) {
  const int32_t channels = params->channels, stride_rows = params->stride_rows;
  const int32_t end_row = (out->rows - 1) * stride_rows - pad_top + size;
  const int32_t cols = (out->cols - 1) * params->stride_cols + size;
  mcup_narrow_loop *loop = out->cols == 2 ? loops->two : loops->one;
  mcup_narrow_row job;
  if (out->cols < 1) {
    return;
  }
  job.blocks = params->blocks;
  job.zero_point = params->output_zero_point;
  job.channels = channels;
  job.taps = slots;
  if (pad_top > 0 || pad_left > 0 || end_row > in->rows || cols - pad_left > in->cols) {
    mcup_fill_words(zero_row, channels + 3, 0x01010101U * (uint8_t)params->input_zero_point);
  }
  MCUP_NO_UNROLL
  for (int32_t y = 0, row = -pad_top; y < out->rows; ++y, row += stride_rows) {
    MCUP_FORGET(row); /* mostly there is one row: nothing is worth being found once for all */
    mcup_place_taps(size, in, row, -pad_left, cols, channels, zero_row, slots);
    job.bytes = mcup_out_row(out, y);
    loop(&job);
    if (params->low > -128 || params->high < 127) {
      mcup_clamp_bytes(job.bytes, out->cols * channels, params->low, params->high);
    }
  }
}

#endif /* MCUPATCH_DEPTHWISE_NARROW_H */
