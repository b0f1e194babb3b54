/* The operands of elementwise kernels: each side of an operand either follows the output or repeats. */
#ifndef MCUPATCH_BROADCAST_H
#define MCUPATCH_BROADCAST_H

#include "mcupatch/kernels.h"

/* Steps in bytes from one output row, column or channel to the next; 0 where the operand repeats. */
typedef struct {
  const int8_t *data;
  ptrdiff_t row_step;
  ptrdiff_t col_step;
  ptrdiff_t channel_step;
} mcup_operand;

static inline mcup_operand mcup_make_operand(const mcup_input *in, int32_t channels, int32_t repeats_rows,
                                             int32_t repeats_cols, int32_t repeats_channels) {
  mcup_operand operand;
  operand.data = (const int8_t *)in->data;
  operand.row_step = repeats_rows ? 0 : in->row_stride;
  operand.col_step = repeats_cols ? 0 : repeats_channels ? 1 : channels;
  operand.channel_step = repeats_channels ? 0 : 1;
  return operand;
}

static inline const int8_t *mcup_operand_pixel(const mcup_operand *operand, int32_t row, int32_t col) {
  return operand->data + row * operand->row_step + col * operand->col_step;
}

#endif /* MCUPATCH_BROADCAST_H */
