// The dynamic programming behind search.h.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "bytes_before.h"
#include "network.h"
#include "search.h"
#include "segment_table.h"

namespace mcupatch::scheduler {

class TailSearch {
 public:
  // With `space.bytes_only` least bytes are looked for, else least work. Bytes below `enough_bytes` count as that many.
  TailSearch(const Network &network, const SegmentTable &table, const BytesBefore &before, const SearchSpace &space,
             int64_t enough_bytes = 0);

  // `filled`: the table, where it is empty so far: it gets the segments that can be followed within the budget.
  FoundSchedule Run(SegmentTable *filled = nullptr);

  // Whether anything fits.
  bool Search(SegmentTable *filled);

  // If only bytes count: how few run the network from operator `first` on, kNever if none do.
  int64_t LeastBytesFrom(int first) const {
    return rest_[first].found ? rest_[first].work.first : kNever;
  }

 private:
  // A segment and how it goes on.
  struct Tail {
    int64_t persistent;  // with the live outputs of the stage
    int64_t temporary;
    Work work;  // of all that follows; if only bytes count, the most of the stages that follow
    int since;  // the first operator that the stage may start with
    const SegmentOption *option;
    int next;  // index into the tails after `option`, -1: the stage ends with it
  };
  // The best way to run everything from an operator on.
  struct Rest {
    bool found = false;
    Work work;
    int64_t bytes = 0;                      // of the stage
    const SegmentOption *option = nullptr;  // the first segment, null: a whole operator
    int next = -1;
  };

  FoundSchedule WriteSchedule() const;
  BytesAfter FindBytesAfter(int last) const;
  void SearchFrom(int first);
  void AddSegments(int first, int last);
  void Join(const SegmentOption &option);
  void AddWindows(int first);
  void Start(int first);
  void Consider(int first, int64_t bytes, Work work, const SegmentOption *option, int next);
  // Whether a stage that starts with operator `tail.since` or later and holds the tail and `before` fits.
  bool Fits(const Tail &tail, int64_t before) const;
  void Keep(std::vector<Tail> &tails, const Tail &tail) const;
  std::vector<Tail> &tails(int first, int rows) {
    return tails_[static_cast<size_t>(first) * kMostTileRows + rows];
  }
  const std::vector<Tail> &tails(int first, int rows) const {
    return tails_[static_cast<size_t>(first) * kMostTileRows + rows];
  }

  const Network &network_;
  const SegmentTable &table_;
  const BytesBefore &before_;
  const SearchSpace &space_;
  const int64_t enough_bytes_;
  std::vector<std::vector<Tail>> tails_;  // by operator and choice of tile rows before it
  std::vector<Rest> rest_;
  std::vector<Tail> joined_;           // of the segments between two operators with one choice of rows
  std::vector<int64_t> least_before_;  // least bytes that cross into a stage that may start at an operator or later
};

}  // namespace mcupatch::scheduler
