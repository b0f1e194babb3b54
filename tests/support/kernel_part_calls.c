/* The calls of a kernel blob whose map arrives in windows, and the moves of rows between windows. */
#include "kernel_reader.h"

/* The parameters, the output, the number of windows, the windows. */
void call_mean_parts(reader *from, void *spare) {
  const mcup_mean_params params = next_mean(from);
  const mcup_output out = next_output(from);
  const size_t bytes = mcup_sums_bytes(params.inner);
  void *sums = take_scratch(spare, bytes);
  mcup_clear_sums(params.inner, sums);
  for (int32_t left = next_int(from); left > 0; --left) {
    const mcup_input in = next_input(from);
    mcup_mean_add(params.inner, &in, sums);
  }
  mcup_mean_finish(&params, sums, out.data);
  give_back(from, sums, bytes);
}

/* The parameters, what the sums are divided by, the output, the number of windows, the windows. */
void call_avg_pool_parts(reader *from, void *spare) {
  const mcup_pool_params params = next_pool(from);
  const int32_t count = next_int(from);
  const mcup_output out = next_output(from);
  const size_t bytes = mcup_sums_bytes(params.channels);
  void *sums = take_scratch(spare, bytes);
  mcup_clear_sums(params.channels, sums);
  for (int32_t left = next_int(from); left > 0; --left) {
    const mcup_input in = next_input(from);
    mcup_avg_pool_add(&params, &in, sums);
  }
  mcup_avg_pool_finish(&params, count, sums, out.data);
  give_back(from, sums, bytes);
}

/* Bytes a row, the source window, the target window of as many rows. */
void call_move(reader *from) {
  const int32_t row_bytes = next_int(from);
  const mcup_input source = next_input(from);
  const mcup_output target = next_output(from);
  mcup_move(source.rows, row_bytes, source.data, source.row_stride, target.data, target.row_stride);
}
