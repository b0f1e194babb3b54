/* Bilinear resize: the weighted mean of four input pixels. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

/* Upper left, upper right, lower left, lower right. */
typedef struct {
  const int8_t *pixel[4];
} corners;

static void write_fixed(const corners *from, const int32_t *row_weight, const int32_t *col_weight, int32_t channels,
                        int8_t *out) {
  for (int32_t c = 0; c < channels; ++c) {
    int32_t sum = 0; /* in 1 / 2**20: the weights of an axis add up to 1024 */
    for (int32_t i = 0; i < 4; ++i) {
      sum += from->pixel[i][c] * (row_weight[i / 2] * col_weight[i % 2]);
    }
    const int32_t half = 1 << 19;
    out[c] = (int8_t)mcup_clamp((sum < 0 ? sum - half : sum + half) / (1 << 20), INT8_MIN, INT8_MAX);
  }
}

/* Real values, in this order of float32 operations. */
static void write_float(const mcup_resize_bilinear_params *params, const corners *from, const float *row_weight,
                        const float *col_weight, int8_t *out) {
  for (int32_t c = 0; c < params->channels; ++c) {
    float sum = 0.0F;
    for (int32_t i = 0; i < 4; ++i) {
      const float weight = row_weight[i / 2] * col_weight[i % 2];
      const float real = (float)(from->pixel[i][c] - params->input_zero_point) * params->input_scale;
      const float term = real * weight;
      sum = sum + term;
    }
    out[c] = mcup_store_even(sum / params->output_scale, params->output_zero_point, INT8_MIN, INT8_MAX);
  }
}

void mcup_resize_bilinear(const mcup_resize_bilinear_params *params, mcup_input in, mcup_output out) {
  for (int32_t y = 0; y < out.rows; ++y) {
    const int8_t *const rows[2] = {mcup_in_row(&in, params->row_index[2 * y]),
                                   mcup_in_row(&in, params->row_index[2 * y + 1])};
    for (int32_t x = 0; x < out.cols; ++x) {
      int8_t *target = mcup_out_row(&out, y) + (ptrdiff_t)x * params->channels;
      corners from;
      for (int32_t i = 0; i < 4; ++i) {
        from.pixel[i] = rows[i / 2] + (ptrdiff_t)params->col_index[2 * x + i % 2] * params->channels;
      }
      if (params->row_weight_fixed != NULL) {
        write_fixed(&from, params->row_weight_fixed + 2 * (ptrdiff_t)y, params->col_weight_fixed + 2 * (ptrdiff_t)x,
                    params->channels, target);
      } else {
        write_float(params, &from, params->row_weight_float + 2 * (ptrdiff_t)y,
                    params->col_weight_float + 2 * (ptrdiff_t)x, target);
      }
    }
  }
}
