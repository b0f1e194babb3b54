// The stages that start at one operator: chains of segments, and what each costs.
#pragma once

#include <cstdint>
#include <vector>

#include "network.h"
#include "segment_table.h"

namespace mcupatch::scheduler {

// What the search looks at: bytes alone, work within a budget, or both.
enum class Goal { kBytes, kWork, kFront };

// One way to run a stage; `state` is the last link of its chain, or -1 for a whole operator.
struct StagePoint {
  int64_t cost;  // bytes, 0 if only their budget counts
  int64_t bytes;
  Work work;
  int state;
};

class StageChain {
 public:
  // All stages that start at `first`.
  StageChain(const Network &network, const SegmentTable &table, const SearchSpace &space, Goal goal, int first);

  // Pareto-optimal points of the stage of operators `first` to `last`, ascending in bytes.
  const std::vector<StagePoint> &points(int last) const {
    return points_[last];
  }
  // The segments of a point, in order.
  std::vector<const SegmentOption *> Trace(const StagePoint &point) const;

 private:
  struct State {
    int64_t persistent, temporary;
    Work work;
    int parent;
    const SegmentOption *option;
  };
  void AddWhole();
  void Extend(int first, int state);
  void Link(const SegmentOption &option, int state, int64_t window, int64_t window_work);
  bool AddPoint(int last, StagePoint point);
  bool MayFollow(int first) const;
  Work MakeWork(int64_t extra_macs, int64_t work) const;

  const Network &network_;
  const SegmentTable &table_;
  const SearchSpace &space_;
  const Goal goal_;
  const int first_;
  int streamed_until_ = -1;  // the last operator that reads a streamed input
  std::vector<State> states_;
  std::vector<std::vector<int>> front_;  // by next operator * kMostTileRows + tile rows of the segment before
  std::vector<std::vector<StagePoint>> points_;
};

}  // namespace mcupatch::scheduler
