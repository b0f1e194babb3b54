/* The sums of a reduction whose map arrives in windows: int32 or float32, one a channel. */
#include <string.h>

#include "mcupatch/kernels.h"

size_t mcup_sums_bytes(int32_t channels) {
  return sizeof(int32_t) * (size_t)channels;
}

void mcup_clear_sums(int32_t channels, void *sums) {
  memset(sums, 0, mcup_sums_bytes(channels)); /* 0.0F as well */
}
