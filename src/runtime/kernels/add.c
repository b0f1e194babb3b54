/* Elementwise sum of two quantised operands, each possibly repeated along some sides. */
#include "mcupatch/broadcast.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/window.h"

static void add_pixel_fixed(const mcup_add_params *params, const int8_t *a, ptrdiff_t step_a, const int8_t *b,
                            ptrdiff_t step_b, int8_t *out) {
  /* Local copies: for all the compiler knows, a store to `out` may change what a pointer leads to. */
  const mcup_requant in = params->input_requant, sum = params->output_requant;
  const int32_t multiplier_a = in.multiplier[0], multiplier_b = in.multiplier[1], multiplier = sum.multiplier[0];
  const int32_t shift_a = in.shift[0], shift_b = in.shift[1], shift = sum.shift[0];
  const int32_t zero_point_a = params->zero_point_a, zero_point_b = params->zero_point_b;
  const int32_t left_shift = params->left_shift, channels = params->channels;
  MCUP_NO_UNROLL
  for (int32_t c = 0; c < channels; ++c) {
    const int32_t value_a = mcup_shift_left(a[c * step_a] - zero_point_a, left_shift);
    const int32_t value_b = mcup_shift_left(b[c * step_b] - zero_point_b, left_shift);
    const int32_t total = mcup_add_wrap(mcup_scale_fixed(value_a, multiplier_a, shift_a),
                                        mcup_scale_fixed(value_b, multiplier_b, shift_b));
    out[c] = mcup_store_fixed(mcup_scale_fixed(total, multiplier, shift), sum.zero_point, sum.low, sum.high);
  }
}

static void add_pixel_float(const mcup_add_params *params, const int8_t *a, ptrdiff_t step_a, const int8_t *b,
                            ptrdiff_t step_b, int8_t *out) {
  const mcup_requant sum = params->output_requant;
  const float ratio_a = params->input_requant.scale[0], ratio_b = params->input_requant.scale[1];
  const float offset = params->offset;
  const int32_t zero_point_a = params->zero_point_a, zero_point_b = params->zero_point_b;
  const int32_t channels = params->channels;
  MCUP_NO_UNROLL
  for (int32_t c = 0; c < channels; ++c) {
    const float scaled_b = mcup_fma_small(b[c * step_b] - zero_point_b, ratio_b, offset);
    const float total = mcup_fma_small(a[c * step_a] - zero_point_a, ratio_a, scaled_b);
    out[c] = mcup_store_even(total, sum.zero_point, sum.low, sum.high);
  }
}

void mcup_add(const mcup_add_params *params, mcup_input a, mcup_input b, mcup_output out) {
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
      if (params->input_requant.scale != NULL) {
        add_pixel_float(params, pixel_a, left.channel_step, pixel_b, right.channel_step, pixel);
      } else {
        add_pixel_fixed(params, pixel_a, left.channel_step, pixel_b, right.channel_step, pixel);
      }
    }
  }
}
