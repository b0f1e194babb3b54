/* From an int32 accumulator to a stored int8 value, in every rounding. The oracle is ir/reference.py. */
#ifndef MCUPATCH_REQUANT_H
#define MCUPATCH_REQUANT_H

#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"
#include "mcupatch/round_float.h"

/*
 * High half of 2 * a * b, rounded half up (gemmlowp's SaturatingRoundingDoublingHighMul). Not both -2**31; with one
 * factor above -2**31 the result is above -2**31 too.
 */
static inline int32_t mcup_doubling_high_mul(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/*
 * value / 2**exponent, rounded half away from zero (gemmlowp's RoundingDivideByPOT); exponent in [1, 32],
 * value above -2**31. One less below zero turns half away from zero into half up, and the last bit shifted out is
 * the half.
 */
static inline int32_t mcup_rounding_divide_by_power(int32_t value, int32_t exponent) {
  const int32_t doubled = (value + (value >> 31)) >> (exponent - 1);
  return (doubled >> 1) + (doubled & 1);
}

/* value * multiplier * 2**(shift - 31), rounded twice. */
static inline int32_t mcup_scale_fixed(int32_t value, int32_t multiplier, int32_t shift) {
  if (shift >= 0) {
    return mcup_doubling_high_mul(mcup_shift_left(value, shift), multiplier);
  }
  return mcup_rounding_divide_by_power(mcup_doubling_high_mul(value, multiplier), -shift);
}

/* Bits up to the highest one that is set; value is not 0. */
static inline int32_t mcup_count_bits(uint64_t value) {
#if defined(__GNUC__)
  return 64 - __builtin_clzll(value);
#else
  int32_t bits = 0;
  for (; value != 0; value >>= 1) {
    ++bits;
  }
  return bits;
#endif
}

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

/* A scaled whole number to the stored value. Clamped before the zero point is added, so the sum cannot
 * overflow. */
static inline int8_t mcup_store_fixed(int32_t scaled, int32_t zero_point, int32_t low, int32_t high) {
  return (int8_t)(zero_point + mcup_clamp(scaled, low - zero_point, high - zero_point));
}

/* A real number to the stored value: half to even, then zero point and clamp. */
static inline int8_t mcup_store_even(float real, int32_t zero_point, int32_t low, int32_t high) {
  return mcup_store_fixed(mcup_round_even_within(real), zero_point, low, high);
}

static inline int8_t mcup_requantize(const mcup_requant *requant, int32_t channel, int32_t value) {
  const int32_t i = requant->per_channel ? channel : 0;
  if (requant->scale != NULL) {
    return mcup_store_even((float)value * requant->scale[i], requant->zero_point, requant->low, requant->high);
  }
  if (requant->scale_double != NULL) {
    return mcup_store_fixed(mcup_scale_double(value, &requant->scale_double[i]), requant->zero_point, requant->low,
                            requant->high);
  }
  return mcup_store_fixed(mcup_scale_fixed(value, requant->multiplier[i], requant->shift[i]), requant->zero_point,
                          requant->low, requant->high);
}

/*
 * out[i] from sums[i] of output channel `first + i`, i in [0, count). The convolutions collect sums before they
 * come here: what is the same for all channels is then read once.
 */
static inline void mcup_requantize_run(const mcup_requant *requant, int32_t first, const int32_t *sums, int32_t count,
                                       int8_t *out) {
  if (requant->multiplier == NULL) {
    for (int32_t i = 0; i < count; ++i) {
      out[i] = mcup_requantize(requant, first + i, sums[i]);
    }
    return;
  }
  const int32_t step = requant->per_channel ? 1 : 0;
  const int32_t zero_point = requant->zero_point, low = requant->low, high = requant->high;
  const int32_t *multiplier = requant->multiplier + step * first;
  const int32_t *shift = requant->shift + step * first;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i) {
    out[i] = mcup_store_fixed(mcup_scale_fixed(sums[i], *multiplier, *shift), zero_point, low, high);
    multiplier += step;
    shift += step;
  }
}

#endif /* MCUPATCH_REQUANT_H */
