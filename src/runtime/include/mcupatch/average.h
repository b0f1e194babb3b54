/* From the sum over the positions of a pool to the stored mean. */
#ifndef MCUPATCH_AVERAGE_H
#define MCUPATCH_AVERAGE_H

#include "mcupatch/requant.h"

/* numerator / denominator, halves away from zero; denominator > 0. */
static inline int32_t mcup_divide_half_away(int32_t numerator, int32_t denominator) {
  const int32_t half = denominator / 2;
  return (numerator < 0 ? numerator - half : numerator + half) / denominator;
}

/* numerator / denominator, halves up. */
static inline int32_t mcup_divide_half_up(int32_t numerator, int32_t denominator) {
  const int32_t raised = numerator + denominator / 2;
  return raised / denominator - (raised % denominator < 0);
}

/* The mean of int8 values from their sum: int8 again. `rounding_up`: see AvgPool2D. */
static inline int8_t mcup_average_stored(int32_t rounding_up, int32_t sum, int32_t count) {
  return (int8_t)(rounding_up ? mcup_divide_half_up(sum, count) : mcup_divide_half_away(sum, count));
}

/* One step of a sum of real values, in this order of float32 operations. */
static inline float mcup_add_real(const mcup_pool_params *params, float sum, int32_t value) {
  const float real = (float)(value - params->input_zero_point) * params->scale[0];
  return sum + real;
}

static inline int8_t mcup_average_real(const mcup_pool_params *params, float sum, int32_t count) {
  const float quotient = sum / (float)count / params->scale[1];
  return mcup_store_even(quotient + params->offset, params->output_zero_point, params->low, params->high);
}

#endif /* MCUPATCH_AVERAGE_H */
