/* Depthwise convolution of narrow windows, for the kernels of depthwise.h: where the taps of each output lie. */
#include "mcupatch/depthwise.h"
#include "mcupatch/window.h"

/* What the taps of one call share. */
typedef struct {
  const mcup_input *in;
  int32_t size;
  int32_t stride_cols;
  int32_t channels;
  const int8_t *zero_row; /* a pixel outside the window */
} mcup_tap_source;

/* The taps of a row, from column `col` on, into slots `apart`. `parts` 2: the even taps, then the odd ones. */
static MCUP_NO_INLINE void mcup_place_taps(const mcup_tap_source *from, int32_t row, int32_t col, int32_t parts,
                                           int32_t apart, const int8_t **slots) {
  const int32_t inside = row >= 0 && row < from->in->rows;
  const int32_t channels = from->channels, size = from->size, cols = inside ? from->in->cols : 0;
  const int8_t *start = inside ? mcup_in_row(from->in, row) : NULL, *zero_row = from->zero_row;
  const int32_t whole = col >= 0 && col <= cols - size;
  for (int32_t part = 0; part < parts; ++part) {
    if (whole) {
      const int8_t *pixel = start + (ptrdiff_t)(col + part) * channels;
      MCUP_NO_UNROLL
      for (int32_t left = size - part; left > 0; left -= parts) {
        *slots = pixel;
        slots += apart;
        pixel += (ptrdiff_t)parts * channels;
      }
    } else {
      MCUP_NO_UNROLL
      for (int32_t k = part; k < size; k += parts, slots += apart) {
        const int32_t at = col + k;
        *slots = at >= 0 && at < cols ? start + (ptrdiff_t)at * channels : zero_row;
      }
    }
  }
}

static void mcup_place_rows(const mcup_tap_source *from, int32_t row, int32_t col, const int8_t **slots) {
  const int32_t size = from->size, parts = mcup_pair_weight(size, from->stride_cols, 1) == 1 ? 1 : 2;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < size - 1; ++i) {
    mcup_place_taps(from, row + i, col, parts, 2, slots + i % 2);
    slots += i % 2 * 2 * size;
  }
  slots[0] = slots[1] = NULL;
  mcup_place_taps(from, row + size - 1, col, 1, 1, slots + 2);
  slots[2 + size] = NULL;
}

void mcup_depthwise_narrow(int32_t size, mcup_depthwise_output *loop, const mcup_packed_depthwise_params *params,
                           const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
                           int8_t *zero_row) {
  const int32_t channels = params->channels;
  const mcup_tap_source from = {in, size, params->stride_cols, channels, zero_row};
  const int32_t end_row = (out->rows - 1) * params->stride_rows - pad_top + size;
  const int32_t end_col = (out->cols - 1) * params->stride_cols - pad_left + size;
  mcup_narrow_output job;
  job.blocks = params->blocks;
  job.zero_point = params->output_zero_point;
  job.last_channel = channels - 4;
  if (pad_top > 0 || pad_left > 0 || end_row > in->rows || end_col > in->cols) {
    mcup_fill_words(zero_row, channels + 3, 0x01010101U * (uint8_t)params->input_zero_point);
  }
  for (int32_t y = 0; y < out->rows; ++y) {
    job.bytes = mcup_out_row(out, y);
    for (int32_t x = 0; x < out->cols; ++x, job.bytes += channels) {
      mcup_place_rows(&from, y * params->stride_rows - pad_top, x * params->stride_cols - pad_left, job.taps);
      loop(&job);
      if (params->low > -128 || params->high < 127) {
        mcup_clamp_bytes(job.bytes, channels, params->low, params->high);
      }
    }
  }
}
