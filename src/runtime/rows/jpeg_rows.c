/*
 * Rows of a JPEG picture. Blocks come in groups (MCU), 8 or 16 picture rows high. For each band of rows that fit in
 * what is held, all groups of their row are decoded, and the samples of these rows kept, component by component.
 */
#include "mcupatch/rows/jpeg_rows.h"

#include "mcupatch/rows/jpeg_parts.h"
#include "mcupatch/rows/pixels.h"

#include <string.h>

static uint32_t groups_across(const mcup_jpeg_rows *jpeg) {
  const uint32_t width = 8u * jpeg->across;
  return (jpeg->columns + width - 1u) / width;
}

/* Samples of a component for `rows` picture rows, a power of two that divides a group's height. */
static uint32_t rows_of(const mcup_jpeg_rows *jpeg, const mcup_jpeg_component *component, int32_t rows) {
  const uint32_t own = (uint32_t)rows * component->down / jpeg->down;
  return own > 0 ? own : 1;
}

/* Divide what is held among the components, for `rows` picture rows; returns the bytes. */
static size_t place_planes(mcup_jpeg_rows *jpeg, int32_t rows) {
  size_t bytes = 0;
  for (int32_t i = 0; i < jpeg->component_count; ++i) {
    mcup_jpeg_component *component = &jpeg->components[i];
    component->stride = 8u * component->across * groups_across(jpeg);
    component->plane = (uint32_t)bytes;
    bytes += (size_t)component->stride * rows_of(jpeg, component, rows);
  }
  jpeg->held_rows = rows;
  return bytes;
}

static int32_t open_picture(mcup_jpeg_rows *jpeg, size_t held_bytes) {
  const int32_t status = mcup_jpeg_read_header(jpeg);
  if (status != MCUP_JPEG_OK) {
    return status;
  }
  if (jpeg->rows != jpeg->shape.rows || jpeg->columns != jpeg->shape.columns) {
    return MCUP_JPEG_SIZE;
  }
  int32_t rows = 8 * jpeg->down;
  while (place_planes(jpeg, rows) > held_bytes) {
    rows /= 2;
    if (rows == 0) {
      return MCUP_JPEG_MEMORY;
    }
  }
  return MCUP_JPEG_OK;
}

