// Whether buffers fit into an arena of so many bytes: depth-first search with propagation.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "placement.h"

namespace mcupatch::scheduler {

enum class Verdict { kFits, kCannotFit, kUnknown };

// The highest offset of a buffer that ends before `wall`; below zero where the buffer is too long.
int64_t HighestBelow(const PlacementProblem &problem, const Wall &wall, int buffer);

// A depth-first search over the pairs that overlap when every buffer lies as low as is known to be needed.
//
// Every buffer has a range of offsets. A pair for which only one of its two ways is left has that way; a way raises
// the lower end of one range and lowers the upper end of the other. Where the buffers of one step need more bytes
// than there are between the lowest and the highest of their ends, the branch is dead.
class PlacementSearch {
 public:
  // `blame` of every pair is 1, or what an earlier search has learned (`blame()`).
  PlacementSearch(const PlacementProblem &problem, int64_t arena_bytes, std::vector<int64_t> blame);

  // Searches at most `node_limit` branches more. With kFits, `offsets` holds a placement.
  Verdict Run(int64_t node_limit);

  const std::vector<int64_t> &offsets() const {
    return offsets_;
  }
  const std::vector<int64_t> &blame() const {
    return blame_;
  }
  // Of the last run.
  int64_t nodes() const {
    return nodes_;
  }

 private:
  static constexpr int64_t kFirstAttempt = 200;

  enum class Way : uint8_t { kOpen, kBAbove, kAAbove };

  struct State {
    std::vector<int64_t> low;   // the lowest offset that is still possible
    std::vector<int64_t> high;  // the highest
    std::vector<Way> ways;      // of every pair
  };

  // What a member of a step may save by lying over another one that it may trail.
  struct Overlap {
    int lower;
    int upper;
    int64_t saved;
  };

  Verdict Branch(const State &state);
  bool Propagate(State &state);
  bool PropagatePairs(State &state);
  bool CheckPair(State &state, int pair);
  bool CheckStep(const State &state, int step);
  void BlamePairs(const std::vector<int> &buffers);
  bool Raise(State &state, int buffer, int64_t low);
  bool Lower(State &state, int buffer, int64_t high);
  int64_t AboveWalls(int buffer, int64_t low) const;
  int64_t BelowWalls(int buffer, int64_t high) const;
  void Touch(int buffer);
  std::optional<int> PickPair(const State &state) const;

  const PlacementProblem &problem_;
  const int64_t arena_bytes_;
  std::vector<std::vector<int>> pairs_of_;      // buffer -> pairs
  std::vector<std::vector<int>> steps_of_;      // buffer -> steps
  std::vector<std::vector<Overlap>> overlaps_;  // step -> overlaps
  std::vector<int> queue_;                      // buffers whose range changed
  std::vector<bool> is_queued_;
  std::vector<bool> is_step_dirty_;
  std::vector<int64_t> blame_;  // of every pair: dead ends it took part in, and one
  std::vector<int64_t> offsets_;
  int64_t nodes_ = 0;
  int64_t node_limit_ = 0;           // of this attempt
  int64_t attempt_ = kFirstAttempt;  // branches until the search begins anew
};

}  // namespace mcupatch::scheduler
