#include "segment_table.h"

#include <algorithm>
#include <climits>

#include "axis_walk.h"
#include "early_stops.h"
#include "row_window.h"

namespace mcupatch::scheduler {
namespace {

// What lies at both ends of a segment, as far as its rows tell: SegmentOption has the meaning of each.
struct Borders {
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
  Borders borders;
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
  std::array<int64_t, kLongest> slots;  // bytes of tiles and scratch at each operator so far, the last one first
  int64_t most = 0;                     // the largest slot
  int64_t left = 0;                     // tiles that stay for all of the segment
  int64_t persistent = 0;
  int64_t macs = 0, extra_macs = 0, work = 0;

  int64_t temporary() const {
    return most + left;
  }
};

class Builder {
 public:
  Builder(const Network &network, const SearchSpace &space, std::vector<RowsBefore> &rows_before)
      : network_(network), space_(space), rows_before_(rows_before) {
  }

  // Grows segments that end with `last` towards the front; `emit` takes the options of each.
  template <typename Emit>
  void Build(int last, const Emit &emit) {
    OpenChoices(last);
    for (int first = last_; first >= 0 && last_ - first < space_.longest && CanHold(first); --first) {
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

  void OpenChoices(int last) {
    last_ = last;
    tiled_ = network_.tiled_tensor(last);
    rows_.clear();
    cols_.clear();
    pairs_.clear();
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
    rows_.push_back({AxisWalk(network_, last_, kRows, rows), rows, choice, 0, 0, all, {}, {}});
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
           (pair.extra_macs <= space_.most_extra_macs + network_.unneeded_macs || space_.work_first);
  }
  void HoldAll(int op, bool live_out);
  std::vector<SegmentOption> FindOptions(int first);
  bool MayBegin(int first) const;
  void AddOptions(int first, std::vector<SegmentOption> &options);
  void AddEarlyOptions(int first, const std::vector<int> &early, std::vector<SegmentOption> &options);
  Borders FindBorders(int first, const RowChoice &row);
  void Keep(std::vector<SegmentOption> &options, const SegmentOption &option) const;

  const Network &network_;
  const SearchSpace &space_;
  int last_ = 0, tiled_ = 0;
  std::vector<RowsBefore> &rows_before_;
  std::vector<int> lowest_;
  std::vector<char> used_;
  bool early_ = false;
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
  used_.assign(cols_.size(), false);
  for (const Pair &pair : pairs_) {
    used_[pair.col] = true;
  }
  for (size_t i = 0; i < cols_.size(); ++i) {
    if (used_[i]) {
      ColChoice &col = cols_[i];
      col.stats = col.walk.Push(op, col.recomputed && op != last_ && !live_out, live_out);
    }
  }
  HoldAll(op, live_out);
}

// Adds the output of `op` to every pair, and drops the pairs that have grown too large.
void Builder::HoldAll(int op, bool live_out) {
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

// Every row choice goes on with the output kept; where that is not the same, another one goes on with it recomputed.
void Builder::PushRows(int op, bool live_out) {
  used_.assign(rows_.size(), false);
  for (const Pair &pair : pairs_) {
    used_[pair.row] = true;
  }
  const bool inner = op != last_ && !live_out;
  const size_t count = rows_.size();
  for (size_t i = 0; i < count; ++i) {
    if (!used_[i]) {
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
    other.stats = other.walk.Push(op, true, live_out);
    if (rows_[i].stats.kept > 0 || !other.walk.ComputesLike(rows_[i].walk)) {
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
  const size_t slots = last_ - op + 1;
  pair.slots[slots - 1] = scratch;
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
      pair.work +=
          MoveWork(rows.computed_sum * cols.kept_sum * output.position_bytes, rows.computed_sum * cols.kept_steps);
    } else {
      // all readers are inside; slots are counted from the last operator
      for (size_t slot = last_ - network_.readers[here.output].back(); slot < slots; ++slot) {
        pair.slots[slot] += tile;
        pair.most = std::max(pair.most, pair.slots[slot]);
      }
    }
    if (!one_wide && rows.kept > 0) {
      pair.persistent += RoundUp(rows.kept * row_bytes);
      pair.work +=
          MoveWork(rows.cached_rows * cols.flushed_cols * output.position_bytes, rows.cached_rows * cols.flushed_tiles);
    }
  }
  // A reduction that sees its whole input at once needs no sums; one that has a tile of it does.
  const bool one_tile = one_wide && rows_[pair.row].walk.tiles() == 1;
  if (op == (one_tile ? last_ - 1 : last_)) {
    pair.persistent += network_.operators[last_].sums_bytes;
  }
  pair.most = std::max(pair.most, pair.slots[slots - 1]);
}

std::vector<SegmentOption> Builder::FindOptions(int first) {
  std::vector<SegmentOption> options;
  AddOptions(first, options);
  const std::vector<int> early = FindEarly(network_, first, last_);
  if (!early.empty()) {
    AddEarlyOptions(first, early, options);
  }
  std::stable_sort(options.begin(), options.end(),
                   [](const SegmentOption &a, const SegmentOption &b) { return a.rows_before < b.rows_before; });
  return options;
}

void Builder::AddOptions(int first, std::vector<SegmentOption> &options) {
  if (!MayBegin(first)) {
    return;
  }
  for (RowChoice &row : rows_) {
    row.borders = {};
  }
  for (const Pair &pair : pairs_) {
    RowChoice &row = rows_[pair.row];
    const ColChoice &col = cols_[pair.col];
    const bool one_wide = col.walk.tiles() == 1;
    if (first == last_ && row.walk.tiles() == 1 && one_wide) {
      continue;  // a whole operator
    }
    if (row.borders.rows_before < 0) {
      row.borders = FindBorders(first, row);
    }
    const Borders &borders = row.borders;
    SegmentOption option;
    option.saving = borders.saving[one_wide];
    option.persistent = pair.persistent;
    option.temporary = pair.temporary();
    option.stream_window = borders.stream_window;
    const int64_t as_first = network_.crossing_bytes[first] + borders.stream_window - option.saving;
    const int64_t least_border = borders.least_window == kNone ? as_first : std::min(as_first, borders.least_window);
    if (option.persistent + option.temporary + least_border > space_.budget_bytes) {
      continue;
    }
    option.first = first;
    option.last = last_;
    option.rows = row.rows;
    option.cols = col.cols;
    option.rows_choice = row.choice;
    option.rows_before = borders.rows_before;
    option.recomputed = row.recomputed;
    option.cols_recomputed = col.recomputed;
    option.early = early_;
    option.extra_macs = pair.extra_macs;
    option.work = pair.work + borders.stream_work;
    Keep(options, option);
  }
}

// Whether a stage may start at operator `first`, or a segment may follow another one there.
bool Builder::MayBegin(int first) const {
  if (network_.crossing_bytes[first] <=
      space_.budget_bytes + network_.tensors[network_.operators[last_].output].nbytes) {
    return true;
  }
  if (first == 0) {
    return false;
  }
  const Operator &before = network_.operators[first - 1];
  return before.tileable && network_.tensors[before.output].last_use <= last_;
}

// Early operators depend on all of the segment, so these walks are made anew for each.
void Builder::AddEarlyOptions(int first, const std::vector<int> &early, std::vector<SegmentOption> &options) {
  SearchSpace space = space_;
  space.recompute_all = false;
  space.most_recomputed = 0;
  Builder builder(network_, space, rows_before_);
  builder.early_ = true;
  builder.OpenChoices(last_);
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
    builder.HoldAll(op, live_out);
  }
  builder.AddOptions(first, options);
}

// What lies at the segment's ends: windows of rows it reads, and its output over inputs that die.
Borders Builder::FindBorders(int first, const RowChoice &row) {
  Borders borders;
  borders.rows_before = static_cast<int>(rows_before_.size());
  rows_before_.emplace_back();
  RowsBefore &windows = rows_before_.back();
  windows.nbytes.fill(kNone);
  windows.work.fill(0);
  const int before = first > 0 ? network_.operators[first - 1].output : -1;
  const Tensor &output = network_.tensors[network_.operators[last_].output];
  std::vector<Trailed> dying[2];
  for (const OpenTensor &open : row.walk.open()) {
    const Tensor &tensor = network_.tensors[open.id];
    const int64_t row_bytes = tensor.size[kCols] * tensor.position_bytes;
    const bool follows = open.id == before && tensor.root == before && network_.operators[first - 1].tileable;
    if (!tensor.streamed && tensor.last_use > last_) {
      continue;
    }
    if (tensor.streamed || follows) {
      FindLowest(open, tensor.size[kRows], lowest_);
    }
    if (tensor.streamed) {
      const RowWindow window = FindRowWindow(open, lowest_, tensor.size[kRows], 1);
      borders.stream_window += RoundUp(window.rows * row_bytes);
      borders.stream_work += MoveWork(window.moved_rows * row_bytes, window.moves);
      continue;
    }
    if (network_.crossing_bytes[first] <= space_.budget_bytes + output.nbytes) {  // else no stage starts here
      for (int one_wide : {0, 1}) {
        const int64_t distance = FindTrailingDistance(network_, row.walk, open, row.rows, one_wide != 0);
        dying[one_wide].push_back({tensor.nbytes, distance});
      }
    }
    for (size_t k = 0; follows && k < space_.tile_rows.size(); ++k) {
      const int step = space_.tile_rows[k] == 0 ? tensor.size[kRows] : space_.tile_rows[k];
      if (step < tensor.size[kRows] || space_.tile_rows[k] == 0) {
        const RowWindow window = FindRowWindow(open, lowest_, tensor.size[kRows], step);
        windows.nbytes[k] = RoundUp(window.rows * row_bytes);
        windows.work[k] = MoveWork(window.moved_rows * row_bytes, window.moves);
        const bool least = borders.least_window == kNone || windows.nbytes[k] < borders.least_window;
        borders.least_window = least ? windows.nbytes[k] : borders.least_window;
      }
    }
  }
  for (int one_wide : {0, 1}) {
    borders.saving[one_wide] = output.last_use > last_ ? FindSaving(output.nbytes, dying[one_wide]) : 0;
  }
  return borders;
}

// Whether nothing that holds `b` is worse with `a` in its place; both read the same rows.
bool IsAtLeastAsGood(const SegmentOption &a, const SegmentOption &b, const SearchSpace &space) {
  if (a.rows_before != b.rows_before || a.persistent > b.persistent || a.temporary > b.temporary ||
      a.saving < b.saving) {
    return false;
  }
  if (space.bytes_only) {
    return true;
  }
  const Work work_a = space.work_first ? Work{a.work, a.extra_macs} : Work{a.extra_macs, a.work};
  const Work work_b = space.work_first ? Work{b.work, b.extra_macs} : Work{b.extra_macs, b.work};
  return work_a <= work_b;
}

void Builder::Keep(std::vector<SegmentOption> &options, const SegmentOption &option) const {
  for (const SegmentOption &other : options) {
    if (IsAtLeastAsGood(other, option, space_)) {
      return;
    }
  }
  options.erase(std::remove_if(options.begin(), options.end(),
                               [&](const SegmentOption &o) { return IsAtLeastAsGood(option, o, space_); }),
                options.end());
  options.push_back(option);
}

}  // namespace

SegmentTable::SegmentTable(const Network &network, const SearchSpace &space)
    : size_(network.size()),
      live_out_bytes_(static_cast<size_t>(network.size()) * network.size()),
      options_(static_cast<size_t>(network.size()) * network.size()) {
  Builder builder(network, space, rows_before_);
  for (int last = 0; last < size_; ++last) {
    builder.Build(last, [&](int first, std::vector<SegmentOption> options) {
      live_out_bytes_[static_cast<size_t>(first) * size_ + last] = network.LiveOutBytes(first, last);
      options_[static_cast<size_t>(first) * size_ + last] = std::move(options);
    });
  }
}

}  // namespace mcupatch::scheduler
