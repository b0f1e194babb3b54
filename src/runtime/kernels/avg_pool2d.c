/* Average pooling over the positions inside the tensor (or over the whole kernel). */
#include "mcupatch/average.h"
#include "mcupatch/kernels.h"
#include "mcupatch/window.h"

/* The part of one output pixel's kernel that lies inside the window. */
typedef struct {
  const mcup_input *in;
  int32_t first_row;    /* unused where nothing is inside */
  ptrdiff_t first_byte; /* of the first position in its row */
  int32_t rows;
  int32_t cols;
  int32_t count; /* what the sum is divided by */
} positions;

static positions find_positions(const mcup_pool_params *params, const mcup_input *in, int32_t start_row,
                                int32_t start_col) {
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, 1, in->rows);
  const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, 1, in->cols);
  positions inside = {in, start_row + rows.first, 0, rows.last - rows.first, cols.last - cols.first, 0};
  inside.first_byte = (ptrdiff_t)(start_col + cols.first) * params->channels;
  if (inside.cols == 0) {
    inside.rows = 0;
  }
  inside.count = params->count_include_pad ? params->kernel_rows * params->kernel_cols : inside.rows * inside.cols;
  if (inside.count == 0) { /* nothing inside has no mean: the sum is 0 and stays 0 */
    inside.count = 1;
  }
  return inside;
}

static int8_t average_stored(const mcup_pool_params *params, const positions *inside, int32_t channel) {
  int32_t sum = 0;
  for (int32_t ky = 0; ky < inside->rows; ++ky) {
    const int8_t *row = mcup_in_row(inside->in, inside->first_row + ky) + inside->first_byte + channel;
    for (int32_t kx = 0; kx < inside->cols; ++kx) {
      sum += row[(ptrdiff_t)kx * params->channels];
    }
  }
  return mcup_average_stored(params, sum, inside->count);
}

static int8_t average_real(const mcup_pool_params *params, const positions *inside, int32_t channel) {
  float sum = 0.0F;
  for (int32_t ky = 0; ky < inside->rows; ++ky) {
    const int8_t *row = mcup_in_row(inside->in, inside->first_row + ky) + inside->first_byte + channel;
    for (int32_t kx = 0; kx < inside->cols; ++kx) {
      sum = mcup_add_real(params, sum, row[(ptrdiff_t)kx * params->channels]);
    }
  }
  return mcup_average_real(params, sum, inside->count);
}

void mcup_avg_pool2d(const mcup_pool_params *params, mcup_input in, mcup_output out, int32_t pad_top,
                     int32_t pad_left) {
  for (int32_t y = 0; y < out.rows; ++y) {
    for (int32_t x = 0; x < out.cols; ++x) {
      const positions inside =
          find_positions(params, &in, y * params->stride_rows - pad_top, x * params->stride_cols - pad_left);
      int8_t *pixel = mcup_out_row(&out, y) + (ptrdiff_t)x * params->channels;
      for (int32_t c = 0; c < params->channels; ++c) {
        pixel[c] = params->scale != NULL ? average_real(params, &inside, c) : average_stored(params, &inside, c);
      }
    }
  }
}
