// What a grown segment costs with each of its choices, and what lies at its ends.
#include <algorithm>

#include "early_stops.h"
#include "segment_builder.h"

namespace mcupatch::scheduler {
namespace {

// Whether no segment before is worse off with the windows `a` after it than with `b`.
bool AreAtLeastAsGood(const RowsBefore &a, const RowsBefore &b, const SearchSpace &space) {
  for (size_t k = 0; k < space.tile_rows.size(); ++k) {
    if (b.nbytes[k] != kNone &&
        (a.nbytes[k] == kNone || a.nbytes[k] > b.nbytes[k] || space.Order(0, b.work[k]) < space.Order(0, a.work[k]))) {
      return false;
    }
  }
  return true;
}

// Whether nothing that holds `b` is worse with `a` in its place; both have the same tile rows.
bool IsAtLeastAsGood(const SegmentOption &a, const SegmentOption &b, const SearchSpace &space) {
  if (a.persistent > b.persistent || a.temporary > b.temporary || a.saving < b.saving ||
      a.stream_window > b.stream_window) {
    return false;
  }
  return space.Order(a.extra_macs, a.work) <= space.Order(b.extra_macs, b.work);
}

}  // namespace

std::vector<SegmentOption> SegmentBuilder::FindOptions(int first) {
  std::vector<SegmentOption> options;
  AddOptions(first, options);
  const std::vector<int> early = FindEarly(network_, first, last_);
  if (!early.empty() && MayBegin(first) && before_.At(first) <= space_.budget_bytes) {
    AddEarlyOptions(first, early, options);
  }
  std::stable_sort(options.begin(), options.end(),
                   [](const SegmentOption &a, const SegmentOption &b) { return a.rows_before < b.rows_before; });
  return options;
}

void SegmentBuilder::AddOptions(int first, std::vector<SegmentOption> &options) {
  if (!MayBegin(first)) {
    return;
  }
  // What there is beside any of them: what crosses into the stage, and perhaps a row of the segment before.
  const int64_t crossing = network_.crossing_bytes[first];
  int64_t before = network_.least_crossing_before[first];
  const int64_t output = network_.tensors[network_.operators[last_].output].nbytes;
  const int64_t live_outs = after_.may_stop ? network_.LiveOutBytes(first, last_) : kNever;
  int64_t row_before = kNever;
  if (first > 0) {
    const Tensor &tensor = network_.tensors[network_.operators[first - 1].output];
    row_before = tensor.size[kCols] * tensor.position_bytes;
    before =
        std::max(before, std::min(before_.Within(first - 1, false).least(), before_.Within(first - 1, true).least()));
  }
  for (RowChoice &row : rows_) {
    row.borders = {};
  }
  for (const TileChoice &pair : pairs_) {
    RowChoice &row = rows_[pair.row];
    const ColChoice &col = cols_[pair.col];
    const bool one_wide = col.walk.tiles() == 1;
    if (first == last_ && row.walk.tiles() == 1 && one_wide) {
      continue;  // a whole operator
    }
    const int64_t held = pair.persistent + pair.temporary(), staying = after_.staying[row.choice];
    const int64_t after = std::min(live_outs, staying);
    const int64_t alone = crossing + live_outs - std::min(crossing, output);
    if (held + std::min({alone, crossing + staying, before + row_before + after}) > space_.budget_bytes) {
      continue;
    }
    if (row.borders.rows_before < 0) {
      row.borders = FindBorders(first, row);
    }
    const SegmentBorders &borders = row.borders;
    SegmentOption option;
    option.saving = borders.saving[one_wide];
    option.persistent = pair.persistent;
    option.temporary = pair.temporary();
    option.stream_window = borders.stream_window;
    const int64_t as_first = crossing + borders.stream_window + std::min(live_outs - option.saving, staying);
    const int64_t as_later = borders.least_window == kNone ? kNever : before + borders.least_window + after;
    if (held + std::min(as_first, as_later) > space_.budget_bytes) {
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
bool SegmentBuilder::MayBegin(int first) const {
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
void SegmentBuilder::AddEarlyOptions(int first, const std::vector<int> &early, std::vector<SegmentOption> &options) {
  SearchSpace space = space_;
  space.recompute_all = false;
  space.most_recomputed = 0;
  SegmentBuilder builder(network_, space, before_, rows_before_);
  builder.early_ = true;
  builder.OpenChoices(last_, after_);
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
    if (builder.pairs_.empty()) {
      return;
    }
  }
  builder.AddOptions(first, options);
}

// What lies at the segment's ends: windows of rows it reads, and its output over inputs that die.
SegmentBorders SegmentBuilder::FindBorders(int first, const RowChoice &row) {
  SegmentBorders borders;
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

void SegmentBuilder::Keep(std::vector<SegmentOption> &options, const SegmentOption &option) const {
  const auto beats = [this](const SegmentOption &a, const SegmentOption &b) {
    return a.rows_choice == b.rows_choice && IsAtLeastAsGood(a, b, space_) &&
           (a.rows_before == b.rows_before ||
            AreAtLeastAsGood(rows_before_[a.rows_before], rows_before_[b.rows_before], space_));
  };
  for (const SegmentOption &other : options) {
    if (beats(other, option)) {
      return;
    }
  }
  options.erase(
      std::remove_if(options.begin(), options.end(), [&](const SegmentOption &other) { return beats(option, other); }),
      options.end());
  options.push_back(option);
}

}  // namespace mcupatch::scheduler
