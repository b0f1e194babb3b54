/* Axes in a new order, bytes. */
#include "mcupatch/arith.h"
#include "mcupatch/kernels.h"

enum { MAX_RANK = 6 };

/* out[i] = in[i * step] */
static void gather(const int8_t *in, ptrdiff_t step, int32_t count, int8_t *out) {
  if (step == 1) {
    memcpy(out, in, (size_t)count);
    return;
  }
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < count; ++i, in += step) {
    out[i] = *in;
  }
}

void mcup_transpose(int32_t rank, const int32_t *shape, const int32_t *permutation, const int8_t *in, int8_t *out) {
  if (rank == 0) {
    *out = *in;
    return;
  }
  ptrdiff_t in_step[MAX_RANK]; /* by input side */
  int32_t position[MAX_RANK];  /* by output side */
  ptrdiff_t elements = 1;
  for (int32_t i = rank - 1; i >= 0; --i) {
    in_step[i] = elements;
    elements *= shape[i];
    position[i] = 0;
  }
  const int32_t last = permutation[rank - 1], run = shape[last];
  ptrdiff_t from = 0;
  for (ptrdiff_t n = 0; n < elements; n += run) {
    gather(in + from, in_step[last], run, out + n);
    for (int32_t i = rank - 2; i >= 0; --i) { /* count up like a clock */
      const int32_t side = permutation[i];
      from += in_step[side];
      if (++position[i] < shape[side]) {
        break;
      }
      from -= in_step[side] * shape[side];
      position[i] = 0;
    }
  }
}
