/* The rounding that LiteRT's reference kernel of a dense layer alone has: a product in float64. */
#ifndef MCUPATCH_SCALE_DOUBLE_H
#define MCUPATCH_SCALE_DOUBLE_H

#include "mcupatch/requant.h"

/*
 * mcup_scale_double from the upper 32 bits of the mantissa alone; -1 where the bits left out, or the rounding to a
 * double, could tell: close to a half. `magnitude` is the absolute value, the result that of the product.
 */
static inline int32_t mcup_scale_double_nearly(uint32_t magnitude, uint64_t scale_bits) {
  const uint32_t upper = (uint32_t)(scale_bits >> 32), mantissa = (uint32_t)(scale_bits >> 21) | 0x80000000U;
  const uint32_t right = 1022U - (upper >> 20); /* of the product's upper word */
  if (right < 2 || right > 30) {
    return -1;
  }
  const uint32_t product = (uint32_t)(((uint64_t)magnitude * mantissa) >> 32);
  const uint32_t raised = product + ((uint32_t)1 << (right - 1)), below = ((uint32_t)1 << right) - 1;
  const uint32_t fraction = raised & below;
  /* what is left out is less than 2 units of the upper word, and the other word one more */
  return fraction == 0 || fraction + 3 > below ? -1 : (int32_t)(raised >> right);
}

/*
 * round((double)value * scale), halves away from zero, as with IEEE double, in integers: few of the cores have double
 * in hardware. `scale` is 0.0 or a normal number that is not negative. What leaves int32 saturates.
 */
static inline int32_t mcup_scale_double(int32_t value, const double *scale) {
  const uint64_t magnitude = value < 0 ? (uint64_t)0 - (uint64_t)(int64_t)value : (uint64_t)value;
  uint64_t bits;
  MCUP_MEMCPY(&bits, scale, sizeof bits);
  const int32_t nearly = mcup_scale_double_nearly((uint32_t)magnitude, bits);
  if (nearly >= 0) {
    return value < 0 ? -nearly : nearly;
  }
  if (bits == 0 || magnitude == 0) {
    return 0;
  }
  /* scale = mantissa * 2**exponent with 53 bits; magnitude * mantissa = high * 2**32 + low of 53 to 85 bits */
  const uint64_t mantissa = (bits & (((uint64_t)1 << 52) - 1)) | ((uint64_t)1 << 52);
  const uint64_t low_product = magnitude * (mantissa & 0xFFFFFFFFU);
  const uint64_t high = magnitude * (mantissa >> 32) + (low_product >> 32);
  const uint64_t low = low_product & 0xFFFFFFFFU;
  /* to the 53 bits of a double, half to even */
  const int32_t extra = mcup_count_bits(high) - 21; /* [0, 32] */
  uint64_t product = (high << (32 - extra)) | (low >> extra);
  const uint64_t rest = low & (((uint64_t)1 << extra) - 1);
  const uint64_t half = ((uint64_t)1 << extra) >> 1;
  product += rest > half || (rest == half && extra > 0 && (product & 1) != 0);
  /* to a whole number, half away from zero */
  const int32_t right = 1075 - (int32_t)(bits >> 52) - extra;
  uint64_t whole = 0;
  if (right <= 0) {
    whole = INT32_MAX; /* 2**52 at least */
  } else if (right <= 54) {
    whole = (product + ((uint64_t)1 << (right - 1))) >> right;
  }
  const int32_t limited = whole > INT32_MAX ? INT32_MAX : (int32_t)whole;
  return value < 0 ? -limited : limited;
}

/* mcup_requantize_run in any rounding. */
static inline void mcup_requantize_layer(const mcup_requant *requant, int32_t first, const int32_t *sums, int32_t count,
                                         int8_t *out) {
  if (requant->scale_double == NULL) {
    mcup_requantize_run(requant, first, sums, count, out);
    return;
  }
  const int32_t step = requant->per_channel ? 1 : 0;
  const double *scale = requant->scale_double + step * first;
  for (int32_t i = 0; i < count; ++i, scale += step) {
    out[i] = mcup_store_fixed(mcup_scale_double(sums[i], scale), requant->zero_point, requant->low, requant->high);
  }
}

#endif /* MCUPATCH_SCALE_DOUBLE_H */
