#include "tail_search.h"

#include <algorithm>
#include <limits>

#include "interrupt.h"

namespace mcupatch::scheduler {

TailSearch::TailSearch(const Network &network, const SegmentTable &table, const BytesBefore &before,
                       const SearchSpace &space, int64_t enough_bytes)
    : network_(network), table_(table), before_(before), space_(space), enough_bytes_(enough_bytes) {
  tails_.resize(static_cast<size_t>(network.size() + 1) * kMostTileRows);
  rest_.resize(network.size() + 1);
}

FoundSchedule TailSearch::Run(SegmentTable *filled) {
  return Search(filled) ? WriteSchedule() : FoundSchedule();
}

bool TailSearch::Search(SegmentTable *filled) {
  const int count = network_.size();
  rest_[count].found = true;
  rest_[count].work = {space_.bytes_only ? enough_bytes_ : 0, 0};
  for (int first = count - 1; first >= 0; --first) {
    StopIfInterrupted();
    if (filled != nullptr) {
      filled->Add(first, FindBytesAfter(first));
    }
    SearchFrom(first);
  }
  return rest_[0].found && (space_.bytes_only || space_.work_first || rest_[0].work.first <= space_.most_extra_macs);
}

FoundSchedule TailSearch::WriteSchedule() const {
  const int count = network_.size();
  FoundSchedule found;
  for (int at = 0; at < count;) {
    const Rest &rest = rest_[at];
    FoundStage stage = {at, at, rest.bytes, {}};
    int next = rest.next;
    for (const SegmentOption *option = rest.option; option != nullptr;) {
      stage.segments.push_back(*option);
      stage.last = option->last;
      if (next < 0) {
        break;
      }
      const Tail &tail = tails(option->last + 1, option->rows_choice)[next];
      option = tail.option;
      next = tail.next;
    }
    at = stage.last + 1;
    found.bytes = std::max(found.bytes, stage.bytes);
    found.stages.push_back(std::move(stage));
  }
  found.work = space_.bytes_only ? Work{} : rest_[0].work;
  return found;
}

// What can follow a segment that ends with `last`; all that is after it has been searched.
BytesAfter TailSearch::FindBytesAfter(int last) const {
  BytesAfter after;
  after.may_stop = rest_[last + 1].found;
  after.staying.fill(kNever);
  after.all.fill(kNever);
  for (int rows = 0; rows < kMostTileRows; ++rows) {
    for (const Tail &tail : tails(last + 1, rows)) {
      after.staying[rows] = std::min(after.staying[rows], tail.persistent);
      after.all[rows] = std::min(after.all[rows], tail.persistent + tail.temporary);
    }
  }
  return after;
}

void TailSearch::SearchFrom(int first) {
  // The fewest bytes that cross into a stage that holds `first` and starts at an operator or later, by that operator.
  least_before_.assign(first + 1, std::numeric_limits<int64_t>::max());
  for (int start = first, least = first; start >= 0; --start) {
    least = network_.crossing_bytes[start] < network_.crossing_bytes[least] ? start : least;
    least_before_[start] = network_.crossing_bytes[least];
  }
  const Operator &op = network_.operators[first];
  if (space_.IsKnownFrom(first)) {
    rest_[first].found = true;
  } else if (rest_[first + 1].found && network_.MayStop(first, first)) {
    Consider(first, op.whole_bytes, space_.Order(0, op.whole_work) + rest_[first + 1].work, nullptr, -1);
  }
  for (int last = first; last < network_.size(); ++last) {
    AddSegments(first, last);
  }
  if (first > 0 && first == space_.no_stage_cut) {
    rest_[first].found = false;
  }
}

void TailSearch::AddSegments(int first, int last) {
  const std::vector<SegmentOption> &options = table_.at(first, last);
  // Options with the same windows before them follow each other.
  for (size_t i = 0; i < options.size();) {
    joined_.clear();
    const size_t begin = i;
    for (; i < options.size() && options[i].rows_before == options[begin].rows_before; ++i) {
      Join(options[i]);
    }
    Start(first);
    AddWindows(first);
  }
}

// All ways to go on after `option`.
void TailSearch::Join(const SegmentOption &option) {
  const int next = option.last + 1;
  const Work work = space_.Order(option.extra_macs, option.work);
  const int64_t live_outs = table_.live_out_bytes(option.first, option.last);
  if (rest_[next].found) {
    const Tail tail = {option.persistent + live_outs, option.temporary, work + rest_[next].work, 0, &option, -1};
    if (Fits(tail, before_.At(option.first))) {
      Keep(joined_, tail);
    }
    if (network_.MayStop(option.first, option.last)) {
      const int64_t bytes = network_.crossing_bytes[option.first] + option.persistent + option.stream_window +
                            option.temporary + live_outs - option.saving;
      Consider(option.first, bytes, tail.work, &option, -1);
    }
  }
  if (next == network_.size() || network_.lone_since[next] > option.first) {
    return;
  }
  const std::vector<Tail> &after = tails(next, option.rows_choice);
  for (size_t i = 0; i < after.size(); ++i) {
    const Tail &other = after[i];
    const Tail tail = {option.persistent + other.persistent,
                       std::max(option.temporary, other.temporary),
                       work + other.work,
                       std::max(other.since, network_.lone_since[next]),
                       &option,
                       static_cast<int>(i)};
    if (tail.since <= option.first && Fits(tail, before_.At(option.first))) {
      Keep(joined_, tail);
    }
  }
}

bool TailSearch::Fits(const Tail &tail, int64_t before) const {
  return std::max(before, least_before_[tail.since]) + tail.persistent + tail.temporary <= space_.budget_bytes &&
         (space_.bytes_only || space_.work_first || tail.work.first <= space_.most_extra_macs + network_.unneeded_macs);
}

// The joined segments as the first ones of their stage.
void TailSearch::Start(int first) {
  for (const Tail &tail : joined_) {
    if (tail.next >= 0) {  // those that end with their first segment are considered by Join
      const int64_t bytes =
          network_.crossing_bytes[first] + tail.persistent + tail.option->stream_window + tail.temporary;
      Consider(first, bytes, tail.work, tail.option, tail.next);
    }
  }
}

// The joined segments after one with each choice of tile rows.
void TailSearch::AddWindows(int first) {
  if (first == space_.no_segment_cut) {
    return;
  }
  for (size_t rows = 0; first > 0 && !joined_.empty() && rows < space_.tile_rows.size(); ++rows) {
    const RowsBefore &windows = table_.rows_before(*joined_[0].option);
    if (windows.nbytes[rows] == kNone) {
      continue;
    }
    const int64_t before = before_.Within(first - 1, space_.tile_rows[rows] != 0).least();
    for (Tail tail : joined_) {
      tail.persistent += windows.nbytes[rows];
      tail.work = tail.work + space_.Order(0, windows.work[rows]);
      tail.since = std::max(tail.since, network_.lone_since[first]);
      if (tail.since < first && Fits(tail, before)) {
        Keep(tails(first, static_cast<int>(rows)), tail);
      }
    }
  }
}

void TailSearch::Consider(int first, int64_t bytes, Work work, const SegmentOption *option, int next) {
  if (bytes > space_.budget_bytes || space_.IsKnownFrom(first)) {
    return;
  }
  Rest &rest = rest_[first];
  const Work value = space_.bytes_only ? Work{std::max(work.first, bytes), 0} : work;
  if (!rest.found || value < rest.work || (!(rest.work < value) && bytes < rest.bytes)) {
    rest = {true, value, bytes, option, next};
  }
}

void TailSearch::Keep(std::vector<Tail> &tails, const Tail &tail) const {
  const auto beats = [](const Tail &a, const Tail &b) {
    return a.persistent <= b.persistent && a.temporary <= b.temporary && a.since <= b.since && a.work <= b.work;
  };
  size_t kept = 0;
  for (size_t i = 0; i < tails.size(); ++i) {
    if (beats(tails[i], tail)) {
      return;  // nothing was dropped: what beats it would have beaten this one too
    }
    if (!beats(tail, tails[i])) {
      tails[kept++] = tails[i];
    }
  }
  tails.resize(kept);
  tails.push_back(tail);
}

}  // namespace mcupatch::scheduler
