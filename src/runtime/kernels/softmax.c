/* Softmax over the last axis with a table of exponentials: gemmlowp fixed point, or float32. */
#include "mcupatch/kernels.h"
#include "mcupatch/requant.h"

enum { SUM_INTEGER_BITS = 12 }; /* the sum of exponentials is Q12.19 */

static int32_t find_largest(const int8_t *values, int32_t count) {
  int32_t largest = INT8_MIN;
  for (int32_t i = 0; i < count; ++i) {
    largest = values[i] > largest ? values[i] : largest;
  }
  return largest;
}

static int32_t saturate(int64_t value) {
  return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

static int32_t count_leading_zeros(uint32_t value) {
  int32_t zeros = 0;
  while (zeros < 32 && (value >> (31 - zeros)) == 0) {
    ++zeros;
  }
  return zeros;
}

/* 1 / scaled by three Newton steps, Q0.31; `scaled` is the sum shifted left until its top bit is set, in [1, 2). */
static int32_t find_reciprocal(uint32_t scaled) {
  const int32_t half = (int32_t)(scaled >> 1);                        /* Q0.31 */
  int32_t x = 1515870810 + mcup_doubling_high_mul(half, -1010580540); /* 48/17 - 32/17 * half, Q2.29 */
  for (int32_t i = 0; i < 3; ++i) {
    const int32_t error = ((int32_t)1 << 29) - mcup_doubling_high_mul(half, x);
    x = mcup_add_wrap(x, saturate((int64_t)mcup_doubling_high_mul(x, error) * 4)); /* the product is Q4.27 */
  }
  return saturate((int64_t)x * 2);
}

static void write_row_fixed(const mcup_softmax_params *params, const int8_t *in, int32_t offset, int8_t *out) {
  uint32_t sum = 0;
  for (int32_t i = 0; i < params->channels; ++i) {
    sum += (uint32_t)mcup_rounding_divide_by_power(params->table_fixed[offset + in[i]], SUM_INTEGER_BITS);
  }
  const int32_t zeros = count_leading_zeros(sum);
  const int32_t reciprocal = find_reciprocal(zeros < 32 ? sum << zeros : 0);
  const int32_t exponent = SUM_INTEGER_BITS - zeros + 31 - 8; /* to 1/256 */
  for (int32_t i = 0; i < params->channels; ++i) {
    const int32_t product = mcup_doubling_high_mul(reciprocal, params->table_fixed[offset + in[i]]);
    const int32_t quotient = exponent > 32 ? 0 : mcup_rounding_divide_by_power(product, exponent);
    out[i] = mcup_store_fixed(quotient, INT8_MIN, INT8_MIN, INT8_MAX);
  }
}

static void write_row_float(const mcup_softmax_params *params, const int8_t *in, int32_t offset, int8_t *out) {
  float sum = 0.0F;
  for (int32_t i = 0; i < params->channels; ++i) { /* in this order: float sums depend on it */
    sum = sum + params->table_float[offset + in[i]];
  }
  for (int32_t i = 0; i < params->channels; ++i) {
    const float quotient = params->table_float[offset + in[i]] * params->output_scale / sum;
    out[i] = mcup_store_even(quotient, params->output_zero_point, INT8_MIN, INT8_MAX);
  }
}

void mcup_softmax(const mcup_softmax_params *params, const int8_t *in, int8_t *out) {
  for (int32_t row = 0; row < params->rows; ++row) {
    const int8_t *values = in + (ptrdiff_t)row * params->channels;
    int8_t *target = out + (ptrdiff_t)row * params->channels;
    const int32_t offset = 255 - find_largest(values, params->channels); /* a value's entry is offset + value */
    if (params->table_fixed != NULL) {
      write_row_fixed(params, values, offset, target);
    } else {
      write_row_float(params, values, offset, target);
    }
  }
}
