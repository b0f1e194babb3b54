#include "search.h"

#include <algorithm>

#include "tail_search.h"

namespace mcupatch::scheduler {

namespace {

// A schedule of few bytes: the best one with a few tiles only.
int64_t FindFewBytes(const Network &network, SearchSpace space) {
  const int64_t most = space.budget_bytes;
  space.tile_rows.resize(1);
  space.tile_cols = {space.tile_cols.front(), space.tile_cols.back()};
  space.col_parts.clear();
  space.longest = 12;
  // Never from 0 bytes, twice which is no more: a network of elements alone has no bound.
  const int64_t first = std::max<int64_t>(3 * network.least_bytes, 1024);
  for (int64_t budget = std::min(most, first);; budget = std::min(most, 2 * budget)) {
    space.budget_bytes = budget;
    const SegmentTable table(network, space);
    const FoundSchedule found = TailSearch(network, table, space, true).Run();
    if (!found.stages.empty()) {
      return found.bytes;
    }
    if (budget == most) {
      return most;
    }
  }
}

}  // namespace

FoundSchedule FindLeastBytes(const Network &network, SearchSpace space) {
  space.bytes_only = true;
  space.budget_bytes = FindFewBytes(network, space);
  const SegmentTable table(network, space);
  return TailSearch(network, table, space, true, network.least_bytes).Run();
}

FoundSchedule FindLeastWork(const Network &network, const SegmentTable &table, const SearchSpace &space) {
  return TailSearch(network, table, space, false).Run();
}

FoundSchedule FindLeastBytesOfWork(const Network &network, const SearchSpace &space) {
  const SegmentTable table(network, space);
  SearchSpace here = space;
  FoundSchedule best = FindLeastWork(network, table, here);
  // Nothing fits below `too_few`; the best so far needs `best.bytes`.
  for (int64_t too_few = 0; !best.stages.empty() && too_few + 1 < best.bytes;) {
    here.budget_bytes = too_few + (best.bytes - too_few) / 2;
    FoundSchedule found = FindLeastWork(network, table, here);
    if (found.stages.empty()) {
      too_few = here.budget_bytes;
    } else {
      best = std::move(found);
    }
  }
  return best;
}

std::vector<FoundSchedule> FindFront(const Network &network, const SearchSpace &space) {
  const SegmentTable table(network, space);
  std::vector<FoundSchedule> front;
  for (SearchSpace here = space;; here.budget_bytes = front.back().bytes - 1) {
    FoundSchedule found = FindLeastWork(network, table, here);
    if (found.stages.empty()) {
      return front;
    }
    if (!front.empty() && found.work <= front.back().work) {
      front.pop_back();
    }
    front.push_back(std::move(found));
  }
}

}  // namespace mcupatch::scheduler
