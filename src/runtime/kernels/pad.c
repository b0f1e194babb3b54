/* Constant padding of rows and columns. */
#include <string.h>

#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

void mcup_pad(int32_t channels, int8_t value, const mcup_input *in, const mcup_output *out, int32_t pad_top,
              int32_t pad_left) {
  /* Output columns [first, last) come from the input. */
  const int32_t first = mcup_clamp(pad_left, 0, out->cols);
  const int32_t last = mcup_clamp(pad_left + in->cols, first, out->cols);
  for (int32_t y = 0; y < out->rows; ++y) {
    int8_t *target = mcup_out_row(out, y);
    const int32_t row = y - pad_top;
    if (row < 0 || row >= in->rows || first == last) {
      memset(target, value, (size_t)out->cols * (size_t)channels);
      continue;
    }
    int8_t *middle = target + (ptrdiff_t)first * channels;
    int8_t *right = target + (ptrdiff_t)last * channels;
    memmove(middle, mcup_in_pixel(in, row, first - pad_left, channels), (size_t)(right - middle));
    memset(target, value, (size_t)(middle - target));
    memset(right, value, (size_t)(out->cols - last) * (size_t)channels);
  }
}
