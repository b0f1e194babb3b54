/* Max pooling over the positions inside the tensor. */
#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

static void write_pixel(const mcup_pool_params *params, const mcup_input *in, int32_t start_row, mcup_taps rows,
                        int32_t start_col, mcup_taps cols, int8_t *out) {
  for (int32_t c = 0; c < params->channels; ++c) {
    int32_t largest = INT8_MIN;
    for (int32_t ky = rows.first; ky < rows.last; ++ky) {
      const int8_t *row = mcup_in_row(in, start_row + ky * params->dilation_rows) + c;
      for (int32_t kx = cols.first; kx < cols.last; ++kx) {
        const int32_t value = row[(ptrdiff_t)(start_col + kx * params->dilation_cols) * params->channels];
        largest = value > largest ? value : largest;
      }
    }
    out[c] = (int8_t)mcup_clamp(largest, params->low, params->high);
  }
}

void mcup_max_pool2d(const mcup_pool_params *params, mcup_input in, mcup_output out, int32_t pad_top,
                     int32_t pad_left) {
  for (int32_t y = 0; y < out.rows; ++y) {
    const int32_t start_row = y * params->stride_rows - pad_top;
    const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, params->dilation_rows, in.rows);
    for (int32_t x = 0; x < out.cols; ++x) {
      const int32_t start_col = x * params->stride_cols - pad_left;
      const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, params->dilation_cols, in.cols);
      write_pixel(params, &in, start_row, rows, start_col, cols,
                  mcup_out_row(&out, y) + (ptrdiff_t)x * params->channels);
    }
  }
}
