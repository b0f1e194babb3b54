// The exact search: the cuts of a network into stages, with the segments, tiles and halo policies of each.
//
// Dynamic programming from the last operator to the first. What follows an operator is known by little:
//
//   at a cut between stages      the best way to run all that follows
//   at a cut between segments    for each choice of tile rows before it, the tails: ways to finish the stage and all that
//                                follows it, which differ in the bytes that stay for all of the stage, the most bytes
//                                at one operator, and the work
//
// Of tails only those stay that no other one beats in everything. What cannot fit the budget is left out. Nothing else
// is, so what is found is the best there is.
//
// Least bytes: a search with a few tiles gives a schedule; then it is asked whether anything fits in a byte less. Where
// the first search runs the network from an operator on in so few bytes, the second one need not look for that part.
#pragma once

#include <cstdint>
#include <vector>

#include "network.h"
#include "segment_table.h"

namespace mcupatch::scheduler {

// A stage of a schedule: its segments, none for the whole operator `first`.
struct FoundStage {
  int first, last;
  int64_t bytes;
  std::vector<SegmentOption> segments;
};

// No stages: nothing fits.
struct FoundSchedule {
  int64_t bytes = kNone;
  Work work;
  std::vector<FoundStage> stages;
};

// The schedule of least bytes. `space.budget_bytes` is where the search for it ends.
FoundSchedule FindLeastBytes(const Network &network, SearchSpace space);

// The schedule of least work within `space.budget_bytes`.
FoundSchedule FindLeastWork(const Network &network, SearchSpace space);

// The schedule of least bytes within `space.most_extra_macs`, of those the one of least work.
FoundSchedule FindLeastBytesOfWork(const Network &network, SearchSpace space);

// The Pareto-optimal schedules within `space.budget_bytes`, descending in bytes, ascending in work.
std::vector<FoundSchedule> FindFront(const Network &network, const SearchSpace &space);

// The same against extra MACs alone; of each, the one of least instructions.
std::vector<FoundSchedule> FindMacsFront(const Network &network, const SearchSpace &space);

}  // namespace mcupatch::scheduler
