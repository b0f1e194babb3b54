/* Elementwise sum of two quantised operands, each possibly repeated along some sides. */
#include "mcupatch/broadcast.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

static int8_t add_fixed(const mcup_add_params *params, int32_t a, int32_t b) {
  const mcup_requant *in = &params->input_requant, *out = &params->output_requant;
  const int32_t scaled_a = mcup_scale_fixed(mcup_shift_left(a, params->left_shift), in->multiplier[0], in->shift[0]);
  const int32_t scaled_b = mcup_scale_fixed(mcup_shift_left(b, params->left_shift), in->multiplier[1], in->shift[1]);
  const int32_t sum = mcup_scale_fixed(mcup_add_wrap(scaled_a, scaled_b), out->multiplier[0], out->shift[0]);
  return mcup_store_fixed(sum, out->zero_point, out->low, out->high);
}

static int8_t add_float(const mcup_add_params *params, int32_t a, int32_t b) {
  const mcup_requant *out = &params->output_requant;
  const float *ratio = params->input_requant.scale;
  const float sum = mcup_fma_small(a, ratio[0], mcup_fma_small(b, ratio[1], params->offset));
  return mcup_store_even(sum, out->zero_point, out->low, out->high);
}

void mcup_add(const mcup_add_params *params, mcup_input a, mcup_input b, mcup_output out) {
  const mcup_operand left = mcup_make_operand(&a, params->channels, params->a_repeats_rows, params->a_repeats_cols,
                                              params->a_repeats_channels);
  const mcup_operand right = mcup_make_operand(&b, params->channels, params->b_repeats_rows, params->b_repeats_cols,
                                               params->b_repeats_channels);
  const int32_t is_float = params->input_requant.scale != NULL;
  for (int32_t y = 0; y < out.rows; ++y) {
    for (int32_t x = 0; x < out.cols; ++x) {
      const int8_t *pixel_a = mcup_operand_pixel(&left, y, x);
      const int8_t *pixel_b = mcup_operand_pixel(&right, y, x);
      int8_t *pixel = mcup_out_row(&out, y) + (ptrdiff_t)x * params->channels;
      for (int32_t c = 0; c < params->channels; ++c) {
        const int32_t value_a = pixel_a[c * left.channel_step] - params->zero_point_a;
        const int32_t value_b = pixel_b[c * right.channel_step] - params->zero_point_b;
        pixel[c] = is_float ? add_float(params, value_a, value_b) : add_fixed(params, value_a, value_b);
      }
    }
  }
}
