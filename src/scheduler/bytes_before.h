// Least bytes that are there beside a segment because of what runs before it in its stage, and of its own front.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "network.h"
#include "segment_table.h"

namespace mcupatch::scheduler {

// For a segment that reaches an operator from behind and starts there or before it: `started` if it is the first one of
// its stage, `follows` if another one is before it.
struct LeastBefore {
  int64_t started = kNever, follows = kNever;

  int64_t least() const {
    return std::min(started, follows);
  }
};

// A segment with several tiles along the rows keeps the halo rows of all its inner tensors, unless they are recomputed;
// one with a single tile there reads and writes whole maps. Stages hold this for all of their segments at once.
class BytesBefore {
 public:
  BytesBefore(const Network &network, const SearchSpace &space);

  // Beside a segment that starts at `op` or before it, without the outputs of `op` and of those after it.
  const LeastBefore &Within(int op, bool tiled_rows) const {
    return tiled_rows ? tiled_[op] : whole_[op];
  }
  // Beside a segment that starts at `op`.
  int64_t At(int op) const {
    return at_[op].least();
  }

 private:
  bool KeepsHalos(const Network &network, const SearchSpace &space) const;

  std::vector<LeastBefore> at_, tiled_, whole_;  // by operator
};

}  // namespace mcupatch::scheduler
