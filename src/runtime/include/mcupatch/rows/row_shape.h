/* What a row of a streamed image looks like to the network. */
#ifndef MCUPATCH_ROW_SHAPE_H
#define MCUPATCH_ROW_SHAPE_H

#include <stdint.h>

/*
 * `rows` of `columns` pixels; `channels` 3 (red, green, blue) or 1 (how bright they look). What is stored of a byte p of
 * 0..255 is p - zero: 128 for int8 inputs, 0 for raw bytes.
 */
typedef struct {
  int32_t rows;
  int32_t columns;
  int32_t channels;
  int32_t zero;
} mcup_row_shape;

#endif
