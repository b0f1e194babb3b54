// The borders of a segment: the row window between it and the one before, and its output over inputs that die.
#pragma once

#include <vector>

#include "axis_walk.h"

namespace mcupatch::scheduler {

// `rows` that a row window holds at most, the rows that are moved up in it in all, and how often.
struct RowWindow {
  int64_t rows = 0, moved_rows = 0, moves = 0;
};

// By step, the lowest row that `reader` reads in it or later; `size` where there is none.
void FindLowest(const OpenTensor &reader, int size, std::vector<int> &lowest);

// The window of a tensor of `size` rows that comes `step` rows at a time as `reader` asks for them (step_order.py).
RowWindow FindRowWindow(const OpenTensor &reader, const std::vector<int> &lowest, int size, int step);

// An input that dies: its bytes, and how far below it the output must begin (schedule/trailing.py).
struct Trailed {
  int64_t nbytes, distance;
};

// For a stage of one segment with tiles of `tile_rows` rows: the distance of its output below the whole tensor `open`.
// `one_wide`: a step is one tile, so all but the last operator have read before that one writes.
int64_t FindTrailingDistance(const Network &network, const AxisWalk &rows, const OpenTensor &open, int tile_rows,
                             bool one_wide);

// Bytes that an output of `nbytes` shares with the inputs `dying`.
int64_t FindSaving(int64_t nbytes, const std::vector<Trailed> &dying);

}  // namespace mcupatch::scheduler
