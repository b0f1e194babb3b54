/* One pixel, from the colours of cameras and files to what a network reads. */
#ifndef MCUPATCH_PIXELS_H
#define MCUPATCH_PIXELS_H

#include "mcupatch/rows/row_shape.h"

#include <stdint.h>

static inline int32_t mcup_clamp_byte(int32_t value) {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* Writes red, green, blue (0..255), or their luma 0.299 R + 0.587 G + 0.114 B; returns where the next pixel goes. */
static inline uint8_t *mcup_put_rgb(uint8_t *target, const mcup_row_shape *shape, int32_t r, int32_t g, int32_t b) {
  if (shape->channels == 1) {
    *target = (uint8_t)(((19595 * r + 38470 * g + 7471 * b + 32768) >> 16) - shape->zero);
    return target + 1;
  }
  target[0] = (uint8_t)(r - shape->zero);
  target[1] = (uint8_t)(g - shape->zero);
  target[2] = (uint8_t)(b - shape->zero);
  return target + 3;
}

/* The same for luma and the two colour differences of BT.601, full range; luma itself for one channel. */
static inline uint8_t *mcup_put_ycc(uint8_t *target, const mcup_row_shape *shape, int32_t y, int32_t cb, int32_t cr) {
  if (shape->channels == 1) {
    *target = (uint8_t)(y - shape->zero);
    return target + 1;
  }
  cb -= 128;
  cr -= 128;
  const int32_t r = mcup_clamp_byte(y + ((91881 * cr + 32768) >> 16));               /* 1.402 */
  const int32_t g = mcup_clamp_byte(y + ((-22554 * cb - 46802 * cr + 32768) >> 16)); /* 0.344136, 0.714136 */
  const int32_t b = mcup_clamp_byte(y + ((116130 * cb + 32768) >> 16));              /* 1.772 */
  return mcup_put_rgb(target, shape, r, g, b);
}

#endif
