/* Rows that stay while a window moves on. */
#include <string.h>

#include "mcupatch/kernels.h"

void mcup_move(int32_t rows, int32_t row_bytes, const void *source, int32_t source_stride, void *target,
               int32_t target_stride) {
  if (source_stride == row_bytes && target_stride == row_bytes) {
    memmove(target, source, (size_t)rows * (size_t)row_bytes);
    return;
  }
  for (int32_t y = 0; y < rows; ++y) {
    memmove((int8_t *)target + (ptrdiff_t)y * target_stride, (const int8_t *)source + (ptrdiff_t)y * source_stride,
            (size_t)row_bytes);
  }
}
