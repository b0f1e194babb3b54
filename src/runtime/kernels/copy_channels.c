/* One input of a concatenation along channels. */
#include <string.h>

#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

void mcup_copy_channels(int32_t channels, int32_t first, int32_t out_channels, const int8_t *table,
                        const mcup_input *in, const mcup_output *out) {
  for (int32_t y = 0; y < out->rows; ++y) {
    const int8_t *row = mcup_in_row(in, y);
    for (int32_t x = 0; x < out->cols; ++x) {
      const int8_t *source = row + (ptrdiff_t)x * channels;
      int8_t *target = mcup_out_row(out, y) + (ptrdiff_t)x * out_channels + first;
      if (table == NULL) {
        memmove(target, source, (size_t)channels);
        continue;
      }
      for (int32_t c = 0; c < channels; ++c) {
        target[c] = table[source[c] + 128];
      }
    }
  }
}
