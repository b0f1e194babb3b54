// One axis of a segment, walked from its last operator backwards: what every operator computes at each step, what is
// read, and what has to be held. The same numbers as python/mcupatch/schedule/axis_walk.py, which explains them.
//
// A walk grows by one operator at a time, towards the front: what an operator computes follows from those after it
// alone, so one walk serves all segments that end with the same operator.
#pragma once

#include <algorithm>
#include <climits>
#include <vector>

#include "network.h"

namespace mcupatch::scheduler {

// What the memory and the work of an operator's output follow from, along one axis, in positions.
struct AxisStats {
  int held = 0;      // most that is held at once
  int computed = 0;  // most that one step computes
  int kept = 0;      // most that is held of what earlier steps computed
  int active = 0;    // steps that compute anything; narrow ones compute kNarrowCols at most
  int narrow = 0;
  int64_t computed_sum = 0, kept_sum = 0;
  int64_t narrow_sum = 0, odd_sum = 0;  // of what is computed, by narrow steps, and outside groups of two
  int64_t groups = 0;                   // fours, twos and ones that make up what the other steps compute
  int64_t wide_odd_sum = 0;             // of what these compute, outside pairs
  int kept_steps = 0;                   // that hold something from before
  int moved_steps = 0;                  // of those, the ones that drop something, and what they hold from before
  int64_t moved_sum = 0;
  // To and from a row cache: rows moved up in it or copied to it; columns copied, and the tiles that do so.
  int64_t cached_rows = 0, flushed_cols = 0;
  int flushed_tiles = 0;

  // What one step computes.
  void AddComputed(int positions) {
    computed = std::max(computed, positions);
    active += positions > 0;
    computed_sum += positions;
    odd_sum += positions % 2;
    if (positions <= kNarrowCols) {
      narrow += positions > 0;
      narrow_sum += positions;
    } else {
      groups += positions / 4 + positions / 2 % 2 + positions % 2;
      wide_odd_sum += positions % 2;
    }
  }
};

// A tensor that the operators so far read and that none of them computes. Half-open intervals by step, equal ends: none.
struct OpenTensor {
  // `stride * tile stop + offset` is how far it has to be computed, as if tensors had no ends; the farthest counts,
  // none: it is not wanted.
  struct Stop {
    int stride, offset;
  };
  int id;
  std::vector<Stop> stops;
  int last_stop = INT_MIN;  // the same at the last tile, where tensors end
  std::vector<int> start, stop;
  // Whether the last operator goes through it element by element, so that it reads no later than it writes over what
  // it reads; then where the others read from, INT_MAX: nowhere.
  bool in_step = false;
  std::vector<int> ahead;

  int StopAt(int tile_stop) const;
  // How far this one has to be computed for `reader`, an output that is computed from it.
  void AddStops(const OpenTensor &reader, const AxisAccess &access);
};

class AxisWalk {
 public:
  AxisWalk(const Network &network, int last, Axis axis, int tile);

  // The same as a new one, in the memory of this one.
  void Restart(int last, Axis axis, int tile);

  // Adds operator `op`, the one before the first so far. `live_out`: all of its output is wanted outside.
  // `stops`: how far its output has to be computed at each step, where that does not follow from its readers.
  AxisStats Push(int op, bool recomputed, bool live_out, const std::vector<int> *stops = nullptr);

  // Steps before the first tile are added on demand by Push; here those that `stops` was made for.
  void WarmUp(int steps);

  int tiles() const {
    return tiles_;
  }
  int steps() const {
    return tiles_ + warm_up_;
  }
  int warm_up() const {
    return warm_up_;
  }
  // The end of the tile of a step, not clipped.
  int TileStop(int step) const {
    return (step - warm_up_ + 1) * tile_;
  }
  // What the walked operators read and do not compute.
  const std::vector<OpenTensor> &open() const {
    return open_;
  }
  const OpenTensor *FindOpen(int tensor) const;
  int last() const {
    return last_;
  }
  // Whether the operator added last computes the same at each step as in `other`.
  bool ComputesLike(const AxisWalk &other) const {
    return start_ == other.start_ && stop_ == other.stop_;
  }

 private:
  OpenTensor &Open(int tensor);
  void AddReads(int op, const OpenTensor &wanted);
  AxisStats Summarise(const OpenTensor *read, bool recomputed);

  const Network *network_;
  int last_;
  Axis axis_;
  int tile_, tiled_, size_, tiles_;
  int warm_up_ = 0;
  std::vector<OpenTensor> open_, spare_;  // spare ones keep their memory
  std::vector<int> start_, stop_, held_;  // what the operator being pushed computes, and from where on it is held
};

}  // namespace mcupatch::scheduler
