/* Depthwise convolution of narrow windows: what all sizes share. */
#include "mcupatch/depthwise_narrow.h"

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
