#include "stage_chain.h"

#include <algorithm>

namespace mcupatch::scheduler {

StageChain::StageChain(const Network &network, const SegmentTable &table, const SearchSpace &space, Goal goal,
                       int first)
    : network_(network), table_(table), space_(space), goal_(goal), first_(first) {
  for (const Tensor &tensor : network.tensors) {
    if (tensor.streamed && first == 0) {
      streamed_until_ = std::max(streamed_until_, tensor.last_use);
    }
  }
  points_.resize(network.size());
  front_.resize(static_cast<size_t>(network.size()) * kMostTileRows);
  AddWhole();
  Extend(first, -1);
  for (int next = first + 1; next < network.size(); ++next) {
    for (int rows = 0; rows < kMostTileRows; ++rows) {
      for (int state : front_[static_cast<size_t>(next) * kMostTileRows + rows]) {
        Extend(next, state);
      }
    }
  }
}

void StageChain::AddWhole() {
  const Operator &op = network_.operators[first_];
  if (op.whole_bytes <= space_.budget_bytes && streamed_until_ <= first_) {
    AddPoint(first_, {0, op.whole_bytes, MakeWork(0, op.whole_work), -1});
  }
}

Work StageChain::MakeWork(int64_t extra_macs, int64_t work) const {
  if (goal_ == Goal::kBytes) {
    return {};
  }
  return space_.work_first ? Work{work, extra_macs} : Work{extra_macs, work};
}

// All segments that start at `first`, after `state` (-1: as the first of the stage).
void StageChain::Extend(int first, int state) {
  const int rows = state < 0 ? 0 : states_[state].option->rows_choice;
  for (int last = first; last < network_.size(); ++last) {
    for (const SegmentOption &option : table_.at(first, last)) {
      if (state < 0) {
        Link(option, state, option.stream_window, 0);
      } else if (option.window[rows] != kNone) {
        Link(option, state, option.window[rows], option.window_work[rows]);
      }
    }
  }
}

void StageChain::Link(const SegmentOption &option, int parent, int64_t window, int64_t window_work) {
  State state = {option.persistent + window, option.temporary,
                 MakeWork(option.extra_macs, option.work + window_work), parent, &option};
  if (parent >= 0) {
    const State &before = states_[parent];
    state.persistent += before.persistent;
    state.temporary = std::max(state.temporary, before.temporary);
    state.work = state.work + before.work;
  }
  if (!space_.work_first && state.work.first > space_.most_extra_macs) {
    return;
  }
  const int64_t inside = network_.crossing_bytes[first_] + state.persistent + state.temporary;
  if (inside - option.saving > space_.budget_bytes) {
    return;
  }
  int64_t bytes = inside + network_.LiveOutBytes(option.first, option.last);
  if (parent < 0) {
    bytes -= option.saving;
  }
  const bool ends = bytes <= space_.budget_bytes && streamed_until_ <= option.last;
  const bool goes_on = option.last + 1 < network_.size() && inside <= space_.budget_bytes && MayFollow(option.last + 1);
  if (!ends && !goes_on) {
    return;
  }
  const int index = static_cast<int>(states_.size());
  bool kept = false;
  if (goes_on) {
    std::vector<int> &front = front_[static_cast<size_t>(option.last + 1) * kMostTileRows + option.rows_choice];
    const auto beats = [](const State &a, const State &b) {
      return a.persistent <= b.persistent && a.temporary <= b.temporary && a.work <= b.work;
    };
    if (std::none_of(front.begin(), front.end(), [&](int other) { return beats(states_[other], state); })) {
      front.erase(std::remove_if(front.begin(), front.end(), [&](int other) { return beats(state, states_[other]); }),
                  front.end());
      front.push_back(index);
      kept = true;
    }
  }
  if (ends) {
    kept = AddPoint(option.last, {0, bytes, state.work, index}) || kept;
  }
  if (kept) {
    states_.push_back(state);
  }
}

// Whether one tensor alone, the output of the operator before, goes on from within the stage.
bool StageChain::MayFollow(int first) const {
  return network_.lone_since[first] <= first_ && streamed_until_ < first;
}

bool StageChain::AddPoint(int last, StagePoint point) {
  point.cost = goal_ == Goal::kWork ? 0 : point.bytes;
  std::vector<StagePoint> &front = points_[last];
  const auto beats = [](const StagePoint &a, const StagePoint &b) { return a.cost <= b.cost && a.work <= b.work; };
  if (std::any_of(front.begin(), front.end(), [&](const StagePoint &other) { return beats(other, point); })) {
    return false;
  }
  front.erase(
      std::remove_if(front.begin(), front.end(), [&](const StagePoint &other) { return beats(point, other); }),
      front.end());
  front.push_back(point);
  return true;
}

std::vector<const SegmentOption *> StageChain::Trace(const StagePoint &point) const {
  std::vector<const SegmentOption *> segments;
  for (int state = point.state; state >= 0; state = states_[state].parent) {
    segments.push_back(states_[state].option);
  }
  std::reverse(segments.begin(), segments.end());
  return segments;
}

}  // namespace mcupatch::scheduler
