/* Pixels of windows, and which taps of a kernel fall inside one. */
#ifndef MCUPATCH_WINDOW_H
#define MCUPATCH_WINDOW_H

#include "mcupatch/kernels.h"

/* Half-open: taps [first, last) of one axis lie inside the window; first == last when none does. */
typedef struct {
  int32_t first;
  int32_t last;
} mcup_taps;

/* Tap k reads position start + k * dilation of an axis of `size` positions. Needs |start| <= 2**30. */
static inline mcup_taps mcup_clip_taps(int32_t start, int32_t count, int32_t dilation, int32_t size) {
  mcup_taps taps = {0, count};
  if (start < 0) { /* a division only at the border */
    taps.first = (-start - 1) / dilation + 1;
  }
  if (start + (count - 1) * dilation >= size) {
    taps.last = start < size ? (size - start - 1) / dilation + 1 : 0;
  }
  if (taps.last <= taps.first) {
    taps.first = taps.last = 0;
  }
  return taps;
}

/* Address of a row, which must lie inside the window. */
static inline const int8_t *mcup_in_row(const mcup_input *in, int32_t row) {
  if (row < in->upper_rows) {
    return (const int8_t *)in->data + (ptrdiff_t)row * in->row_stride;
  }
  return (const int8_t *)in->lower + (ptrdiff_t)(row - in->upper_rows) * in->lower_stride;
}

/* Address of pixel (row, col), which must lie inside the window. */
static inline const int8_t *mcup_in_pixel(const mcup_input *in, int32_t row, int32_t col, int32_t pixel_bytes) {
  return mcup_in_row(in, row) + (ptrdiff_t)col * pixel_bytes;
}

static inline int8_t *mcup_out_row(const mcup_output *out, int32_t row) {
  return (int8_t *)out->data + (ptrdiff_t)row * out->row_stride;
}

#endif /* MCUPATCH_WINDOW_H */
