/* Depthwise convolution row by row, for the kernels of depthwise.h: which rows are widened where, and what is made of them. */
#include "mcupatch/depthwise_kernel.h"
#include "mcupatch/window.h"

MCUP_WIDEN_LOOP(mcup_widen_single, 1)

/* The columns of the input window that are read: `count` of them from `first`, at column `at` of the planes. */
typedef struct {
  int32_t first;
  int32_t count;
  int32_t at;
} mcup_span;

/* `cols`: those of the planes that outputs are made of. */
static inline mcup_span mcup_find_span(int32_t in_cols, int32_t pad_left, int32_t cols) {
  mcup_span span;
  span.first = pad_left < 0 ? -pad_left : 0;
  span.at = pad_left < 0 ? 0 : pad_left;
  const int32_t inside = in_cols - span.first, room = cols - span.at;
  span.count = inside < room ? inside : room;
  if (span.count <= 0) {
    span.count = span.at = span.first = 0;
  }
  return span;
}

/* How a span lies in the groups of a plane. */
typedef struct {
  int32_t start;  /* where the first group starts, as a byte of a row: it may lie before the row, not all is read */
  int32_t before; /* values of groups that are padding */
  mcup_job_extent extent;
} mcup_plane_span;

/* `group_cols`: 2 or 4, a constant; `group_values`: how far apart groups lie. */
static inline mcup_plane_span mcup_split_span(mcup_span span, uint32_t group_cols, int32_t group_values,
                                              int32_t channels) {
  const uint32_t at = (uint32_t)span.at, skip = at % group_cols, whole = (uint32_t)span.count + skip;
  mcup_plane_span plane;
  plane.start = (span.first - (int32_t)skip) * channels;
  plane.before = (int32_t)(at / group_cols) * group_values;
  plane.extent.groups = (int32_t)(whole / group_cols);
  plane.extent.lead = (int32_t)(skip * (MCUP_PLACES / group_cols));
  plane.extent.trail = (int32_t)(whole % group_cols * (MCUP_PLACES / group_cols));
  if (whole < group_cols && skip == 0) {
    plane.extent.lead = MCUP_PLACES;
  }
  return plane;
}

/* What the jobs of one call share. */
typedef struct {
  const mcup_input *in;
  mcup_plane_span pairs;
  mcup_plane_span row;
  int32_t channels;
  const int8_t *zero_row; /* four bytes for each channel: a row outside the window, all columns the same */
} mcup_widening;

/* Where a row is read from: byte `start` of it. */
typedef struct {
  uintptr_t bytes;
  int32_t step;
} mcup_job_row;

static inline mcup_job_row mcup_find_job_row(const mcup_widening *from, int32_t row, int32_t start) {
  mcup_job_row found = {(uintptr_t)from->zero_row, 0};
  if ((uint32_t)row < (uint32_t)from->in->rows) {
    found.bytes = (uintptr_t)mcup_in_row(from->in, row) + (uintptr_t)(intptr_t)start;
    found.step = from->channels;
  }
  return found;
}

/* `last`: MCUP_LAST_JOB, or 0. */
static inline void mcup_set_job(const mcup_plane_span *span, mcup_job_row a, mcup_job_row b, int16_t *plane,
                                int32_t last, mcup_pair_job *job) {
  job->a = (const int8_t *)a.bytes; /* NOLINT */
  job->b = (const int8_t *)b.bytes; /* NOLINT */
  job->a_step = a.step;
  job->b_step = b.step;
  job->out = plane + span->before;
  job->extent.groups = span->extent.groups;
  job->extent.lead = span->extent.lead;
  job->extent.trail = span->extent.trail + last;
}

/* Rows `row` and row + 1 into a plane. */
static inline void mcup_pair_rows(const mcup_widening *from, int32_t row, int16_t *plane, int32_t last,
                                  mcup_pair_job *job) {
  const mcup_job_row a = mcup_find_job_row(from, row, from->pairs.start);
  const mcup_job_row b = mcup_find_job_row(from, row + 1, from->pairs.start);
  mcup_set_job(&from->pairs, a, b, plane, last, job);
}

/* Row `row` alone. */
static inline void mcup_pair_columns(const mcup_widening *from, int32_t row, int16_t *plane, int32_t last,
                                     mcup_pair_job *job) {
  mcup_job_row a = mcup_find_job_row(from, row, from->row.start), b = a;
  b.bytes += (uintptr_t)(intptr_t)a.step;
  a.step = b.step = 2 * a.step;
  mcup_set_job(&from->row, a, b, plane, last, job);
}

/* The few layers whose clamp is not the whole type take another pass over their rows. */
void mcup_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high) {
  int32_t i = 0;
#if MCUP_THUMB_DSP
  const uint32_t below = 0x01010101U * (uint32_t)(low + 128);
  const uint32_t above = 0x01010101U * (uint32_t)(127 - high);
  MCUP_NO_UNROLL
  for (; i + 4 <= count; i += 4) { /* saturates at both ends of an unsigned byte */
    const uint32_t word = (uint32_t)mcup_load4(bytes + i) ^ 0x80808080U;
    const uint32_t raised = __uqadd8(__uqsub8(word, below), below);
    mcup_store4(bytes + i, (int32_t)(__uqsub8(__uqadd8(raised, above), above) ^ 0x80808080U));
  }
#endif
  for (; i < count; ++i) {
    bytes[i] = (int8_t)mcup_clamp(bytes[i], low, high);
  }
}

