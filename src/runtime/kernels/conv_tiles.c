/* Convolution by tiles: what is rare. */
#include "mcupatch/conv_tiles.h"

/* Brings stored values into [low, high]. */
static void clamp_bytes(int8_t *values, int32_t count, int32_t low, int32_t high) {
  for (int32_t i = 0; i < count; ++i) {
    values[i] = (int8_t)mcup_clamp(values[i], low, high);
  }
}

/* The last channels: their blocks compute more, which is dropped. Of two blocks made at once the second may be none. */
static void write_last_channels(const mcup_tile_kind *kind, const mcup_tile_job *job, int32_t first, int32_t count,
                                const int16_t *columns, const int32_t *blocks, int8_t *pixel) {
  const int32_t second = count > 2 ? job->block_bytes : 0;
  const mcup_tile_job last = {job->pairs, kind->at_once, kind->at_once, job->zero_point, second};
  int8_t values[8];
  kind->tile(columns, blocks + (ptrdiff_t)(first / 2) * (job->block_bytes / 4), values, &last);
  for (int32_t p = 0; p < kind->width; ++p) {
    for (int32_t c = 0; c < count; ++c) {
      pixel[(ptrdiff_t)p * job->pixel_stride + first + c] = values[p * kind->at_once + c];
    }
  }
}

void mcup_finish_rare_tile(const mcup_tile_kind *kind, const mcup_tile_job *job,
                           const mcup_packed_conv2d_params *params, const int16_t *columns, int8_t *pixel) {
  const int32_t channels = params->out_channels, left = channels % kind->at_once;
  if (left > 0) {
    write_last_channels(kind, job, channels - left, left, columns, params->blocks, pixel);
  }
  clamp_bytes(pixel, kind->width * channels, params->low, params->high);
}
