/* The operands of elementwise kernels: each side of an operand either follows the output or repeats. */
#ifndef MCUPATCH_BROADCAST_H
#define MCUPATCH_BROADCAST_H

#include "mcupatch/arith.h"
#include "mcupatch/window.h"

/* Steps in bytes from one output column or channel to the next, in rows from one row to the next; 0: it repeats. */
typedef struct {
  const mcup_input *in;
  int32_t row_step;
  int32_t col_step;
  int32_t channel_step;
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

/* Whether the elements of a row lie one after the other, or are all one. */
static inline int32_t mcup_has_even_rows(const mcup_operand *operand, int32_t channels) {
  return operand->col_step == channels * operand->channel_step;
}

/* Four elements on; each pointer moves by itself. */
static inline void mcup_step4(const int8_t **a, const int8_t **b, int8_t **out) {
  *a += 4;
  *b += 4;
  *out += 4;
  MCUP_FORGET(*a);
  MCUP_FORGET(*b);
  MCUP_FORGET(*out);
}

enum { MCUP_REPEATS = 64 };

/* One run of `count` elements; the operand that repeats becomes an array. The other follows the output: it is whole. */
static inline void mcup_make_run(mcup_binary_run *run, const void *params, const int8_t *a, int32_t step_a,
                                 const int8_t *b, int32_t step_b, int8_t *out, int32_t count) {
  if (step_a != 0 && step_b != 0) {
    run(params, a, b, out, count);
    return;
  }
  int8_t repeated[MCUP_REPEATS];
  memset(repeated, step_a == 0 ? *a : *b, sizeof repeated);
  for (int32_t i = 0; i < count; i += MCUP_REPEATS) {
    const int32_t part = count - i < MCUP_REPEATS ? count - i : MCUP_REPEATS;
    run(params, step_a == 0 ? repeated : a + i, step_b == 0 ? repeated : b + i, out + i, part);
  }
}

/* The whole output where no operand repeats: one run if nothing lies between the rows, else a row at a time. */
static inline void mcup_walk_rows(const mcup_input *a, const mcup_input *b, const mcup_output *out, int32_t count,
                                  mcup_binary_run *run, const void *params) {
  const int32_t gaps = (out->row_stride ^ count) | (a->row_stride ^ count) | (b->row_stride ^ count);
  if (gaps == 0 && a->upper_rows >= out->rows && b->upper_rows >= out->rows) {
    run(params, a->data, b->data, out->data, out->rows * count);
    return;
  }
  int8_t *row = out->data;
  MCUP_NO_UNROLL
  for (int32_t y = 0; y < out->rows; ++y, row += out->row_stride) {
    run(params, mcup_in_row(a, y), mcup_in_row(b, y), row, count);
  }
}

/* The same where one does, by runs that are as long as the operands allow: of a row or of a pixel. */
static inline void mcup_walk_runs(const mcup_operand *a, const mcup_operand *b, const mcup_output *out,
                                  int32_t channels, mcup_binary_run *run, const void *params) {
  int32_t count = out->cols * channels, runs = 1;
  if (!mcup_has_even_rows(a, channels) || !mcup_has_even_rows(b, channels)) {
    count = channels;
    runs = out->cols;
  }
  for (int32_t y = 0; y < out->rows; ++y) {
    const int8_t *row_a = mcup_operand_row(a, y);
    const int8_t *row_b = mcup_operand_row(b, y);
    int8_t *row = mcup_out_row(out, y);
    for (int32_t x = 0; x < runs; ++x) {
      mcup_make_run(run, params, row_a, a->channel_step, row_b, b->channel_step, row, count);
      row_a += a->col_step;
      row_b += b->col_step;
      row += count;
    }
  }
}

#endif /* MCUPATCH_BROADCAST_H */
