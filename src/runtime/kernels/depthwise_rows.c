/* Depthwise convolution row by row, for the kernels of depthwise.h: which rows are widened where, and what is made of them. */
#include "mcupatch/depthwise_kernel.h"
#include "mcupatch/window.h"

MCUP_WIDEN_LOOP(mcup_widen_single, 1)

/* Columns of the planes: what whole groups of four output pixels read, in whole groups of four. */
static int32_t mcup_plane_cols(int32_t size, int32_t stride, int32_t out_cols) {
  const int32_t cols = ((out_cols + 3) / 4 * 4 - 1) * stride + size;
  return (cols + 3) / 4 * 4;
}

/* The columns of the input window that lie in the planes: `count` of them from `first`, at column `at` of the planes. */
typedef struct {
  int32_t first;
  int32_t count;
  int32_t at;
} mcup_span;

static mcup_span mcup_find_span(int32_t in_cols, int32_t pad_left, int32_t plane_cols) {
  mcup_span span;
  span.first = pad_left < 0 ? -pad_left : 0;
  span.at = pad_left < 0 ? 0 : pad_left;
  const int32_t inside = in_cols - span.first, room = plane_cols - span.at;
  span.count = inside < room ? inside : room;
  if (span.count <= 0) {
    span.count = span.at = span.first = 0;
  }
  return span;
}

/* What the jobs of one call share. */
typedef struct {
  const mcup_input *in;
  mcup_span span;
  int32_t channels;
  int32_t zero;           /* the zero point in each byte */
  const int8_t *zero_row; /* four bytes for each channel: a row outside the window, all columns the same */
} mcup_widening;

/* Where a row is read from: column `col` of it, which may lie before the row: not all that is named is read. */
typedef struct {
  uintptr_t bytes;
  int32_t step;
} mcup_job_row;

static inline mcup_job_row mcup_find_job_row(const mcup_widening *from, int32_t row, int32_t col) {
  mcup_job_row found = {(uintptr_t)from->zero_row, 0};
  if ((uint32_t)row < (uint32_t)from->in->rows) {
    found.bytes = (uintptr_t)mcup_in_row(from->in, row) + (uintptr_t)((intptr_t)col * from->channels);
    found.step = from->channels;
  }
  return found;
}

/* Rows `row` and row + 1 into a plane. */
static MCUP_NO_INLINE void mcup_pair_rows(const mcup_widening *from, int32_t row, int32_t planes, int16_t *plane,
                                          mcup_pair_job *job) {
  const mcup_span span = from->span;
  const int32_t skip = span.at % 2, whole = span.count - skip;
  const mcup_job_row a = mcup_find_job_row(from, row, span.first - skip);
  const mcup_job_row b = mcup_find_job_row(from, row + 1, span.first - skip);
  job->a = (const int8_t *)a.bytes; /* NOLINT */
  job->b = (const int8_t *)b.bytes; /* NOLINT */
  job->a_step = a.step;
  job->b_step = b.step;
  job->out = plane + span.at / 2 * planes * 16;
  job->groups = skip + whole / 2;
  job->lead = 2 * skip;
  job->trail = whole % 2 * 2;
  job->zero = from->zero;
}

/* Row `row` alone. A first group that ends with padding as well is left with no groups: see mcup_widen_short. */
static MCUP_NO_INLINE void mcup_pair_columns(const mcup_widening *from, int32_t row, int16_t *plane,
                                             mcup_pair_job *job) {
  const mcup_span span = from->span;
  const int32_t lead = span.at % 4, whole = span.count + lead;
  const mcup_job_row a = mcup_find_job_row(from, row, span.first - lead);
  job->a = (const int8_t *)a.bytes;                                 /* NOLINT */
  job->b = (const int8_t *)(a.bytes + (uintptr_t)(intptr_t)a.step); /* NOLINT */
  job->a_step = job->b_step = 2 * a.step;
  job->out = plane + span.at / 4 * 16;
  job->groups = whole / 4;
  job->lead = lead;
  job->trail = whole % 4;
  job->zero = from->zero;
}

