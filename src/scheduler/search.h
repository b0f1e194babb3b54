// The exact search: the cuts of a network into stages, with the segments, tiles and halo policies of each.
//
// Stages that start at one operator: dynamic programming over chains of segments, whose states are the tile rows of the
// last segment with the Pareto set of (bytes that stay, most bytes at one operator, work). Then the same over the cuts
// between stages, where bytes count by their maximum and work by its sum. What cannot fit the budget is left out;
// nothing else is, but for what something else beats in everything.
#pragma once

#include <memory>
#include <vector>

#include "network.h"
#include "segment_table.h"
#include "stage_chain.h"

namespace mcupatch::scheduler {

// A stage of a schedule: its segments, none for the whole operator `first`.
struct FoundStage {
  int first, last;
  int64_t bytes;
  std::vector<SegmentOption> segments;
};

struct FoundSchedule {
  int64_t bytes;
  Work work;
  std::vector<FoundStage> stages;
};

// The Pareto-optimal schedules within `space.budget_bytes`, ascending in bytes. `goal` kBytes: the one of least bytes,
// whatever its work; kWork: the one of least work; kFront: all.
std::vector<FoundSchedule> FindSchedules(const Network &network, const SearchSpace &space, Goal goal);

// The least bytes of all schedules that recompute nothing; `space.budget_bytes` is where they end.
int64_t FindLeastBytes(const Network &network, SearchSpace space);

}  // namespace mcupatch::scheduler