/* Whether a window of `out_rows` rows has two that are made together. */
static inline int32_t mcup_pairs_rows(const mcup_packed_depthwise_params *params, int32_t out_rows) {
  return params->rows_at_once == 2 && out_rows > 1;
}

/* Bytes of a column of all planes. */
static int32_t mcup_column_bytes(int32_t size, const mcup_packed_depthwise_params *params, int32_t out_rows) {
  if (!mcup_pairs_rows(params, out_rows)) {
    return 8 * size;
  }
  return params->stride_rows == 1 ? 32 : 40;
}

size_t mcup_depthwise_rows_scratch_bytes(int32_t size, const mcup_packed_depthwise_params *params, int32_t out_rows,
                                         int32_t out_cols) {
  const size_t channels = (size_t)(params->channels + 3) / 4 * 4;
  if (mcup_is_narrow(params, out_rows, out_cols)) {
    return channels;
  }
  const size_t padded = ((size_t)out_cols + 3) / 4 * 4;
  const size_t cols = ((padded - 1) * (size_t)params->stride_cols + (size_t)size + 3) / 4 * 4;
  const size_t waiting = mcup_pairs_rows(params, out_rows) ? (size_t)out_cols * (size_t)params->channels : 0;
  return cols * (size_t)mcup_column_bytes(size, params, out_rows) + channels + (waiting + 3) / 4 * 4;
}

/*
 * Scratch: planes of pairs and of single rows, which hold what whole groups of four output pixels read, in whole groups of
 * four columns; a row outside the window, returned; and an output row that waits.
 */
static inline int8_t *mcup_divide_scratch(int32_t size, const mcup_packed_depthwise_params *params,
                                          const mcup_output *out, void *scratch, mcup_depthwise_target *rows) {
  const uint32_t padded = ((uint32_t)out->cols + 3) / 4 * 4 - 1;
  const uint32_t cols = (padded * (uint32_t)params->stride_cols + (uint32_t)size + 3) / 4 * 4;
  int16_t *next = (int16_t *)scratch;
  rows[0].pairs = rows[1].pairs = next;
  next += cols * ((uint32_t)size / 2 * 8);
  if (mcup_pairs_rows(params, out->rows) && params->stride_rows != 1) {
    rows[1].pairs = next;
    next += cols * 8;
  }
  rows[0].row = rows[1].row = next;
  next += cols * 4;
  if (mcup_pairs_rows(params, out->rows) && params->stride_rows == 1) {
    rows[1].row = next;
    next += cols * 4;
  }
  return (int8_t *)next;
}

void mcup_fill_words(void *start, int32_t bytes, uint32_t value) {
  uint32_t *words = (uint32_t *)start;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < bytes / 4; ++i) {
    words[i] = value;
  }
}

/* The groups of a plane up to column `cols` that no job writes, and the last one, whose jobs may leave half of it. */
static MCUP_NO_INLINE void mcup_fill_padding(const mcup_plane_span *span, int32_t cols, int32_t group_cols,
                                             int32_t group_values, uint32_t value, int16_t *plane) {
  const int32_t written = span->before + span->extent.groups * group_values;
  mcup_fill_words(plane, 2 * span->before, value);
  mcup_fill_words(plane + written, 2 * ((cols + group_cols - 1) / group_cols * group_values - written), value);
}

static MCUP_NO_INLINE void mcup_plan_row(int32_t size, const mcup_packed_depthwise_params *params,
                                         const mcup_widening *from, int32_t start, int8_t *out, mcup_row_work *work) {
  mcup_pair_job *job = work->jobs;
  int16_t *plane = work->row[0].pairs;
  work->rows = 1;
  work->row[0].blocks = params->blocks;
  work->row[0].bytes = out;
  for (;;) {
    MCUP_FORGET(from); /* mostly there is one plane: nothing is worth being kept for the others */
    mcup_pair_rows(from, start, plane, 0, job);
    start += 2;
    size -= 2;
    ++job;
    if (size == 1) {
      break;
    }
    plane += 16;
  }
  if (job != work->jobs + 1) {
    job[-1].extent.trail += MCUP_LAST_JOB;
  }
  mcup_pair_columns(from, start, work->row[0].row, MCUP_LAST_JOB, job);
}

/*
 * With 3x3 taps two rows share what they both read, if the second form of the weights is there, where the pairs are the
 * lower two rows and the first row is alone:
 *   rows stepped by 1:   row y = first + pairs,  row y + 1 = pairs + last
 *   rows stepped by 2:   row y = pairs + shared row,  row y + 1 = shared row + pairs of its own
 */
