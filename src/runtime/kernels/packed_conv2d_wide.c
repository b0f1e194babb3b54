/* Convolution by tiles with int16 weights. */
#include "mcupatch/conv_tiles.h"

#if MCUP_THUMB_DSP
#include "mcupatch/conv_tiles_asm.h"

MCUP_TILE_OF_FOUR(tile_of_four, 44, WEIGHTS_INT16)
MCUP_TILE_OF_TWO(tile_of_two, 40, WEIGHTS_INT16)
MCUP_TILE_OF_ONE(tile_of_one, 24, WEIGHTS_INT16)
#else
static void tile_of_four(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) {
  mcup_run_tile(columns, blocks, out, job, 4, 1);
}

static void tile_of_two(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) {
  mcup_run_tile(columns, blocks, out, job, 2, 1);
}

static void tile_of_one(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) {
  mcup_run_tile(columns, blocks, out, job, 1, 1);
}
#endif

void mcup_packed_conv2d_wide(const mcup_packed_conv2d_params *params, mcup_input in, mcup_output out, int32_t pad_top,
                             int32_t pad_left, void *scratch) {
  const mcup_tiles tiles = {tile_of_four, tile_of_two, tile_of_one, 2};
  mcup_convolve_tiles(&tiles, params, in, out, pad_top, pad_left, scratch);
}
