/*
 * A JPEG picture in memory, decoded row by row: what a streamed input's `read` may be.
 *
 *   static const uint8_t photo[] = {...};                          in flash
 *   static mcup_jpeg_rows jpeg;
 *   static uint8_t held[MCUP_JPEG_HELD_BYTES(160)];
 *   mcup_row_shape shape = {128, 160, 3, 128};
 *   int32_t status = mcup_jpeg_open(&jpeg, photo, sizeof photo, &shape, held, sizeof held);
 *   inputs.image.read = mcup_jpeg_read_int8;
 *   inputs.image.context = &jpeg;
 *
 * Sequential Huffman-coded JPEG (SOF0, SOF1) of 8 bits in one scan: greyscale, YCbCr or RGB, each component with 1 or 2
 * samples in either direction (4:4:4, 4:2:2, 4:4:0, 4:2:0), with or without restart markers. Tables are read where they
 * lie, so the file must stay in memory until the last row. Nothing outside it is read, whatever it holds.
 *
 * Results are exact integers, the same on every machine: the inverse cosine transform as in jpeg_block.c, chroma
 * repeated for the pixels that share it (not interpolated), colours by the constants of pixels.h.
 */
#ifndef MCUPATCH_JPEG_ROWS_H
#define MCUPATCH_JPEG_ROWS_H

#include "mcupatch/rows/row_shape.h"

#include <stddef.h>
#include <stdint.h>

/* What opening a picture and reading a row return; `run` of a network returns it on. */
enum {
  MCUP_JPEG_OK = 0,
  MCUP_JPEG_NO_JPEG = 1,     /* it does not begin as a JPEG file does */
  MCUP_JPEG_TRUNCATED = 2,   /* the data end before the picture */
  MCUP_JPEG_DAMAGED = 3,     /* no JPEG encoder writes this */
  MCUP_JPEG_PROGRESSIVE = 4, /* progressive, lossless or hierarchical */
  MCUP_JPEG_ARITHMETIC = 5,  /* arithmetic coding */
  MCUP_JPEG_PRECISION = 6,   /* not 8 bits a sample */
  MCUP_JPEG_COMPONENTS = 7,  /* neither grey nor three components: CMYK and the like */
  MCUP_JPEG_SAMPLING = 8,    /* more than 2 samples of a component in a direction */
  MCUP_JPEG_SCANS = 9,       /* the components come one after the other */
  MCUP_JPEG_TABLES = 10,     /* Huffman tables beyond the two of each kind that baseline has */
  MCUP_JPEG_SIZE = 11,       /* another height or width than asked for */
  MCUP_JPEG_MEMORY = 12,     /* fewer held bytes than MCUP_JPEG_LEAST_BYTES */
  MCUP_JPEG_ORDER = 13       /* another row than the next one */
};

/*
 * What the decoder holds beside its own state, as the caller chooses, for a picture `columns` wide. With
 * MCUP_JPEG_HELD_BYTES all samples of a row of blocks, 16 picture rows where chroma is halved: every block is decoded
 * once (twice in 4:4:0). With less, 8, 4, 2 or 1 rows, and the same blocks are decoded again for the next ones, with
 * the same result: down to MCUP_JPEG_LEAST_BYTES, one row.
 */
#define MCUP_JPEG_PADDED_COLUMNS(columns) (((size_t)(columns) + 15u) / 16u * 16u)
#define MCUP_JPEG_HELD_BYTES(columns) (24u * MCUP_JPEG_PADDED_COLUMNS(columns))
#define MCUP_JPEG_LEAST_BYTES(columns) (3u * MCUP_JPEG_PADDED_COLUMNS(columns))

/* A canonical Huffman code: a code of `i + 1` bits lies below `limits[i]` when aligned to the left of 16 bits. */
typedef struct {
  uint32_t symbols;    /* where in the file they begin; 0: no such table */
  uint16_t limits[16]; /* of no shorter code */
  uint16_t bases[16];  /* what to add to a code, modulo 2^16, for its place among the symbols */
} mcup_jpeg_code;

typedef struct {
  uint8_t id;
  uint8_t across, down; /* blocks in a group (MCU) */
  uint8_t quant, dc, ac;
  uint32_t plane;  /* where its held samples begin */
  uint32_t stride; /* and the samples of one held row */
} mcup_jpeg_component;

/* A place in the entropy-coded data. */
typedef struct {
  uint32_t at;   /* the next byte of the file */
  uint32_t bits; /* read ahead; the next one is the highest */
  int32_t count;
  int32_t padding; /* how many of them the data no longer had */
  int32_t previous[3];
  uint16_t until_restart;
  uint8_t restart;
} mcup_jpeg_place;

/* The decoder's own state; its fields are nobody else's business. */
typedef struct {
  const uint8_t *data;
  uint8_t *held;
  uint32_t bytes;
  mcup_row_shape shape;
  int32_t status;
  int32_t next_row;
  int32_t held_rows; /* picture rows: a power of two */
  uint16_t rows, columns;
  uint16_t restart_interval;
  uint8_t component_count, across, down; /* the most blocks of a component in a group */
  uint8_t is_rgb;
  mcup_jpeg_component components[3];
  uint32_t quant[4]; /* where in the file each table begins; 0: no such table */
  uint8_t wide_quant[4];
  mcup_jpeg_code codes[2][2]; /* [dc, ac][number] */
  mcup_jpeg_place place;      /* where the present row of groups begins */
} mcup_jpeg_rows;

/*
 * Read the file's header. `shape` is that of the picture: another size is an error. Returns 0, or why it cannot be
 * decoded; reading a row then returns the same. What is `held` is written by the decoder alone, from here to the last row.
 */
int32_t mcup_jpeg_open(mcup_jpeg_rows *jpeg, const void *data, size_t bytes, const mcup_row_shape *shape, uint8_t *held,
                       size_t held_bytes);

/* The size of a picture that can be decoded, without its data being decoded. Returns 0, or why it cannot. */
int32_t mcup_jpeg_size(const void *data, size_t bytes, int32_t *rows, int32_t *columns);

/* Decode row 0, 1, ... in this order; `context` is a mcup_jpeg_rows. The first error stays. */
int32_t mcup_jpeg_read_int8(void *context, int32_t row, int8_t *target);
int32_t mcup_jpeg_read_uint8(void *context, int32_t row, uint8_t *target);

#endif
