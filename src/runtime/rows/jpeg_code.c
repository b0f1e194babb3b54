/* Canonical Huffman codes as a JPEG file gives them: how many codes of each length, then the symbols in order. */
#include "mcupatch/rows/jpeg_parts.h"

int mcup_jpeg_build_code(const mcup_jpeg_rows *jpeg, uint32_t counts, mcup_jpeg_code *code) {
  uint32_t next = 0; /* the first code of the length, then the one after its last */
  uint32_t symbol = 0;
  for (uint32_t i = 0; i < 16; ++i) {
    const uint32_t count = jpeg->data[counts + i];
    code->bases[i] = (uint16_t)(symbol - next);
    next += count;
    symbol += count;
    if (next > (2u << i) - 1u) { /* a code of ones alone is none: the data are padded with ones */
      return 0;
    }
    code->limits[i] = (uint16_t)(next << (15u - i));
    next <<= 1;
  }
  if (symbol > 256u) {
    return 0;
  }
  code->symbols = counts + 16u;
  return 1;
}
