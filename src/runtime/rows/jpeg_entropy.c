/* Entropy-coded data to blocks of coefficients. */
#include "mcupatch/rows/jpeg_parts.h"

#include <string.h>

enum { MARKER = 0xFF, RESTART_0 = 0xD0, DC_BITS = 11, AC_BITS = 10, NO_SYMBOL = -1 };

/* The place of each coefficient of the file's order in a block. */
static const uint8_t zigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* At least 25 bits read ahead: zeros after the last one, and these are counted. */
static void fill(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place) {
  while (place->count <= 24) {
    uint32_t byte = 0;
    const uint32_t left = jpeg->bytes - place->at;
    if (left == 0) {
      place->padding += 8;
    } else if (jpeg->data[place->at] != MARKER) {
      byte = jpeg->data[place->at++];
    } else if (left == 1) { /* cut off within a byte FF or a marker */
      place->at++;
      place->padding += 8;
    } else if (jpeg->data[place->at + 1] == 0) { /* a byte FF is followed by 0 */
      byte = MARKER;
      place->at += 2;
    } else { /* a marker: the data end here */
      place->padding += 8;
    }
    place->bits |= byte << (24 - place->count);
    place->count += 8;
  }
}

static void drop(mcup_jpeg_place *place, int32_t count) {
  place->bits <<= count;
  place->count -= count;
}

/* A number of `size` bits, 1 to 16, negative if the first of them is 0. */
static int32_t take_number(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place, int32_t size) {
  fill(jpeg, place);
  const int32_t bits = (int32_t)(place->bits >> (32 - size));
  drop(place, size);
  return bits >> (size - 1) != 0 ? bits : bits - (1 << size) + 1;
}

static int32_t take_symbol(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place, const mcup_jpeg_code *code) {
  fill(jpeg, place);
  const uint32_t ahead = place->bits >> 16;
  for (int32_t i = 0; i < 16; ++i) {
    if (ahead < code->limits[i]) {
      drop(place, i + 1);
      return jpeg->data[code->symbols + (uint16_t)((ahead >> (15 - i)) + code->bases[i])];
    }
  }
  return NO_SYMBOL;
}

/* Why the data could not be decoded: they ended, or what there is means nothing. */
static int32_t blame(const mcup_jpeg_rows *jpeg, const mcup_jpeg_place *place) {
  return place->count < place->padding && place->at == jpeg->bytes ? MCUP_JPEG_TRUNCATED : MCUP_JPEG_DAMAGED;
}

/* Value number `k` of the block, times its quantisation step. */
static void put(const mcup_jpeg_rows *jpeg, int32_t quant, int32_t k, int32_t value, mcup_jpeg_block *block) {
  const uint8_t *table = jpeg->data + jpeg->quant[quant];
  const int32_t step = jpeg->wide_quant[quant] ? table[2 * k] << 8 | table[2 * k + 1] : table[k];
  const int32_t place = zigzag[k];
  value *= step; /* 15 bits times 16 */
  block->values[place] = (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
  block->columns = block->columns > place % 8 ? block->columns : place % 8 + 1;
}

int32_t mcup_jpeg_read_block(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place, int32_t component,
                             mcup_jpeg_block *block) {
  const mcup_jpeg_component *known = &jpeg->components[component];
  memset(block, 0, sizeof *block);
  const int32_t size = take_symbol(jpeg, place, &jpeg->codes[0][known->dc]);
  if (size < 0 || size > DC_BITS) {
    return blame(jpeg, place);
  }
  const int32_t value = place->previous[component] + (size == 0 ? 0 : take_number(jpeg, place, size));
  if (value < -32767 || value > 32767) {
    return MCUP_JPEG_DAMAGED;
  }
  place->previous[component] = value;
  put(jpeg, known->quant, 0, value, block);
  for (int32_t k = 1; k < 64; ++k) {
    const int32_t symbol = take_symbol(jpeg, place, &jpeg->codes[1][known->ac]);
    if (symbol == 0) { /* the end of the block */
      break;
    }
    const int32_t zeros = symbol >> 4, bits = symbol & 15;
    k += zeros;
    if (symbol < 0 || k > 63 || bits > AC_BITS || (bits == 0 && zeros != 15)) {
      return blame(jpeg, place);
    }
    if (bits != 0) {
      put(jpeg, known->quant, k, take_number(jpeg, place, bits), block);
    }
  }
  return place->count < place->padding ? blame(jpeg, place) : MCUP_JPEG_OK;
}

int32_t mcup_jpeg_pass_restart(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place) {
  if (jpeg->restart_interval == 0 || --place->until_restart > 0) {
    return MCUP_JPEG_OK;
  }
  if (place->count - place->padding >= 8) { /* whole bytes are left before the marker */
    return MCUP_JPEG_DAMAGED;
  }
  while (place->at < jpeg->bytes && jpeg->data[place->at] == MARKER) { /* FF may be repeated before a marker */
    ++place->at;
  }
  if (place->at == jpeg->bytes) {
    return MCUP_JPEG_TRUNCATED;
  }
  if (jpeg->data[place->at] != RESTART_0 + place->restart) {
    return MCUP_JPEG_DAMAGED;
  }
  *place = (mcup_jpeg_place){
      .at = place->at + 1, .until_restart = jpeg->restart_interval, .restart = (uint8_t)((place->restart + 1) & 7)};
  return MCUP_JPEG_OK;
}