static void start(mcup_jpeg_rows *jpeg, const void *data, size_t bytes) {
  memset(jpeg, 0, sizeof *jpeg);
  jpeg->data = data;
  jpeg->bytes = bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

int32_t mcup_jpeg_open(mcup_jpeg_rows *jpeg, const void *data, size_t bytes, const mcup_row_shape *shape, uint8_t *held,
                       size_t held_bytes) {
  start(jpeg, data, bytes);
  jpeg->shape = *shape;
  jpeg->held = held;
  jpeg->status = open_picture(jpeg, held_bytes);
  return jpeg->status;
}

int32_t mcup_jpeg_size(const void *data, size_t bytes, int32_t *rows, int32_t *columns) {
  mcup_jpeg_rows jpeg;
  start(&jpeg, data, bytes);
  const int32_t status = mcup_jpeg_read_header(&jpeg);
  *rows = jpeg.rows;
  *columns = jpeg.columns;
  return status;
}

/* Keep of a block what lies in the band: `first` is the component's first row that is held, of those in the group. */
static void keep_samples(mcup_jpeg_block *block, const mcup_jpeg_component *component, uint8_t *plane, uint32_t first,
                         uint32_t rows, uint32_t block_row) {
  const uint32_t top = 8 * block_row, start = first > top ? first : top;
  const uint32_t stop = first + rows < top + 8 ? first + rows : top + 8;
  if (start < stop) {
    mcup_jpeg_transform_columns(block);
  }
  for (uint32_t row = start; row < stop; ++row) {
    mcup_jpeg_block_row(block, (int32_t)(row - top), plane + (row - first) * component->stride);
  }
}

static int32_t decode_group(mcup_jpeg_rows *jpeg, mcup_jpeg_place *place, uint32_t group, uint32_t band) {
  for (int32_t i = 0; i < jpeg->component_count; ++i) {
    const mcup_jpeg_component *component = &jpeg->components[i];
    const uint32_t first = band * component->down / jpeg->down;
    const uint32_t rows = rows_of(jpeg, component, jpeg->held_rows);
    for (uint32_t down = 0; down < component->down; ++down) {
      for (uint32_t across = 0; across < component->across; ++across) {
        mcup_jpeg_block block;
        const int32_t status = mcup_jpeg_read_block(jpeg, place, i, &block);
        if (status != MCUP_JPEG_OK) {
          return status;
        }
        uint8_t *plane = jpeg->held + component->plane + 8 * (group * component->across + across);
        keep_samples(&block, component, plane, first, rows, down);
      }
    }
  }
  return MCUP_JPEG_OK;
}

/* Decode the band that begins `band` rows below the top of the present row of groups. */
static int32_t decode_band(mcup_jpeg_rows *jpeg, uint32_t band) {
  const uint32_t groups = groups_across(jpeg);
  const int is_first_row = jpeg->next_row < 8 * jpeg->down;
  mcup_jpeg_place place = jpeg->place;
  for (uint32_t group = 0; group < groups; ++group) {
    int32_t status = is_first_row && group == 0 ? MCUP_JPEG_OK : mcup_jpeg_pass_restart(jpeg, &place);
    if (status == MCUP_JPEG_OK) {
      status = decode_group(jpeg, &place, group, band);
    }
    if (status != MCUP_JPEG_OK) {
      return status;
    }
  }
  if (band + (uint32_t)jpeg->held_rows == 8u * jpeg->down) { /* the last band of these groups */
    jpeg->place = place;
  }
  return MCUP_JPEG_OK;
}

/* The samples of a component for the picture row `row` of the band. */
static const uint8_t *samples_of(const mcup_jpeg_rows *jpeg, int32_t component, uint32_t row) {
  const mcup_jpeg_component *known = &jpeg->components[component];
  return jpeg->held + known->plane + known->stride * (row * known->down / jpeg->down);
}

static void write_row(const mcup_jpeg_rows *jpeg, uint32_t row, uint8_t *target) {
  const uint8_t *samples[3];
  int32_t shift[3];
  for (int32_t i = 0; i < 3; ++i) { /* a grey picture has one component for all three */
    const int32_t component = i < jpeg->component_count ? i : 0;
    samples[i] = samples_of(jpeg, component, row);
    shift[i] = jpeg->across - jpeg->components[component].across;
  }
  const int is_rgb = jpeg->is_rgb || jpeg->component_count == 1;
  for (int32_t x = 0; x < jpeg->columns; ++x) {
    const int32_t a = samples[0][x >> shift[0]], b = samples[1][x >> shift[1]], c = samples[2][x >> shift[2]];
    target = is_rgb ? mcup_put_rgb(target, &jpeg->shape, a, b, c) : mcup_put_ycc(target, &jpeg->shape, a, b, c);
  }
}

static int32_t read_row(mcup_jpeg_rows *jpeg, int32_t row, uint8_t *target) {
  if (jpeg->status != MCUP_JPEG_OK) {
    return jpeg->status;
  }
  if (row != jpeg->next_row || row >= jpeg->rows) {
    return MCUP_JPEG_ORDER;
  }
  const uint32_t in_group = (uint32_t)row % (8u * jpeg->down);
  const uint32_t in_band = in_group % (uint32_t)jpeg->held_rows;
  if (in_band == 0) {
    jpeg->status = decode_band(jpeg, in_group);
    if (jpeg->status != MCUP_JPEG_OK) {
      return jpeg->status;
    }
  }
  write_row(jpeg, in_band, target);
  jpeg->next_row = row + 1;
  return MCUP_JPEG_OK;
}

int32_t mcup_jpeg_read_int8(void *context, int32_t row, int8_t *target) {
  return read_row(context, row, (uint8_t *)target);
}

int32_t mcup_jpeg_read_uint8(void *context, int32_t row, uint8_t *target) {
  return read_row(context, row, target);
}
