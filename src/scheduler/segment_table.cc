#include "segment_table.h"

#include <algorithm>
#include <climits>

#include "axis_walk.h"
#include "early_stops.h"
#include "row_window.h"

namespace mcupatch::scheduler {
namespace {

// A choice for the rows of the segments that end with one operator, and the walk along them.
struct RowChoice {
  AxisWalk walk;
  int rows, choice;
  uint64_t recomputed;
  int recomputed_count;
  bool all;  // every inner tensor is recomputed
  AxisStats stats;
};

struct ColChoice {
  AxisWalk walk;
  int cols;
  bool recomputed;
  AxisStats stats;
};

// A row choice with a column choice: what the operators so far hold and compute.
struct Pair {
  int row, col;
  std::vector<int64_t> slots;  // bytes of tiles and scratch at each operator, the last one first
  int64_t most = 0;            // the largest slot
  int64_t left = 0;            // tiles that stay for all of the segment
  int64_t persistent = 0;
  int64_t macs = 0, extra_macs = 0, work = 0;

  int64_t temporary() const {
    return most + left;
  }
};

class Builder {
 public:
  Builder(const Network &network, const SearchSpace &space, int last)
      : network_(network), space_(space), last_(last), tiled_(network.tiled_tensor(last)) {
  }

  // Grows the segment towards the front; `emit` takes the options of each.
  template <typename Emit>
  void Build(const Emit &emit) {
    OpenChoices();
    for (int first = last_; first >= 0 && last_ - first < kLongest && CanHold(first); --first) {
      Push(first);
      if (pairs_.empty()) {
        return;
      }
      if (IsSegment(first)) {
        emit(first, FindOptions(first));
      }
    }
  }

 private:
  int SizeOf(Axis axis) const {
    return network_.tensors[tiled_].size[axis];
  }

  void OpenChoices() {
    for (size_t k = 0; k < space_.tile_rows.size(); ++k) {
      const int rows = space_.tile_rows[k] == 0 ? SizeOf(kRows) : space_.tile_rows[k];
      if (rows < SizeOf(kRows) || space_.tile_rows[k] == 0) {
        AddRows(rows, static_cast<int>(k), false);
        if (space_.recompute_all && rows < SizeOf(kRows)) {
          AddRows(rows, static_cast<int>(k), true);
        }
      }
    }
    for (int cols : FindTileCols(SizeOf(kCols), space_)) {
      cols_.push_back({AxisWalk(network_, last_, kCols, cols), cols, false, {}});
      if (space_.recompute_all && cols < SizeOf(kCols)) {
        cols_.push_back({AxisWalk(network_, last_, kCols, cols), cols, true, {}});
      }
    }
    for (size_t row = 0; row < rows_.size(); ++row) {
      AddPairs(static_cast<int>(row));
    }
  }

  void AddRows(int rows, int choice, bool all) {
    rows_.push_back({AxisWalk(network_, last_, kRows, rows), rows, choice, 0, 0, all, {}});
  }

