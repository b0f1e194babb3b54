/* What the JPEG decoder needs, as its header says. */
#include "mcupatch/rows/jpeg_rows.h"

#include <stddef.h>
#include <stdint.h>

size_t mcup_jpeg_state_bytes(void) {
  return sizeof(mcup_jpeg_rows);
}

size_t mcup_jpeg_held_bytes(int32_t columns) {
  return MCUP_JPEG_HELD_BYTES(columns);
}

size_t mcup_jpeg_least_bytes(int32_t columns) {
  return MCUP_JPEG_LEAST_BYTES(columns);
}
