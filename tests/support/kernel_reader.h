/* The fields of a kernel blob (kernel_driver.c), read one after the other. */
#ifndef KERNEL_READER_H
#define KERNEL_READER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "mcupatch/kernels.h"

enum { MAX_ARRAYS = 512 };

typedef struct {
  uint8_t *next; /* the word to read */
  int32_t count;
  uint8_t *home[MAX_ARRAYS]; /* in the blob */
  uint8_t *array[MAX_ARRAYS];
  int32_t size[MAX_ARRAYS];
  int32_t overruns; /* scratches written beyond their end */
} reader;

static inline int32_t next_int(reader *from) {
  int32_t value;
  memcpy(&value, from->next, 4);
  from->next += 4;
  return value;
}

static inline float next_float(reader *from) {
  float value;
  memcpy(&value, from->next, 4);
  from->next += 4;
  return value;
}

static inline void *next_array(reader *from) {
  const int32_t index = next_int(from);
  return index < 0 ? NULL : from->array[index];
}

static inline mcup_requant next_requant(reader *from) {
  mcup_requant requant;
  requant.multiplier = next_array(from);
  requant.shift = next_array(from);
  requant.scale = next_array(from);
  requant.scale_double = next_array(from);
  requant.per_channel = next_int(from);
  requant.zero_point = next_int(from);
  requant.low = next_int(from);
  requant.high = next_int(from);
  return requant;
}

static inline mcup_input next_input(reader *from) {
  mcup_input window;
  const uint8_t *array = next_array(from);
  window.data = array + next_int(from);
  window.rows = next_int(from);
  window.cols = next_int(from);
  window.row_stride = next_int(from);
  window.upper_rows = next_int(from);
  array = next_array(from);
  const int32_t offset = next_int(from);
  window.lower = array == NULL ? NULL : array + offset;
  window.lower_stride = next_int(from);
  return window;
}

static inline mcup_output next_output(reader *from) {
  const mcup_input window = next_input(from);
  return mcup_out_window((void *)window.data, window.rows, window.cols, window.row_stride);
}

/* Scratch holds rubbish when a kernel starts, and has a guard behind it. `spare`: see run_blob. */
void *take_scratch(void *spare, size_t bytes);
void give_back(reader *from, void *scratch, size_t bytes);

/* Reads one call and makes it. */
void run_call(reader *from, void *spare);

/* The calls of kernel_part_calls.c. */
void call_mean_parts(reader *from, void *spare);
void call_avg_pool_parts(reader *from, void *spare);
void call_move(reader *from);

/* Those of kernel_packed_calls.c. */
void call_packed(reader *from, void *spare);

mcup_pool_params next_pool(reader *from);
mcup_mean_params next_mean(reader *from);

#endif /* KERNEL_READER_H */