/* Rows of less than a group, with padding before and behind them. */
static void mcup_widen_short(const mcup_pair_job *jobs, int32_t count, int32_t channel) {
  for (const mcup_pair_job *job = jobs; job != jobs + count; ++job) {
    mcup_widen_group(job, 0, channel, job->lead, job->trail, job->out);
  }
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

/*
 * What makes one output row, or two. With 3x3 taps two rows share what they both read, if the second form of the weights
 * is there, where the pairs are the lower two rows and the first row is alone:
 *   rows stepped by 1:   row y = first + pairs,  row y + 1 = pairs + last
 *   rows stepped by 2:   row y = pairs + shared row,  row y + 1 = shared row + pairs of its own
 */
typedef struct {
  mcup_pair_job jobs[4]; /* those of pairs first */
  int32_t pair_jobs;
  int32_t row_jobs;
  int32_t rows;
  mcup_depthwise_target row[2];
} mcup_row_work;

/* Scratch: planes of pairs and of single rows, a row outside the window, and an output row that waits. */
typedef struct {
  int16_t *pairs[2];
  int16_t *row[2];
  int8_t *zero_row;
  int8_t *waiting;
  int32_t values; /* int16, of all planes, from pairs[0] on */
  int32_t out_cols;
} mcup_depthwise_memory;

/* Bytes of a column of all planes. */
static int32_t mcup_column_bytes(int32_t size, const mcup_packed_depthwise_params *params) {
  if (params->rows_at_once == 1) {
    return 8 * size;
  }
  return params->stride_rows == 1 ? 32 : 40;
}

size_t mcup_depthwise_rows_scratch_bytes(int32_t size, const mcup_packed_depthwise_params *params, int32_t out_cols) {
  const size_t channels = (size_t)(params->channels + 3) / 4 * 4;
  if (mcup_is_narrow(params, out_cols)) {
    return channels;
  }
  const size_t padded = ((size_t)out_cols + 3) / 4 * 4;
  const size_t cols = ((padded - 1) * (size_t)params->stride_cols + (size_t)size + 3) / 4 * 4;
  const size_t waiting = params->rows_at_once == 1 ? 0 : (size_t)out_cols * (size_t)params->channels;
  return cols * (size_t)mcup_column_bytes(size, params) + channels + (waiting + 3) / 4 * 4;
}

static mcup_depthwise_memory mcup_divide_scratch(int32_t size, const mcup_packed_depthwise_params *params,
                                                 int32_t out_cols, void *scratch) {
  const int32_t plane_cols = mcup_plane_cols(size, params->stride_cols, out_cols);
  mcup_depthwise_memory memory;
  memory.out_cols = out_cols;
  int16_t *next = (int16_t *)scratch;
  memory.values = plane_cols * mcup_column_bytes(size, params) / 2;
  memory.pairs[0] = memory.pairs[1] = next;
  next += (ptrdiff_t)plane_cols * (size / 2) * 8;
  if (params->rows_at_once == 2 && params->stride_rows != 1) {
    memory.pairs[1] = next;
    next += (ptrdiff_t)plane_cols * 8;
  }
  memory.row[0] = memory.row[1] = next;
  if (params->rows_at_once == 2 && params->stride_rows == 1) {
    memory.row[1] = next + (ptrdiff_t)plane_cols * 4;
  }
  memory.zero_row = (int8_t *)((int16_t *)scratch + memory.values);
  memory.waiting = memory.zero_row + (params->channels + 3) / 4 * 4;
  return memory;
}

void mcup_fill_words(void *start, int32_t bytes, uint32_t value) {
  uint32_t *words = (uint32_t *)start;
  MCUP_NO_UNROLL
  for (int32_t i = 0; i < bytes / 4; ++i) {
    words[i] = value;
  }
}

static void mcup_set_target(mcup_row_work *work, const mcup_packed_depthwise_params *params,
                            const mcup_depthwise_memory *memory, int32_t i, const int32_t *blocks, int8_t *out) {
  mcup_depthwise_target *target = &work->row[i];
  target->blocks = blocks;
  target->pairs = memory->pairs[i];
  target->row = memory->row[i];
  target->pixel_stride = params->channels;
  target->bytes = out;
  target->cols = memory->out_cols;
  target->zero_point = params->output_zero_point;
}

static void mcup_plan_row(int32_t size, const mcup_packed_depthwise_params *params, const mcup_widening *from,
                          const mcup_depthwise_memory *memory, int32_t start, int8_t *out, mcup_row_work *work) {
  const int32_t planes = size / 2;
  MCUP_NO_UNROLL
  for (int32_t plane = 0; plane < planes; ++plane) {
    mcup_pair_rows(from, start + 2 * plane, planes, memory->pairs[0] + 16 * plane, &work->jobs[plane]);
  }
  mcup_pair_columns(from, start + size - 1, memory->row[0], &work->jobs[planes]);
  work->pair_jobs = planes;
  work->row_jobs = work->rows = 1;
  mcup_set_target(work, params, memory, 0, params->blocks, out);
}

static void mcup_plan_two_rows(const mcup_packed_depthwise_params *params, const mcup_widening *from,
                               const mcup_depthwise_memory *memory, int32_t start, int8_t *out, mcup_row_work *work) {
  const int32_t apart = params->stride_rows != 1;
  mcup_pair_rows(from, apart ? start : start + 1, 1, memory->pairs[0], &work->jobs[0]);
  if (apart) {
    mcup_pair_rows(from, start + 3, 1, memory->pairs[1], &work->jobs[1]);
    mcup_pair_columns(from, start + 2, memory->row[0], &work->jobs[2]);
  } else {
    mcup_pair_columns(from, start, memory->row[0], &work->jobs[1]);
    mcup_pair_columns(from, start + 3, memory->row[1], &work->jobs[2]);
  }
  work->pair_jobs = apart ? 2 : 1;
  work->row_jobs = 3 - work->pair_jobs;
  work->rows = 2;
  mcup_set_target(work, params, memory, 0, apart ? params->blocks : params->lower_blocks, out);
  mcup_set_target(work, params, memory, 1, apart ? params->lower_blocks : params->blocks, memory->waiting);
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

/* All channels of what `work` plans. */
static void mcup_run_work(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                          const mcup_row_work *work, int32_t has_input) {
  const int32_t channels = params->channels, words = mcup_depthwise_words(size, params->stride_cols);
  mcup_depthwise_four *four = params->corrects_halves ? loops->four_corrected : loops->four;
  const mcup_pair_job *row_jobs = work->jobs + work->pair_jobs;
  const int32_t is_short = row_jobs->groups == 0 && row_jobs->lead > 0;
  const int32_t alike = size == 3 && !is_short; /* jobs of pairs and of rows: one plane lies like the other */
  const int32_t pair_jobs = has_input ? work->pair_jobs + (alike ? work->row_jobs : 0) : 0;
  const int32_t jobs_apart = has_input && !alike ? work->row_jobs : 0;
  mcup_widen_pairs *widen_apart = is_short ? mcup_widen_short : mcup_widen_single;
  int32_t block = 0;
  for (int32_t first = 0; first < channels; first += 4, block += 16 * words) {
    const int32_t channel = first + 4 <= channels ? first : channels - 4;
    if (pair_jobs > 0) {
      loops->widen_pairs(work->jobs, pair_jobs, channel);
    }
    if (jobs_apart > 0) {
      widen_apart(row_jobs, jobs_apart, channel);
    }
    four(work->row, work->rows, block, channel);
  }
}

void mcup_depthwise_rows(int32_t size, const mcup_depthwise_loops *loops, const mcup_packed_depthwise_params *params,
                         const mcup_input *in, const mcup_output *out, int32_t pad_top, int32_t pad_left,
                         void *scratch) {
  const int32_t plane_cols = mcup_plane_cols(size, params->stride_cols, out->cols);
  const int32_t row_bytes = out->cols * params->channels;
  const mcup_depthwise_memory memory = mcup_divide_scratch(size, params, out->cols, scratch);
  const uint32_t zero = 0x01010101U * (uint8_t)params->input_zero_point;
  const mcup_widening from = {in, mcup_find_span(in->cols, pad_left, plane_cols), params->channels, (int32_t)zero,
                              memory.zero_row};
  const int32_t last_col = (out->cols - 1) * params->stride_cols + size;
  if (from.span.at > 0 || from.span.count < last_col) { /* the planes hold padding through the whole call */
    mcup_fill_words(scratch, 2 * memory.values,
                    MCUP_DEPTHWISE_ASM ? 0x00010001U * (uint16_t)params->input_zero_point : zero);
  }
  if (pad_top > 0 || (out->rows - 1) * params->stride_rows - pad_top + size > in->rows) {
    mcup_fill_words(memory.zero_row, params->channels + 3, zero);
  }
  for (int32_t y = 0; y < out->rows;) {
    const int32_t start = y * params->stride_rows - pad_top;
    int8_t *row = mcup_out_row(out, y);
    const int32_t two = params->rows_at_once == 2 && y + 1 < out->rows;
    mcup_row_work work;
    if (two) {
      mcup_plan_two_rows(params, &from, &memory, start, row, &work);
    } else {
      mcup_plan_row(size, params, &from, &memory, start, row, &work);
    }
    mcup_run_work(size, loops, params, &work, from.span.count > 0);
    for (int32_t i = 0; i < work.rows; ++i, ++y) {
      if (params->low > -128 || params->high < 127) {
        mcup_clamp_bytes(work.row[i].bytes, row_bytes, params->low, params->high);
      }
      if (i > 0) {
        mcup_copy_row(work.row[i].bytes, mcup_out_row(out, y), row_bytes);
      }
    }
  }
}