static MCUP_NO_INLINE void mcup_plan_two_rows(const mcup_packed_depthwise_params *params, const mcup_widening *from,
                                              int32_t start, int8_t *out, mcup_row_work *work) {
  const int32_t apart = params->stride_rows != 1;
  mcup_depthwise_target *rows = work->row;
  mcup_pair_rows(from, apart ? start : start + 1, rows[0].pairs, 0, &work->jobs[0]);
  if (apart) {
    mcup_pair_rows(from, start + 3, rows[1].pairs, 0, &work->jobs[1]);
  } else {
    mcup_pair_columns(from, start + 3, rows[1].row, 0, &work->jobs[1]);
  }
  mcup_pair_columns(from, apart ? start + 2 : start, rows[0].row, MCUP_LAST_JOB, &work->jobs[2]);
  work->rows = 2;
  rows[0].blocks = apart ? params->blocks : params->lower_blocks;
  rows[1].blocks = apart ? params->lower_blocks : params->blocks;
  rows[0].bytes = out;
}

/* `bytes` that do not overlap; in pieces that become a few loads and stores of several words where they are aligned. */
static MCUP_NO_INLINE void mcup_copy_row(const int8_t *from, int8_t *to, int32_t bytes) {
  int32_t i = 0;
#if defined(__GNUC__)
  if ((((uintptr_t)from | (uintptr_t)to) & 3) == 0) {
    for (; i + 32 <= bytes; i += 32) {
      __builtin_memcpy(__builtin_assume_aligned(to + i, 4), __builtin_assume_aligned(from + i, 4), 32);
    }
  }
#endif
  MCUP_NO_UNROLL
  for (; i + 4 <= bytes; i += 4) {
    MCUP_MEMCPY(to + i, from + i, 4);
  }
  for (; i < bytes; ++i) {
    to[i] = from[i];
  }
}

/* What no job writes: padding beside the window, the same through the whole call. */
static MCUP_NO_INLINE void mcup_place_padding(int32_t size, const mcup_widening *from, int32_t cols, uint32_t zero,
                                              const mcup_depthwise_target *rows) {
  const uint32_t value = MCUP_DEPTHWISE_ASM ? 0x00010001U * (uint16_t)(int16_t)(int8_t)zero : zero;
  mcup_fill_padding(&from->pairs, cols, 2, size / 2 * 16, value, rows[0].pairs);
  mcup_fill_padding(&from->row, cols, 4, 16, value, rows[0].row);
  if (rows[0].pairs != rows[1].pairs) {
    mcup_fill_padding(&from->pairs, cols, 2, 16, value, rows[1].pairs);
  } else if (rows[0].row != rows[1].row) {
    mcup_fill_padding(&from->row, cols, 4, 16, value, rows[1].row);
  }
}

static MCUP_NO_INLINE void mcup_clamp_rows(const mcup_packed_depthwise_params *params, const mcup_row_work *work) {
  for (int32_t i = 0; i < work->rows; ++i) {
    mcup_clamp_bytes(work->row[i].bytes, work->cols * params->channels, params->low, params->high);
  }
}

void mcup_depthwise_rows(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                         const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
                         void *scratch) {
  const int32_t out_cols = out->cols, channels = params->channels, stride_rows = params->stride_rows;
  const int32_t cols = (out_cols - 1) * params->stride_cols + size;
  const uint32_t zero = 0x01010101U * (uint8_t)params->input_zero_point;
  mcup_row_work work;
  int8_t *zero_row = mcup_divide_scratch(size, params, out, scratch, work.row);
  const mcup_span span = mcup_find_span(in->cols, pad_left, cols);
  const mcup_widening from = {in, mcup_split_span(span, 2, size / 2 * 16, channels),
                              mcup_split_span(span, 4, 16, channels), channels, zero_row};
  if (from.pairs.before > 0 || span.at + span.count < cols) {
    mcup_place_padding(size, &from, cols, zero, work.row);
  }
  if (pad_top > 0 || (out->rows - 1) * stride_rows - pad_top + size > in->rows) {
    mcup_fill_words(zero_row, channels + 3, zero);
  }
  work.pixel_stride = channels;
  work.zero_point = params->output_zero_point;
  work.zero = (int32_t)zero;
  work.cols = out_cols;
  work.last_channel = channels - 4;
  work.row[1].bytes = zero_row + ((uint32_t)channels + 3) / 4 * 4;
  for (int32_t y = 0, start = -pad_top; y < out->rows; y += work.rows, start += work.rows * stride_rows) {
    int8_t *row = mcup_out_row(out, y);
    MCUP_FORGET(start); /* mostly there is one row, or two: nothing is worth being found once for all */
    if (mcup_pairs_rows(params, out->rows - y)) {
      mcup_plan_two_rows(params, &from, start, row, &work);
    } else {
      mcup_plan_row(size, params, &from, start, row, &work);
    }
    work.channel = 0;
    if (params->corrects_halves) {
      loops->rows_corrected(&work);
    } else {
      loops->rows(&work);
    }
    if (params->low > -128 || params->high < 127) {
      mcup_clamp_rows(params, &work);
    }
    if (work.rows == 2) {
      mcup_copy_row(work.row[1].bytes, mcup_out_row(out, y + 1), out_cols * channels);
    }
  }
}
