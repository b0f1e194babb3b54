// The segments that end with one operator: grown towards the front an operator at a time, with all tiles and halo policies
// side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "axis_walk.h"
#include "bytes_before.h"
#include "network.h"
#include "row_window.h"
#include "segment_table.h"

namespace mcupatch::scheduler {

// What lies at both ends of a segment, as far as its rows tell: SegmentOption has the meaning of each.
struct SegmentBorders {
  int rows_before = -1;  // index, -1: not found yet
  int64_t least_window = kNone;
  int64_t stream_window = 0, stream_work = 0;
  int64_t saving[2] = {0, 0};  // with several tiles a step, with one
};

// A choice for the rows of the segments that end with one operator, and the walk along them.
struct RowChoice {
  AxisWalk walk;
  int rows, choice;
  uint64_t recomputed;
  int recomputed_count;
  bool all;  // every inner tensor is recomputed
  AxisStats stats;
  SegmentBorders borders;
};

struct ColChoice {
  AxisWalk walk;
  int cols;
  bool recomputed;
  AxisStats stats;
};

// A row choice with a column choice: what the operators so far hold and compute.
struct TileChoice {
  int row, col;
  std::array<int64_t, kLongest> slots;  // bytes of tiles and scratch at each operator so far, the last one first
  int64_t most = 0;                     // the largest slot
  int64_t left = 0;                     // tiles that stay for all of the segment
  int64_t persistent = 0;
  int64_t macs = 0, extra_macs = 0, work = 0;

  int64_t temporary() const {
    return most + left;
  }
};

class SegmentBuilder {
 public:
  SegmentBuilder(const Network &network, const SearchSpace &space, const BytesBefore &before,
                 std::vector<RowsBefore> &rows_before)
      : network_(network), space_(space), before_(before), rows_before_(rows_before) {
  }

  // Grows segments that end with `last` and fit before `after` towards the front; `emit` takes the options of each.
  template <typename Emit>
  void Build(int last, const BytesAfter &after, const Emit &emit) {
    OpenChoices(last, after);
    int64_t stride = 1;  // of the tiled tensor in the first operator's input, at most
    for (int first = last_; first >= 0 && last_ - first < space_.longest && CanHold(first); --first) {
      stride *= LargestStride(first);
      if (stride > kLargestStride) {
        return;
      }
      Push(first);
      if (pairs_.empty() && !MayHaveEarly(first)) {
        return;
      }
      if (IsSegment(first)) {
        emit(first, FindOptions(first));
      }
    }
  }

 private:
  int LargestStride(int op) const {
    int largest = 1;
    for (const Read &read : network_.operators[op].reads) {
      largest = std::max({largest, read.axis[kRows].stride, read.axis[kCols].stride});
    }
    return largest;
  }

  int SizeOf(Axis axis) const {
    return network_.tensors[tiled_].size[axis];
  }

  void OpenChoices(int last, const BytesAfter &after) {
    last_ = last;
    after_ = after;
    tiled_ = network_.tiled_tensor(last);
    for (RowChoice &row : rows_) {
      spare_.push_back(std::move(row.walk));
    }
    for (ColChoice &col : cols_) {
      spare_.push_back(std::move(col.walk));
    }
    rows_.clear();
    cols_.clear();
    pairs_.clear();
    for (size_t k = 0; k < space_.tile_rows.size(); ++k) {
      if (!Fits(0, 0, static_cast<int>(k), {0, 0})) {
        continue;
      }
      const int rows = space_.tile_rows[k] == 0 ? SizeOf(kRows) : space_.tile_rows[k];
      if (rows < SizeOf(kRows) || space_.tile_rows[k] == 0) {
        AddRows(rows, static_cast<int>(k), false);
        if (space_.recompute_all && rows < SizeOf(kRows)) {
          AddRows(rows, static_cast<int>(k), true);
        }
      }
    }
    for (int cols : FindTileCols()) {
      cols_.push_back({NewWalk(kCols, cols), cols, false, {}});
      if (space_.recompute_all && cols < SizeOf(kCols)) {
        cols_.push_back({NewWalk(kCols, cols), cols, true, {}});
      }
    }
    for (size_t row = 0; row < rows_.size(); ++row) {
      AddPairs(static_cast<int>(row));
    }
  }

  AxisWalk NewWalk(Axis axis, int tile) {
    if (spare_.empty()) {
      return AxisWalk(network_, last_, axis, tile);
    }
    AxisWalk walk = std::move(spare_.back());
    spare_.pop_back();
    walk.Restart(last_, axis, tile);
    return walk;
  }

