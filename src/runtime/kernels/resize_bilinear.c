/* Bilinear resize: the weighted mean of four input pixels. */
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/round_float.h"
#include "mcupatch/window.h"

/* Upper left, upper right, lower left, lower right. */
typedef struct {
  const int8_t *pixel[4];
} corners;

static void write_fixed(const corners *from, const int32_t *row_weight, const int32_t *col_weight, int32_t channels,
                        int8_t *out) {
  const int8_t *p0 = from->pixel[0], *p1 = from->pixel[1], *p2 = from->pixel[2], *p3 = from->pixel[3];
  /* In 1 / 2**20: the weights of an axis add up to 1024. */
  const int32_t w0 = row_weight[0] * col_weight[0], w1 = row_weight[0] * col_weight[1];
  const int32_t w2 = row_weight[1] * col_weight[0], w3 = row_weight[1] * col_weight[1];
  MCUP_NO_UNROLL
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t sum = p0[c] * w0 + p1[c] * w1 + p2[c] * w2 + p3[c] * w3;
    out[c] = (int8_t)mcup_saturate8((sum + (sum >> 31) + (1 << 19)) >> 20); /* half away from zero */
  }
}

/* Real values, in this order of float32 operations. */
static void write_float(const mcup_resize_bilinear_params *params, const corners *from, const float *row_weight,
                        const float *col_weight, int8_t *out) {
  const corners at = *from;
  const int32_t channels = params->channels;
  const int32_t input_zero_point = params->input_zero_point, output_zero_point = params->output_zero_point;
  const float input_scale = params->input_scale, output_scale = params->output_scale;
  const float weights[4] = {row_weight[0] * col_weight[0], row_weight[0] * col_weight[1], row_weight[1] * col_weight[0],
                            row_weight[1] * col_weight[1]};
  MCUP_NO_UNROLL
  for (int32_t c = 0; c < channels; ++c) {
    float sum = 0.0F;
    MCUP_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
      const float real = (float)(at.pixel[i][c] - input_zero_point) * input_scale;
      const float term = real * weights[i];
      sum = sum + term;
    }
    const int32_t whole = mcup_round_even_within(sum / output_scale);
    out[c] = (int8_t)mcup_saturate8(mcup_add_saturated(whole, output_zero_point));
  }
}

void mcup_resize_bilinear(const mcup_resize_bilinear_params *params, const mcup_input *in, const mcup_output *out) {
  for (int32_t y = 0; y < out->rows; ++y) {
    const int8_t *const rows[2] = {mcup_in_row(in, params->row_index[2 * y]),
                                   mcup_in_row(in, params->row_index[2 * y + 1])};
    for (int32_t x = 0; x < out->cols; ++x) {
      int8_t *target = mcup_out_row(out, y) + (ptrdiff_t)x * params->channels;
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
