/* Convolution by tiles: the columns of up to four pixels, then all channels over them. */
#include "mcupatch/conv_tiles.h"

#include "mcupatch/conv_columns.h"
#include "mcupatch/window.h"

/* Brings stored values into [low, high]. */
static void clamp_bytes(int8_t *values, int32_t count, int32_t low, int32_t high) {
  for (int32_t i = 0; i < count; ++i) {
    values[i] = (int8_t)mcup_clamp(values[i], low, high);
  }
}

/* The last channel of an odd number: its block computes a second one, which is dropped. */
static void write_last_channel(mcup_tile *tile, const mcup_tile_job *job, const int16_t *columns, const int32_t *block,
                               int8_t *out, int32_t width) {
  const mcup_tile_job last = {job->pairs, 2, 2, job->zero_point};
  int8_t pixels[8];
  tile(columns, block, pixels, &last);
  for (int32_t p = 0; p < width; ++p) {
    out[(ptrdiff_t)p * job->pixel_stride] = pixels[2 * p];
  }
}

/* Whether output pixels are made of the input pixels at the same places, and both lie without gaps: one long row. */
static int32_t is_one_row(const mcup_packed_conv2d_params *params, const mcup_input *in, const mcup_output *out,
                          int32_t pad_top, int32_t pad_left) {
  return params->kernel_rows * params->kernel_cols * params->stride_rows * params->stride_cols == 1 && pad_top == 0 &&
         pad_left == 0 && in->cols == out->cols && in->rows >= out->rows && in->upper_rows >= out->rows &&
         in->row_stride == in->cols * params->in_channels && out->row_stride == out->cols * params->out_channels;
}

void mcup_convolve_tiles(const mcup_tiles *tiles, const mcup_packed_conv2d_params *params, mcup_input *in,
                         mcup_output *out, int32_t pad_top, int32_t pad_left, void *scratch) {
  const mcup_field field = mcup_find_field(params, out->cols, scratch);
  const int32_t widest = mcup_tile_width(out->cols);
  const int32_t channels = params->out_channels, even = channels / 2 * 2;
  const mcup_tile_job job = {field.pairs, even, channels, params->output_zero_point};
  const int32_t *last_block = params->blocks + (ptrdiff_t)(channels / 2) * (field.pairs * tiles->pair_words + 6);
  if (is_one_row(params, in, out, pad_top, pad_left)) {
    in->cols *= out->rows;
    out->cols *= out->rows;
    out->rows = 1;
  }
  const int32_t clamps = params->low > -128 || params->high < 127;
  int32_t row = -pad_top;
  for (int32_t y = 0; y < out->rows; ++y, row += params->stride_rows) {
    int8_t *pixel = mcup_out_row(out, y);
    int32_t width, col = -pad_left;
    for (int32_t left = out->cols; left > 0; left -= width) {
      width = left < widest ? mcup_tile_width(left) : widest;
      mcup_tile *tile = width == 4 ? tiles->four : width == 2 ? tiles->two : tiles->one;
      mcup_make_columns(params, &field, in, row, col, width);
      if (params->sum_pairs > 0) {
        mcup_append_sums(&field, params->kernel_rows * field.row_taps, width);
      }
      if (even > 0) {
        tile(field.columns, params->blocks, pixel, &job);
      }
      if (even < channels) {
        write_last_channel(tile, &job, field.columns, last_block, pixel + even, width);
      }
      if (clamps) {
        clamp_bytes(pixel, width * channels, params->low, params->high);
      }
      pixel += (ptrdiff_t)width * channels;
      col += width * params->stride_cols;
    }
  }
}