  void AddPairs(int row) {
    for (size_t col = 0; col < cols_.size(); ++col) {
      Pair pair;
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

  void Push(int op);
  void PushRows(int op, bool live_out);
  void Hold(Pair &pair, const AxisStats &rows, const AxisStats &cols, int op, bool live_out);
  int64_t MoveWork(int64_t nbytes, int64_t moves) const {
    return nbytes * network_.moved_byte_work + moves * network_.move_work;
  }
  bool IsAlive(const Pair &pair) const {
    return pair.persistent + pair.temporary() <= space_.budget_bytes &&
           (pair.extra_macs <= space_.most_extra_macs || space_.work_first);
  }
  std::vector<SegmentOption> FindOptions(int first);
  SegmentOption MakeOption(int first, const Pair &pair, const RowChoice &row, const ColChoice &col) const;
  std::vector<SegmentOption> FindEarlyOptions(int first, const std::vector<int> &early) const;
  void AddBorders(SegmentOption &option, const AxisWalk &rows, bool one_wide) const;
  void Keep(std::vector<SegmentOption> &options, const SegmentOption &option) const;

  const Network &network_;
  const SearchSpace &space_;
  const int last_, tiled_;
  std::vector<RowChoice> rows_;
  std::vector<ColChoice> cols_;
  std::vector<Pair> pairs_;

 public:
  static std::vector<int> FindTileCols(int size, const SearchSpace &space);
};

std::vector<int> Builder::FindTileCols(int size, const SearchSpace &space) {
  std::vector<int> lengths;
  for (int cols : space.tile_cols) {
    lengths.push_back(cols == 0 ? size : std::min(cols, size));
  }
  for (int parts : space.col_parts) {
    lengths.push_back((size + parts - 1) / parts);
  }
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  return lengths;
}

void Builder::Push(int op) {
  const bool live_out = op != last_ && network_.IsLiveOut(op, last_);
  PushRows(op, live_out);
  for (ColChoice &col : cols_) {
    col.stats = col.walk.Push(op, col.recomputed && op != last_ && !live_out, live_out);
  }
  size_t kept = 0;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    Hold(pairs_[i], rows_[pairs_[i].row].stats, cols_[pairs_[i].col].stats, op, live_out);
    if (IsAlive(pairs_[i])) {
      if (kept != i) {
        pairs_[kept] = std::move(pairs_[i]);
      }
      ++kept;
    }
  }
  pairs_.resize(kept);
}

// Every row choice goes on with the output kept; where that holds rows, another one goes on with it recomputed.
void Builder::PushRows(int op, bool live_out) {
  std::vector<bool> used(rows_.size(), false);
  for (const Pair &pair : pairs_) {
    used[pair.row] = true;
  }
  const bool inner = op != last_ && !live_out;
  const size_t count = rows_.size();
  for (size_t i = 0; i < count; ++i) {
    if (!used[i]) {
      continue;
    }
    const bool may_branch = inner && !rows_[i].all && rows_[i].recomputed_count < space_.most_recomputed;
    if (!may_branch) {
      RowChoice &row = rows_[i];
      row.stats = row.walk.Push(op, row.all && inner, live_out);
      row.recomputed |= row.all && inner ? uint64_t{1} << (last_ - op) : 0;
      continue;
    }
    RowChoice other = rows_[i];
    rows_[i].stats = rows_[i].walk.Push(op, false, live_out);
    if (rows_[i].stats.kept > 0) {
      other.stats = other.walk.Push(op, true, live_out);
      other.recomputed |= uint64_t{1} << (last_ - op);
      ++other.recomputed_count;
      const int index = static_cast<int>(rows_.size());
      rows_.push_back(std::move(other));
      const size_t pairs = pairs_.size();
      for (size_t p = 0; p < pairs; ++p) {
        if (pairs_[p].row == static_cast<int>(i)) {
          Pair copy = pairs_[p];
          copy.row = index;
          pairs_.push_back(std::move(copy));
        }
      }
    }
  }
}

void Builder::Hold(Pair &pair, const AxisStats &rows, const AxisStats &cols, int op, bool live_out) {
  const Operator &here = network_.operators[op];
  const bool one_wide = cols_[pair.col].walk.tiles() == 1;
  const int64_t scratch = cols.computed <= 1 ? here.column_scratch_bytes : here.scratch_bytes;
  pair.slots.push_back(scratch);
  const int64_t area = rows.computed_sum * cols.computed_sum;
  pair.macs += area * here.macs;
  pair.extra_macs += area * here.macs - here.whole_macs;
  pair.work += area * here.work + int64_t{rows.active} * cols.active * here.call_work;
  if (op != last_ && !live_out) {
    const Tensor &output = network_.tensors[here.output];
    const int64_t tile = RoundUp(int64_t{one_wide ? rows.held : rows.computed} * cols.held * output.position_bytes);
    const int64_t row_bytes = output.size[kCols] * output.position_bytes;
    if (one_wide && rows.kept > 0) {
      pair.persistent += tile;
      pair.work += MoveWork(rows.kept_sum * cols.held * output.position_bytes, rows.moved_steps);
    } else if (cols.kept > 0) {
      pair.left += tile;
      pair.work += MoveWork(rows.computed_sum * cols.kept_sum * output.position_bytes,
                            rows.computed_sum * cols.kept_steps);
    } else {
      // all readers are inside; slots are counted from the last operator
      for (size_t slot = last_ - network_.readers[here.output].back(); slot < pair.slots.size(); ++slot) {
        pair.slots[slot] += tile;
        pair.most = std::max(pair.most, pair.slots[slot]);
      }
    }
    if (!one_wide && rows.kept > 0) {
      pair.persistent += RoundUp(rows.kept * row_bytes);
      pair.work += MoveWork(rows.cached_rows * cols.flushed_cols * output.position_bytes,
                            rows.cached_rows * cols.flushed_tiles);
    }
  }
  // A reduction that sees its whole input at once needs no sums; one that has a tile of it does.
  const bool one_tile = one_wide && rows_[pair.row].walk.tiles() == 1;
  if (op == (one_tile ? last_ - 1 : last_)) {
    pair.persistent += network_.operators[last_].sums_bytes;
  }
  pair.most = std::max(pair.most, pair.slots.back());
}

std::vector<SegmentOption> Builder::FindOptions(int first) {
  std::vector<SegmentOption> options;
  for (const Pair &pair : pairs_) {
    const RowChoice &row = rows_[pair.row];
    const ColChoice &col = cols_[pair.col];
    if (first != last_ || row.walk.tiles() * col.walk.tiles() > 1) {  // else it is a whole operator
      Keep(options, MakeOption(first, pair, row, col));
    }
  }
  const std::vector<int> early = FindEarly(network_, first, last_);
  if (!early.empty()) {
    for (const SegmentOption &option : FindEarlyOptions(first, early)) {
      Keep(options, option);
    }
  }
  return options;
}

SegmentOption Builder::MakeOption(int first, const Pair &pair, const RowChoice &row, const ColChoice &col) const {
  SegmentOption option{};
  option.first = first;
  option.last = last_;
  option.rows = row.rows;
  option.cols = col.cols;
  option.rows_choice = row.choice;
  option.recomputed = row.recomputed;
  option.cols_recomputed = col.recomputed;
  option.persistent = pair.persistent;
  option.temporary = pair.temporary();
  option.extra_macs = pair.extra_macs;
  option.work = pair.work;
  AddBorders(option, row.walk, col.walk.tiles() == 1);
  return option;
}

// Early operators depend on all of the segment, so these walks are made anew for each.
std::vector<SegmentOption> Builder::FindEarlyOptions(int first, const std::vector<int> &early) const {
  Builder builder(network_, space_, last_);
  builder.OpenChoices();
  std::vector<EarlyStops> rows, cols;
  for (RowChoice &row : builder.rows_) {
    rows.push_back(FindEarlyStops(network_, first, last_, kRows, row.rows));
    row.walk.WarmUp(rows.back().warm_up);
  }
  for (ColChoice &col : builder.cols_) {
    cols.push_back(FindEarlyStops(network_, first, last_, kCols, col.cols));
    col.walk.WarmUp(cols.back().warm_up);
  }
  for (int op = last_; op >= first; --op) {
    const bool live_out = op != last_ && network_.IsLiveOut(op, last_);
    const bool is_early = std::find(early.begin(), early.end(), op) != early.end();
    for (size_t i = 0; i < builder.rows_.size(); ++i) {
      RowChoice &row = builder.rows_[i];
      row.stats = row.walk.Push(op, false, live_out, is_early ? &rows[i].of_operator[op - first] : nullptr);
    }
    for (size_t i = 0; i < builder.cols_.size(); ++i) {
      ColChoice &col = builder.cols_[i];
      col.stats = col.walk.Push(op, false, live_out, is_early ? &cols[i].of_operator[op - first] : nullptr);
    }
    for (Pair &pair : builder.pairs_) {
      builder.Hold(pair, builder.rows_[pair.row].stats, builder.cols_[pair.col].stats, op, live_out);
    }
  }
  std::vector<SegmentOption> options;
  for (const Pair &pair : builder.pairs_) {
    const RowChoice &row = builder.rows_[pair.row];
    const ColChoice &col = builder.cols_[pair.col];
    if (!row.all && !col.recomputed && builder.IsAlive(pair)) {
      options.push_back(builder.MakeOption(first, pair, row, col));
      options.back().early = true;
    }
  }
  return options;
}

// What lies at the segment's ends: windows of rows it reads, and its output over inputs that die.
void Builder::AddBorders(SegmentOption &option, const AxisWalk &rows, bool one_wide) const {
  option.window.fill(kNone);
  option.window_work.fill(0);
  const int first = option.first;
  if (first > 0) {
    const int before = network_.operators[first - 1].output;
    const Tensor &tensor = network_.tensors[before];
    const OpenTensor *open = rows.FindOpen(before);
    if (open != nullptr && tensor.last_use <= last_ && tensor.root == before && network_.operators[first - 1].tileable) {
      for (size_t k = 0; k < space_.tile_rows.size(); ++k) {
        const int step = space_.tile_rows[k] == 0 ? tensor.size[kRows] : space_.tile_rows[k];
        const RowWindow window = FindRowWindow(*open, tensor.size[kRows], step);
        const int64_t row_bytes = tensor.size[kCols] * tensor.position_bytes;
        option.window[k] = RoundUp(window.rows * row_bytes);
        option.window_work[k] = MoveWork(window.moved_rows * row_bytes, window.moves);
      }
    }
  }
  std::vector<Trailed> dying;
  for (const OpenTensor &open : rows.open()) {
    const Tensor &tensor = network_.tensors[open.id];
    const int64_t row_bytes = tensor.size[kCols] * tensor.position_bytes;
    if (tensor.streamed) {
      const RowWindow window = FindRowWindow(open, tensor.size[kRows], 1);
      option.stream_window += RoundUp(window.rows * row_bytes);
      option.work += MoveWork(window.moved_rows * row_bytes, window.moves);
    } else if (tensor.last_use <= last_) {
      dying.push_back({tensor.nbytes, FindTrailingDistance(network_, rows, open, option.rows, one_wide)});
    }
  }
  const Tensor &output = network_.tensors[network_.operators[last_].output];
  option.saving = FindSaving(output.nbytes, dying);
}

// Whether nothing that holds `b` is worse with `a` in its place.
bool IsAtLeastAsGood(const SegmentOption &a, const SegmentOption &b, bool work_first) {
  if (a.rows_choice != b.rows_choice || a.persistent > b.persistent || a.temporary > b.temporary ||
      a.saving < b.saving || a.stream_window > b.stream_window) {
    return false;
  }
  for (int k = 0; k < kMostTileRows; ++k) {
    if (a.window[k] > b.window[k] || a.window_work[k] > b.window_work[k]) {
      return false;
    }
  }
  return work_first ? a.work < b.work || (a.work == b.work && a.extra_macs <= b.extra_macs)
                    : a.extra_macs < b.extra_macs || (a.extra_macs == b.extra_macs && a.work <= b.work);
}

void Builder::Keep(std::vector<SegmentOption> &options, const SegmentOption &option) const {
  for (const SegmentOption &other : options) {
    if (IsAtLeastAsGood(other, option, space_.work_first)) {
      return;
    }
  }
  options.erase(std::remove_if(options.begin(), options.end(),
                               [&](const SegmentOption &o) { return IsAtLeastAsGood(option, o, space_.work_first); }),
                options.end());
  options.push_back(option);
}

}  // namespace

SegmentTable::SegmentTable(const Network &network, const SearchSpace &space)
    : size_(network.size()), options_(static_cast<size_t>(network.size()) * network.size()) {
  for (int last = 0; last < size_; ++last) {
    Builder builder(network, space, last);
    builder.Build([&](int first, std::vector<SegmentOption> options) {
      options_[static_cast<size_t>(first) * size_ + last] = std::move(options);
    });
  }
}

}  // namespace mcupatch::scheduler
