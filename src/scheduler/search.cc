#include "search.h"

#include <algorithm>

namespace mcupatch::scheduler {
namespace {

// The best of the ways to run everything before an operator.
struct PathPoint {
  int64_t cost;  // the most of all stages
  Work work;
  int first;   // of the last stage
  int before;  // index of the point before it
  StagePoint stage;
};

void AddPoint(std::vector<PathPoint> &front, const PathPoint &point) {
  const auto beats = [](const PathPoint &a, const PathPoint &b) { return a.cost <= b.cost && a.work <= b.work; };
  if (std::any_of(front.begin(), front.end(), [&](const PathPoint &other) { return beats(other, point); })) {
    return;
  }
  front.erase(std::remove_if(front.begin(), front.end(), [&](const PathPoint &other) { return beats(point, other); }),
              front.end());
  front.push_back(point);
}

}  // namespace

std::vector<FoundSchedule> FindSchedules(const Network &network, const SearchSpace &space, Goal goal) {
  const SegmentTable table(network, space);
  const int count = network.size();
  std::vector<std::unique_ptr<StageChain>> chains(count);
  std::vector<std::vector<PathPoint>> paths(count + 1);
  paths[0].push_back({0, {}, 0, 0, {}});
  for (int first = 0; first < count; ++first) {
    if (paths[first].empty() || network.crossing_bytes[first] > space.budget_bytes) {
      continue;
    }
    chains[first] = std::make_unique<StageChain>(network, table, space, goal, first);
    for (int last = first; last < count; ++last) {
      for (const StagePoint &stage : chains[first]->points(last)) {
        for (size_t i = 0; i < paths[first].size(); ++i) {
          const PathPoint &before = paths[first][i];
          const PathPoint point = {std::max(before.cost, stage.cost), before.work + stage.work, first,
                                   static_cast<int>(i), stage};
          if (space.work_first || point.work.first <= space.most_extra_macs) {
            AddPoint(paths[last + 1], point);
          }
        }
      }
    }
  }
  std::vector<FoundSchedule> found;
  for (const PathPoint &end : paths[count]) {
    FoundSchedule schedule = {0, end.work, {}};
    const PathPoint *point = &end;
    for (int stop = count; stop > 0; stop = point->first, point = &paths[stop][point->before]) {
      FoundStage stage = {point->first, stop - 1, point->stage.bytes, {}};
      for (const SegmentOption *option : chains[point->first]->Trace(point->stage)) {
        stage.segments.push_back(*option);
      }
      schedule.bytes = std::max(schedule.bytes, stage.bytes);
      schedule.stages.push_back(std::move(stage));
    }
    std::reverse(schedule.stages.begin(), schedule.stages.end());
    found.push_back(std::move(schedule));
  }
  std::sort(found.begin(), found.end(),
            [](const FoundSchedule &a, const FoundSchedule &b) { return a.bytes < b.bytes; });
  return found;
}

int64_t FindLeastBytes(const Network &network, SearchSpace space) {
  const int64_t most = space.budget_bytes;
  // No schedule within a budget: all of them were ruled out, so the least bytes are above it.
  for (int64_t budget = 4096;; budget += budget / 4) {
    space.budget_bytes = std::min(budget, most);
    const std::vector<FoundSchedule> found = FindSchedules(network, space, Goal::kBytes);
    if (!found.empty()) {
      return found[0].bytes;
    }
    if (budget >= most) {
      return kNone;
    }
  }
}

}  // namespace mcupatch::scheduler
