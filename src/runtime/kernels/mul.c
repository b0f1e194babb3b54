/* Elementwise product of two quantised operands, each possibly repeated along some sides. */
#include "mcupatch/broadcast.h"
#include "mcupatch/bytes.h"
#include "mcupatch/fixed_scale.h"
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"
#include "mcupatch/round_float.h"

static inline int8_t multiply(const mcup_mul_params *params, mcup_fixed_scale scale, int32_t a, int32_t b) {
  const int32_t product = (a - params->zero_point_a) * (b - params->zero_point_b);
  return (int8_t)mcup_saturate8(mcup_scale_and_add(scale, product, params->requant.zero_point));
}

/* The usual scales: a right shift. */
static void run_scaled(const void *context, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_mul_params params = *(const mcup_mul_params *)context;
  const mcup_fixed_scale scale = mcup_make_fixed_scale(params.requant.multiplier[0], params.requant.shift[0]);
  int32_t left = count;
  MCUP_NO_UNROLL
  for (; left >= 4; left -= 4) {
    MCUP_UNROLL
    for (int32_t i = 0; i < 4; ++i) {
      out[i] = multiply(&params, scale, a[i], b[i]);
    }
    mcup_step4(&a, &b, &out);
  }
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < left; ++i) {
    out[i] = multiply(&params, scale, a[i], b[i]);
  }
  mcup_clamp_bytes(out + left - count, count, params.requant.low, params.requant.high);
}

static void run_float(const void *context, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_mul_params *params = context;
  const mcup_requant requant = params->requant;
  const float scale = requant.scale[0], offset = params->offset;
  const int32_t zero_point_a = params->zero_point_a, zero_point_b = params->zero_point_b;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    const float scaled = (float)((a[i] - zero_point_a) * (b[i] - zero_point_b)) * scale;
    out[i] = (int8_t)mcup_saturate8(mcup_add_saturated(mcup_round_even_within(scaled + offset), requant.zero_point));
  }
  mcup_clamp_bytes(out, count, requant.low, requant.high);
}

/* Any multiplier and shift. */
static void run_fixed(const void *context, const int8_t *a, const int8_t *b, int8_t *out, int32_t count) {
  const mcup_mul_params *params = context;
  const mcup_requant *requant = &params->requant;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t product = (a[i] - params->zero_point_a) * (b[i] - params->zero_point_b);
    const int32_t scaled = mcup_scale_fixed(product, requant->multiplier[0], requant->shift[0]);
    out[i] = mcup_store_fixed(scaled, requant->zero_point, requant->low, requant->high);
  }
}

static mcup_binary_run *find_run(const mcup_requant *requant) {
  if (requant->scale != NULL) {
    return run_float;
  }
  return mcup_is_fixed_scale(requant->multiplier[0], requant->shift[0]) ? run_scaled : run_fixed;
}

MCUP_NO_INLINE static void walk_repeating(const mcup_mul_params *params, const mcup_input *a, const mcup_input *b,
                                          const mcup_output *out) {
  const mcup_operand left = mcup_make_operand(a, params->channels, params->a_repeats_rows, params->a_repeats_cols,
                                              params->a_repeats_channels);
  const mcup_operand right = mcup_make_operand(b, params->channels, params->b_repeats_rows, params->b_repeats_cols,
                                               params->b_repeats_channels);
  mcup_walk_runs(&left, &right, out, params->channels, find_run(&params->requant), params);
}

void mcup_mul(const mcup_mul_params *params, const mcup_input *a, const mcup_input *b, const mcup_output *out) {
  const int32_t repeats = params->a_repeats_rows | params->a_repeats_cols | params->a_repeats_channels |
                          params->b_repeats_rows | params->b_repeats_cols | params->b_repeats_channels;
  if (repeats) {
    walk_repeating(params, a, b, out);
  } else {
    mcup_walk_rows(a, b, out, out->cols * params->channels, find_run(&params->requant), params);
  }
}
