/* Camera rows of 5 bits red, 6 green and 5 blue. */
#include "mcupatch/rows/camera_rows.h"

#include "mcupatch/rows/pixels.h"

static void convert_row(const uint8_t *low, const uint8_t *high, const mcup_row_shape *shape, uint8_t *target) {
  for (int32_t x = 0; x < shape->columns; ++x, low += 2, high += 2) {
    const int32_t r = *high >> 3, g = (*high & 7) << 3 | *low >> 5, b = *low & 31;
    target = mcup_put_rgb(target, shape, r << 3 | r >> 2, g << 2 | g >> 4, b << 3 | b >> 2);
  }
}

void mcup_rgb565_row(const uint8_t *source, const mcup_row_shape *shape, void *target) {
  convert_row(source, source + 1, shape, target);
}

void mcup_rgb565_be_row(const uint8_t *source, const mcup_row_shape *shape, void *target) {
  convert_row(source + 1, source, shape, target);
}
