/* Elementwise product of two quantised operands, each possibly repeated along some sides. */
#include "mcupatch/broadcast.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

static int8_t scale_product(const mcup_mul_params *params, int32_t product) {
  const mcup_requant *requant = &params->requant;
  if (requant->scale == NULL) {
    return mcup_requantize(requant, 0, product);
  }
  const float scaled = (float)product * requant->scale[0];
  return mcup_store_even(scaled + params->offset, requant->zero_point, requant->low, requant->high);
}

void mcup_mul(const mcup_mul_params *params, mcup_input a, mcup_input b, mcup_output out) {
  const mcup_operand left = mcup_make_operand(&a, params->channels, params->a_repeats_rows, params->a_repeats_cols,
                                              params->a_repeats_channels);
  const mcup_operand right = mcup_make_operand(&b, params->channels, params->b_repeats_rows, params->b_repeats_cols,
                                               params->b_repeats_channels);
  for (int32_t y = 0; y < out.rows; ++y) {
    const int8_t *row_a = mcup_operand_row(&left, y);
    const int8_t *row_b = mcup_operand_row(&right, y);
    for (int32_t x = 0; x < out.cols; ++x) {
      const int8_t *pixel_a = row_a + x * left.col_step;
      const int8_t *pixel_b = row_b + x * right.col_step;
      int8_t *pixel = mcup_out_row(&out, y) + (ptrdiff_t)x * params->channels;
      for (int32_t c = 0; c < params->channels; ++c) {
        const int32_t value_a = pixel_a[c * left.channel_step] - params->zero_point_a;
        const int32_t value_b = pixel_b[c * right.channel_step] - params->zero_point_b;
        pixel[c] = scale_product(params, value_a * value_b);
      }
    }
  }
}
