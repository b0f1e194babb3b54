/* Convolution by tiles with int8 weights. */
#include "mcupatch/conv_tiles.h"

#if MCUP_THUMB_DSP
#include "mcupatch/conv_tiles_asm.h"

MCUP_TILE_OF_FOUR(tile_of_four, 52, WEIGHTS_INT8)
MCUP_TILE_OF_TWO(tile_of_two, 56, WEIGHTS_INT8)
MCUP_TILE_OF_ONE(tile_of_one, 40, WEIGHTS_INT8)
#else
static void tile_of_four(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) {
  mcup_run_tile(columns, blocks, out, job, 4, 0);
}

static void tile_of_two(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) {
  mcup_run_tile(columns, blocks, out, job, 2, 0);
}

static void tile_of_one(const int16_t *columns, const int32_t *blocks, int8_t *out, const mcup_tile_job *job) {
  mcup_run_tile(columns, blocks, out, job, 1, 0);
}
#endif

void mcup_packed_conv2d(const mcup_packed_conv2d_params *params, mcup_input in, mcup_output out, int32_t pad_top,
                        int32_t pad_left, void *scratch) {
  const mcup_tiles tiles = {tile_of_four, tile_of_two, tile_of_one, 1};
  mcup_convolve_tiles(&tiles, params, in, out, pad_top, pad_left, scratch);
}
