#include "search.h"

#include <algorithm>

#include "tail_search.h"

namespace mcupatch::scheduler {

FoundSchedule FindLeastBytes(const Network &network, SearchSpace space) {
  const int64_t most = space.budget_bytes;
  space.bytes_only = true;
  int64_t budget = std::min(most, network.least_bytes);
  for (int64_t below = 0;; below = budget, budget = std::min(most, budget + budget / 4)) {
    space.budget_bytes = budget;
    const SegmentTable table(network, space);
    const FoundSchedule found = TailSearch(network, table, space, true, below).Run();
    if (!found.stages.empty() || budget == most) {
      return found;
    }
  }
}

FoundSchedule FindLeastWork(const Network &network, const SegmentTable &table, const SearchSpace &space) {
  return TailSearch(network, table, space, false).Run();
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
