/* Max pooling over the positions inside the tensor. */
#include "mcupatch/bytes.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

/* out[c] = the largest of itself and `count` pixels, each `step` bytes after the one before. */
static void raise_pixel(const int8_t *bytes, ptrdiff_t step, int32_t count, int32_t channels, int8_t *out) {
  int32_t c = 0;
#if MCUP_DSP
  MCUP_NO_UNROLL
  for (; c + 4 <= channels; c += 4) {
    const int8_t *pixel = bytes + c;
    int32_t largest = mcup_load4(out + c);
    MCUP_NO_UNROLL
    for (int32_t i = 0; i < count; ++i, pixel += step) {
      largest = mcup_max4(largest, mcup_load4(pixel));
    }
    mcup_store4(out + c, largest);
  }
#endif
  MCUP_NO_UNROLL
  for (; c < channels; ++c) {
    const int8_t *pixel = bytes + c;
    int32_t largest = out[c];
    MCUP_NO_UNROLL
    for (int32_t i = 0; i < count; ++i, pixel += step) {
      largest = *pixel > largest ? *pixel : largest;
    }
    out[c] = (int8_t)largest;
  }
}

void mcup_max_pool2d(const mcup_pool_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top,
                     int32_t pad_left) {
  const int32_t channels = params->channels, row_bytes = out->cols * channels;
  const ptrdiff_t step = (ptrdiff_t)params->dilation_cols * channels;
  for (int32_t y = 0; y < out->rows; ++y) {
    int8_t *target = mcup_out_row(out, y);
    memset(target, INT8_MIN, (size_t)row_bytes);
    const int32_t start_row = y * params->stride_rows - pad_top;
    const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, params->dilation_rows, in->rows);
    for (int32_t ky = rows.first; ky < rows.last; ++ky) {
      const int8_t *source = mcup_in_row(in, start_row + ky * params->dilation_rows);
      for (int32_t x = 0; x < out->cols; ++x) {
        const int32_t start_col = x * params->stride_cols - pad_left;
        const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in->cols);
        const int8_t *first = source + (ptrdiff_t)start_col * channels + cols.first * step;
        raise_pixel(first, step, cols.last - cols.first, channels, target + (ptrdiff_t)x * channels);
      }
    }
    mcup_clamp_bytes(target, row_bytes, params->low, params->high);
  }
}
