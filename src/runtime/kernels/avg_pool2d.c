/* Average pooling over the positions inside the tensor (or over the whole kernel). */
#include "mcupatch/average.h"
#include "mcupatch/bytes.h"
#include "mcupatch/kernels.h"
#include "mcupatch/sum_bytes.h"
#include "mcupatch/window.h"

/* The part of one output pixel's kernel that lies inside the window. */
typedef struct {
  const mcup_input *in;
  int32_t first_row;    /* unused where nothing is inside */
  ptrdiff_t first_byte; /* of the first position in its row */
  int32_t rows;
  int32_t cols;
  int32_t count; /* what the sum is divided by */
} positions;

static positions find_positions(const mcup_pool_params *params, const mcup_input *in, int32_t start_row,
                                int32_t start_col) {
  const mcup_taps rows = mcup_clip_taps(start_row, params->kernel_rows, 1, in->rows);
  const mcup_taps cols = mcup_clip_taps(start_col, params->kernel_cols, 1, in->cols);
  positions inside = {in, start_row + rows.first, 0, rows.last - rows.first, cols.last - cols.first, 0};
  inside.first_byte = (ptrdiff_t)(start_col + cols.first) * params->channels;
  if (inside.cols == 0) {
    inside.rows = 0;
  }
  inside.count = params->count_include_pad ? params->kernel_rows * params->kernel_cols : inside.rows * inside.cols;
  if (inside.count == 0) { /* nothing inside has no mean: the sum is 0 and stays 0 */
    inside.count = 1;
  }
  return inside;
}

/* Where row `row` of the positions has its first byte. */
static const int8_t *find_row(const positions *inside, int32_t row) {
  return mcup_in_row(inside->in, inside->first_row + row) + inside->first_byte;
}

/* Sums of channels [channel, channel + 4). */
static mcup_sums4 sum_positions4(const positions *inside, int32_t channel, int32_t channels) {
  mcup_sums4 sums = {{0, 0, 0, 0}};
#if MCUP_DSP
  if (inside->rows * inside->cols <= MCUP_LANE_TERMS) {
    int32_t even = 0, odd = 0;
    for (int32_t ky = 0; ky < inside->rows; ++ky) {
      const int8_t *bytes = find_row(inside, ky) + channel;
      MCUP_NO_UNROLL
      for (int32_t kx = inside->cols; kx > 0; --kx, bytes += channels) {
        const int32_t word = mcup_load4(bytes);
        even = mcup_add_even_bytes(even, word);
        odd = mcup_add_odd_bytes(odd, word);
      }
    }
    mcup_add_lanes(even, &sums.channel[0], &sums.channel[2]);
    mcup_add_lanes(odd, &sums.channel[1], &sums.channel[3]);
    return sums;
  }
#endif
  for (int32_t ky = 0; ky < inside->rows; ++ky) {
    sums = mcup_sum_bytes4(find_row(inside, ky) + channel, channels, inside->cols, sums);
  }
  return sums;
}

static void write_stored(const mcup_pool_params *params, const positions *inside, int8_t *out) {
  const int32_t channels = params->channels, count = inside->count, rounding_up = params->rounding_up;
  int32_t c = 0;
  for (; c + 4 <= channels; c += 4) {
    const mcup_sums4 sums = sum_positions4(inside, c, channels);
    for (int32_t i = 0; i < 4; ++i) {
      out[c + i] = mcup_average_stored(rounding_up, sums.channel[i], count);
    }
  }
  for (; c < channels; ++c) {
    int32_t sum = 0;
    for (int32_t ky = 0; ky < inside->rows; ++ky) {
      sum = mcup_sum_bytes(find_row(inside, ky) + c, channels, inside->cols, sum);
    }
    out[c] = mcup_average_stored(rounding_up, sum, count);
  }
  mcup_clamp_bytes(out, channels, params->low, params->high);
}

static void write_real(const mcup_pool_params *params, const positions *inside, int8_t *out) {
  for (int32_t c = 0; c < params->channels; ++c) {
    float sum = 0.0F;
    for (int32_t ky = 0; ky < inside->rows; ++ky) {
      const int8_t *row = find_row(inside, ky) + c;
      for (int32_t kx = 0; kx < inside->cols; ++kx) {
        sum = mcup_add_real(params, sum, row[(ptrdiff_t)kx * params->channels]);
      }
    }
    out[c] = mcup_average_real(params, sum, inside->count);
  }
}

void mcup_avg_pool2d(const mcup_pool_params *params, const mcup_input *in, const mcup_output *out, int32_t pad_top,
                     int32_t pad_left) {
  for (int32_t y = 0; y < out->rows; ++y) {
    for (int32_t x = 0; x < out->cols; ++x) {
      const positions inside =
          find_positions(params, in, y * params->stride_rows - pad_top, x * params->stride_cols - pad_left);
      int8_t *pixel = mcup_out_row(out, y) + (ptrdiff_t)x * params->channels;
      if (params->scale != NULL) {
        write_real(params, &inside, pixel);
      } else {
        write_stored(params, &inside, pixel);
      }
    }
  }
}
