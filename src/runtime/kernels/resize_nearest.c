/* Nearest-neighbour resize: every output pixel copies one input pixel. */
#include <string.h>

#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

void mcup_resize_nearest(int32_t channels, const int32_t *row_index, const int32_t *col_index, const mcup_input *in,
                         const mcup_output *out) {
  for (int32_t y = 0; y < out->rows; ++y) {
    const int8_t *row = mcup_in_row(in, row_index[y]);
    int8_t *target = mcup_out_row(out, y);
    for (int32_t x = 0; x < out->cols; ++x) {
      const int8_t *source = row + (ptrdiff_t)col_index[x] * channels;
      memmove(target + (ptrdiff_t)x * channels, source, (size_t)channels);
    }
  }
}
