/* Camera rows of luma for each pixel and colour for two. */
#include "mcupatch/rows/camera_rows.h"

#include "mcupatch/rows/pixels.h"

/* `y` and `u` are the first of each in the row; V lies two bytes after U. */
static void convert_row(const uint8_t *y, const uint8_t *u, const mcup_row_shape *shape, uint8_t *target) {
  for (int32_t x = 0; x < shape->columns; ++x, y += 2) {
    const uint8_t *colour = u + x / 2 * 4;
    target = mcup_put_ycc(target, shape, *y, colour[0], colour[2]);
  }
}

void mcup_yuv422_row(const uint8_t *source, const mcup_row_shape *shape, void *target) {
  convert_row(source, source + 1, shape, target);
}

void mcup_yuv422_uyvy_row(const uint8_t *source, const mcup_row_shape *shape, void *target) {
  convert_row(source + 1, source, shape, target);
}
