// Whether buffers fit into an arena: the ones that always find a place set aside, the rest part by part.
#pragma once

#include <cstdint>
#include <vector>

#include "placement.h"
#include "placement_search.h"

namespace mcupatch::scheduler {

struct Fit {
  Verdict verdict;
  std::vector<int64_t> offsets;  // with kFits
  int64_t nodes;
};

// Searches at most `node_limit` branches. `blame` of every pair (PlacementSearch), 1 at first, is learned from one arena
// to the next.
Fit FitIntoArena(const PlacementProblem &problem, int64_t arena_bytes, int64_t node_limit, std::vector<int64_t> &blame);

}  // namespace mcupatch::scheduler
