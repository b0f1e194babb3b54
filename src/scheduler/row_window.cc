#include "row_window.h"

#include <algorithm>
#include <climits>

namespace mcupatch::scheduler {

void FindLowest(const OpenTensor &reader, int size, std::vector<int> &lowest) {
  const int count = static_cast<int>(reader.start.size());
  lowest.resize(count);
  for (int s = count - 1, low = size; s >= 0; --s) {
    low = reader.stop[s] > reader.start[s] ? std::min(low, reader.start[s]) : low;
    lowest[s] = low;
  }
}

RowWindow FindRowWindow(const OpenTensor &reader, const std::vector<int> &lowest, int size, int step) {
  RowWindow window;
  int there = 0, base = 0;
  for (size_t s = 0; s < lowest.size(); ++s) {
    while (there < reader.stop[s]) {  // a step that reads nothing stops at 0
      const int stop = std::min(there + step, size);
      const int next = std::min(lowest[s], there);
      if (next > base && there > next) {
        window.moved_rows += there - next;
        ++window.moves;
      }
      base = next;
      there = stop;
      window.rows = std::max<int64_t>(window.rows, stop - base);
    }
  }
  return window;
}

int64_t FindTrailingDistance(const Network &network, const AxisWalk &rows, const OpenTensor &open, int tile_rows,
                             bool one_wide) {
  const Operator &op = network.operators[rows.last()];
  const Tensor &output = network.tensors[op.output], &input = network.tensors[open.id];
  const int64_t output_row = output.size[kCols] * output.position_bytes;
  const int64_t input_row = input.size[kCols] * input.position_bytes;
  if (op.reduction) {  // written when everything has been read
    return 0;
  }
  // Tiles of several rows side by side: the second one reads above what the first one wrote.
  const bool in_step = open.in_step && (one_wide || tile_rows == 1);
  bool last_reads = false;
  for (const Read &read : op.reads) {
    last_reads = last_reads || read.tensor == open.id;
  }
  const bool all_read_before = one_wide && (in_step || !last_reads);
  int64_t distance = 0;
  int lowest = input.size[kRows];
  for (int s = rows.steps() - 1; s >= 0; --s) {
    const int stop = std::min(rows.TileStop(s), output.size[kRows]);
    int here = open.stop[s] > open.start[s] ? open.start[s] : INT_MAX;
    here = in_step ? open.ahead[s] : here;
    if (stop > 0) {
      const int from = all_read_before ? lowest : std::min(lowest, here);
      distance = std::max(distance, stop * output_row - from * input_row);
    }
    lowest = std::min(lowest, here);
  }
  return distance;
}

int64_t FindSaving(int64_t nbytes, const std::vector<Trailed> &dying) {
  int64_t inputs = 0, together = nbytes;
  for (const Trailed &trailed : dying) {
    inputs += trailed.nbytes;
    together = std::max(together, trailed.nbytes + RoundUp(std::min(trailed.distance, nbytes)));
  }
  return nbytes + inputs - std::max(together, inputs);
}

}  // namespace mcupatch::scheduler