  std::vector<int> FindTileCols() const;

  void AddRows(int rows, int choice, bool all) {
    rows_.push_back({NewWalk(kRows, rows), rows, choice, 0, 0, all, {}, {}});
  }

  void AddPairs(int row) {
    for (size_t col = 0; col < cols_.size(); ++col) {
      TileChoice pair;
      pair.row = row;
      pair.col = static_cast<int>(col);
      pairs_.push_back(pair);
    }
  }

  // Whether a segment that ends with `last_` may hold operator `op` and those after it.
  bool CanHold(int op) const {
    const Operator &here = network_.operators[op];
    if (!here.tileable || (here.reduction && op != last_)) {
      return false;
    }
    if (op == last_) {
      return true;
    }
    const Tensor &output = network_.tensors[here.output];
    if (output.last_use <= op) {
      return false;  // never read
    }
    for (int reader : network_.readers[here.output]) {
      if (reader > last_) {
        break;
      }
      // What a reduction adds up is computed exactly by its tiles, so nobody else may want more of it.
      if (here.output == tiled_ && reader != last_) {
        return false;
      }
      for (const Read &read : network_.operators[reader].reads) {
        if (read.tensor == here.output && read.axis[kRows].stride == 0) {
          return false;  // wanted whole by every tile
        }
      }
    }
    return true;
  }

  bool IsSegment(int first) const {
    return first == last_ || !network_.operators[last_].reduction || network_.tensors[tiled_].producer >= first;
  }

  // Whether segments that start with `first` or before it may run operators early: those may fit where no other does.
  bool MayHaveEarly(int first) const {
    const int64_t least = std::min(before_.Within(first, false).least(), before_.Within(first, true).least());
    return least <= space_.budget_bytes && network_.first_early < last_;
  }

  void Push(int op);
  void PushRows(int op, bool live_out);
  void Hold(TileChoice &pair, const AxisStats &rows, const AxisStats &cols, int op, bool live_out);
  int64_t MoveWork(int64_t nbytes, int64_t moves) const {
    return nbytes * network_.moved_byte_work + moves * network_.move_work;
  }
  // Whether a segment of tile rows `choice` that needs these bytes or more can be followed by anything. What a stage of
  // this segment alone reads may share bytes with its output.
  bool Fits(int64_t persistent, int64_t temporary, int choice, const LeastBefore &before) const {
    const int64_t stop = BytesOfStop();
    const int64_t stopping = temporary + std::min(std::max(stop, before.started), stop + before.follows);
    const int64_t going_on = std::max(temporary + after_.staying[choice], after_.all[choice]) + before.least();
    return persistent + std::min(stopping, going_on) <= space_.budget_bytes;
  }
  // What a stage that ends with `last_` holds beside the segment: its output, perhaps over inputs that die.
  int64_t BytesOfStop() const {
    const int output = network_.operators[last_].output;
    const bool counts = network_.tensors[output].root == output && network_.tensors[output].last_use > last_;
    return !after_.may_stop ? kNever : counts ? network_.tensors[output].nbytes : 0;
  }
  bool IsAlive(const TileChoice &pair, int op) const {
    const RowChoice &row = rows_[pair.row];
    return Fits(pair.persistent, pair.temporary(), row.choice, before_.Within(op, row.walk.tiles() > 1)) &&
           (pair.extra_macs <= space_.most_extra_macs + network_.unneeded_macs || space_.work_first);
  }
  void HoldAll(int op, bool live_out);
  std::vector<SegmentOption> FindOptions(int first);
  bool MayBegin(int first) const;
  void AddOptions(int first, std::vector<SegmentOption> &options);
  void AddEarlyOptions(int first, const std::vector<int> &early, std::vector<SegmentOption> &options);
  SegmentBorders FindBorders(int first, const RowChoice &row);
  void Keep(std::vector<SegmentOption> &options, const SegmentOption &option) const;

  const Network &network_;
  const SearchSpace &space_;
  int last_ = 0, tiled_ = 0;
  BytesAfter after_;
  const BytesBefore &before_;
  std::vector<RowsBefore> &rows_before_;
  std::vector<int> lowest_;
  std::vector<char> used_;
  bool early_ = false;
  std::vector<RowChoice> rows_;
  std::vector<ColChoice> cols_;
  std::vector<AxisWalk> spare_;  // of the segments before, for their memory
  std::vector<TileChoice> pairs_;
};

}  // namespace mcupatch::scheduler
