/* The operands of elementwise kernels: each side of an operand either follows the output or repeats. */
#ifndef MCUPATCH_BROADCAST_H
#define MCUPATCH_BROADCAST_H

#include "mcupatch/window.h"

/* Steps in bytes from one output column or channel to the next, in rows from one row to the next; 0: it repeats. */
typedef struct {
  const mcup_input *in;
  int32_t row_step;
  ptrdiff_t col_step;
  ptrdiff_t channel_step;
} mcup_operand;

static inline mcup_operand mcup_make_operand(const mcup_input *in, int32_t channels, int32_t repeats_rows,
                                             int32_t repeats_cols, int32_t repeats_channels) {
  mcup_operand operand;
  operand.in = in;
  operand.row_step = repeats_rows ? 0 : 1;
  operand.col_step = repeats_cols ? 0 : repeats_channels ? 1 : channels;
  operand.channel_step = repeats_channels ? 0 : 1;
  return operand;
}

/* What output row `row` reads. */
static inline const int8_t *mcup_operand_row(const mcup_operand *operand, int32_t row) {
  return mcup_in_row(operand->in, row * operand->row_step);
}

#endif /* MCUPATCH_BROADCAST_H */
