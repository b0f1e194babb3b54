/*
 * Rows as camera sensors send them, converted to what a network reads: called from a streamed input's `read`, once a
 * row of the sensor is in memory.
 *
 * Each pixel takes two bytes at `source`; `target` gets columns x channels values of `shape`. The two must not overlap.
 */
#ifndef MCUPATCH_CAMERA_ROWS_H
#define MCUPATCH_CAMERA_ROWS_H

#include "mcupatch/rows/row_shape.h"

#include <stdint.h>

/*
 * RGB565: 5 bits red, 6 green, 5 blue from the highest bit on. The low byte of the 16 lies first (`mcup_rgb565_row`), or
 * the high one, as most sensors send it (`mcup_rgb565_be_row`). A value of fewer bits is widened by its own highest ones.
 */
void mcup_rgb565_row(const uint8_t *source, const mcup_row_shape *shape, void *target);
void mcup_rgb565_be_row(const uint8_t *source, const mcup_row_shape *shape, void *target);

/*
 * YUV 4:2:2, full range as in JPEG: Y U Y V (`mcup_yuv422_row`) or U Y V Y. Two pixels share their colour; of an odd
 * row's last pixel the source has four bytes too.
 */
void mcup_yuv422_row(const uint8_t *source, const mcup_row_shape *shape, void *target);
void mcup_yuv422_uyvy_row(const uint8_t *source, const mcup_row_shape *shape, void *target);

#endif
