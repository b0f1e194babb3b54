/* The parts of the JPEG decoder: each function in the file of its name. */
#ifndef MCUPATCH_JPEG_PARTS_H
#define MCUPATCH_JPEG_PARTS_H

#include "mcupatch/rows/jpeg_rows.h"

/* jpeg_header.c: everything up to the entropy-coded data, which begin at `jpeg->place`. Returns a status. */
int32_t mcup_jpeg_read_header(mcup_jpeg_rows *jpeg);

/* jpeg_code.c: build a Huffman code from the 16 counts at `counts`; the symbols follow them. 0 if there is no such code. */
int mcup_jpeg_build_code(const mcup_jpeg_rows *jpeg, uint32_t counts, mcup_jpeg_code *code);

/* One block's coefficients [v][u], dequantised; those from `columns` on are 0. */
typedef struct {
  int16_t values[8 * 8];
  int32_t columns;
} mcup_jpeg_block;

/* jpeg_entropy.c: the next block of a component. Returns a status. */
int32_t mcup_jpeg_read_block(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place, int32_t component,
                             mcup_jpeg_block *block);

/* jpeg_entropy.c: before each group but the first: what is left of the restart interval, or the marker. */
int32_t mcup_jpeg_pass_restart(const mcup_jpeg_rows *jpeg, mcup_jpeg_place *place);

/* jpeg_block.c: transform the coefficients of each column in place; then row `y` of the 8 x 8 samples can be had. */
void mcup_jpeg_transform_columns(mcup_jpeg_block *block);
void mcup_jpeg_block_row(const mcup_jpeg_block *block, int32_t y, uint8_t *samples);

#endif
