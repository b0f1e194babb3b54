/* A convolution by tiles of one kind of weights and one requantisation: its tile functions, in assembly or in C. */
#ifndef MCUPATCH_CONV_KERNEL_H
#define MCUPATCH_CONV_KERNEL_H

#include "mcupatch/conv_tiles.h"

#if MCUP_THUMB_DSP
#include "mcupatch/conv_tails_asm.h"

/* Bytes of code for a step of the loop: a pair of taps, in narrow tiles two. */
#define MCUP_INT8_FOUR_STEP 52
#define MCUP_INT8_TWO_STEP 56
#define MCUP_INT8_ONE_STEP 40
#define MCUP_INT16_FOUR_STEP 44
#define MCUP_INT16_TWO_STEP 40
#define MCUP_INT16_ONE_STEP 24

#define MCUP_TILE_FUNCTIONS(weights, tail)                                               \
  MCUP_TILE_OF_FOUR(tile_of_four, MCUP_##weights##_FOUR_STEP, weights, MCUP_FOUR_##tail) \
  MCUP_TILE_OF_TWO(tile_of_two, MCUP_##weights##_TWO_STEP, weights, MCUP_TWO_##tail)     \
  MCUP_TILE_OF_ONE(tile_of_one, MCUP_##weights##_ONE_STEP, weights, MCUP_ONE_##tail)
#else
#define MCUP_TILE_FUNCTION(name, width, weights, tail)                                                     \
  static void name(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) { \
    mcup_run_tile(columns, blocks, out, job, width, MCUP_WORDS_OF_##weights - 1, MCUP_TAIL_##tail);        \
  }
#define MCUP_TILE_FUNCTIONS(weights, tail)           \
  MCUP_TILE_FUNCTION(tile_of_four, 4, weights, tail) \
  MCUP_TILE_FUNCTION(tile_of_two, 2, weights, tail)  \
  MCUP_TILE_FUNCTION(tile_of_one, 1, weights, tail)
#endif

/* Words of a block for each pair of taps. */
#define MCUP_WORDS_OF_INT8 1
#define MCUP_WORDS_OF_INT16 2

/* `weights`: INT8 or INT16; `tail`: FIXED, SINGLE, FLOAT or ANY, see conv_tiles.h. */
#define MCUP_TILED_CONV2D(name, weights, tail)                                                         \
  MCUP_TILE_FUNCTIONS(weights, tail)                                                                   \
  void name(const mcup_packed_conv2d_params *params, mcup_input in, mcup_output out, int32_t pad_top,  \
            int32_t pad_left, void *scratch) {                                                         \
    static const mcup_tiles tiles = {tile_of_four, tile_of_two, tile_of_one, MCUP_WORDS_OF_##weights}; \
    mcup_convolve_tiles(&tiles, params, &in, &out, pad_top, pad_left, scratch);                        \
  }

#endif /* MCUPATCH_CONV_KERNEL_H */
