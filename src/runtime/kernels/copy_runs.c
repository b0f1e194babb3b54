/* One input of a concatenation along an outer axis. */
#include <string.h>

#include "mcupatch/kernels.h"

void mcup_copy_runs(int32_t runs, int32_t run, int32_t out_step, const int8_t *table, const int8_t *in, int8_t *out) {
  for (int32_t i = 0; i < runs; ++i) {
    const int8_t *source = in + (ptrdiff_t)i * run;
    int8_t *target = out + (ptrdiff_t)i * out_step;
    if (table == NULL) {
      memmove(target, source, (size_t)run);
      continue;
    }
    for (int32_t j = 0; j < run; ++j) {
      target[j] = table[source[j] + 128];
    }
  }
}
