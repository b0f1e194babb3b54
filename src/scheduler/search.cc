#include "search.h"

#include <algorithm>

#include "tail_search.h"

namespace mcupatch::scheduler {

namespace {

// A search with a table of its own, which holds only the segments that it needs.
FoundSchedule SearchOnce(const Network &network, const SearchSpace &space, int64_t enough_bytes = 0) {
  const BytesBefore before(network, space);
  SegmentTable table(network, space, before);
  return TailSearch(network, table, before, space, enough_bytes).Run(&table);
}

// The least work within the budget from a table that holds all segments of that budget.
FoundSchedule SearchTable(const Network &network, const SegmentTable &table, const BytesBefore &before,
                          const SearchSpace &space) {
  return TailSearch(network, table, before, space).Run();
}

// A schedule of few bytes, and by operator how few run the network from there on. No stages: none is known.
struct FewBytes {
  FoundSchedule schedule;
  std::vector<int64_t> bytes_from;
};

// The best one with a few tiles only.
FewBytes FindFewBytes(const Network &network, SearchSpace space) {
  const int64_t most = space.budget_bytes;
  space.tile_rows.resize(1);
  space.tile_cols = {space.tile_cols.front(), space.tile_cols.back()};
  space.col_parts.clear();
  space.longest = 12;
  // Never from 0 bytes, twice which is no more: a network of elements alone has no bound.
  const int64_t first = std::max<int64_t>(3 * network.least_bytes, 1024);
  for (int64_t budget = std::min(most, first);; budget = std::min(most, 2 * budget)) {
    space.budget_bytes = budget;
    const BytesBefore before(network, space);
    SegmentTable table(network, space, before);
    TailSearch search(network, table, before, space);
    FewBytes few = {search.Run(&table), {}};
    if (!few.schedule.stages.empty() || budget == most) {
      for (int first = 0; first <= network.size(); ++first) {
        few.bytes_from.push_back(search.LeastBytesFrom(first));
      }
      return few;
    }
  }
}

// Whether anything fits, where the network from an operator on need not be searched if `bytes_from` there fits.
bool Fits(const Network &network, SearchSpace space, const std::vector<int64_t> &bytes_from) {
  for (int64_t bytes : bytes_from) {
    space.known_from.push_back(bytes <= space.budget_bytes);
  }
  const BytesBefore before(network, space);
  SegmentTable table(network, space, before);
  return TailSearch(network, table, before, space).Search(&table);
}

// Whether it pays to ask for the extra MACs first: the instructions of all ways to recompute are far more to compare.
bool RecomputesForMacs(const SearchSpace &space) {
  return !space.work_first && (space.recompute_all || space.most_recomputed > 0);
}

SearchSpace CountMacsOnly(SearchSpace space) {
  space.macs_only = true;
  return space;
}

// The schedule of least instructions among those of the bytes and the extra MACs of `point`, the least of them.
FoundSchedule AddInstructions(const Network &network, SearchSpace space, const FoundSchedule &point) {
  space.budget_bytes = point.bytes;
  space.most_extra_macs = point.work.first;
  return SearchOnce(network, space);
}

}  // namespace

FoundSchedule FindLeastBytes(const Network &network, SearchSpace space) {
  space.bytes_only = true;
  FewBytes few = FindFewBytes(network, space);
  if (!few.schedule.stages.empty()) {
    space.budget_bytes = few.schedule.bytes - 1;
    if (!Fits(network, space, few.bytes_from)) {
      return few.schedule;
    }
  }
  return SearchOnce(network, space, network.least_bytes);
}

FoundSchedule FindLeastWork(const Network &network, SearchSpace space) {
  if (RecomputesForMacs(space)) {
    const SearchSpace macs = CountMacsOnly(space);
    const FoundSchedule least = SearchOnce(network, macs);
    if (least.stages.empty()) {
      return least;
    }
    space.most_extra_macs = least.work.first;
  }
  return SearchOnce(network, space);
}

FoundSchedule FindLeastBytesOfWork(const Network &network, SearchSpace space) {
  SearchSpace macs = CountMacsOnly(space);
  const BytesBefore before(network, macs);
  SegmentTable table(network, macs, before);
  table.AddAll();
  FoundSchedule best = SearchTable(network, table, before, macs);
  // Nothing fits below `too_few`; the best so far needs `best.bytes`.
  for (int64_t too_few = 0; !best.stages.empty() && too_few + 1 < best.bytes;) {
    macs.budget_bytes = too_few + (best.bytes - too_few) / 2;
    FoundSchedule found = SearchTable(network, table, before, macs);
    if (found.stages.empty()) {
      too_few = macs.budget_bytes;
    } else {
      best = std::move(found);
    }
  }
  return best.stages.empty() ? best : AddInstructions(network, space, best);
}

std::vector<FoundSchedule> FindFront(const Network &network, const SearchSpace &space) {
  const BytesBefore before(network, space);
  SegmentTable table(network, space, before);
  table.AddAll();
  std::vector<FoundSchedule> front;
  for (SearchSpace here = space;; here.budget_bytes = front.back().bytes - 1) {
    FoundSchedule found = SearchTable(network, table, before, here);
    if (found.stages.empty()) {
      return front;
    }
    if (!front.empty() && found.work <= front.back().work) {
      front.pop_back();
    }
    front.push_back(std::move(found));
  }
}

std::vector<FoundSchedule> FindMacsFront(const Network &network, const SearchSpace &space) {
  std::vector<FoundSchedule> front = FindFront(network, CountMacsOnly(space));
  for (FoundSchedule &point : front) {
    point = AddInstructions(network, space, point);
  }
  return front;
}

}  // namespace mcupatch::scheduler
