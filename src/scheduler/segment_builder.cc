#include "segment_builder.h"

#include <algorithm>

namespace mcupatch::scheduler {

std::vector<int> SegmentBuilder::FindTileCols() const {
  const int size = SizeOf(kCols);
  if (network_.operators[last_].full_width) {
    return {size};
  }
  std::vector<int> lengths;
  for (int cols : space_.tile_cols) {
    lengths.push_back(cols == 0 ? size : std::min(cols, size));
  }
  for (int parts : space_.col_parts) {
    lengths.push_back((size + parts - 1) / parts);
  }
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  return lengths;
}

void SegmentBuilder::Push(int op) {
  const bool live_out = op != last_ && network_.IsLiveOut(op, last_);
  PushRows(op, live_out);
  used_.assign(cols_.size(), false);
  for (const TileChoice &pair : pairs_) {
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
void SegmentBuilder::HoldAll(int op, bool live_out) {
  size_t kept = 0;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    Hold(pairs_[i], rows_[pairs_[i].row].stats, cols_[pairs_[i].col].stats, op, live_out);
    if (IsAlive(pairs_[i], op)) {
      if (kept != i) {
        pairs_[kept] = std::move(pairs_[i]);
      }
      ++kept;
    }
  }
  pairs_.resize(kept);
}

// Every row choice goes on with the output kept; where that is not the same, another one goes on with it recomputed.
void SegmentBuilder::PushRows(int op, bool live_out) {
  used_.assign(rows_.size(), false);
  for (const TileChoice &pair : pairs_) {
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
          TileChoice copy = pairs_[p];
          copy.row = index;
          pairs_.push_back(std::move(copy));
        }
      }
    }
  }
}

void SegmentBuilder::Hold(TileChoice &pair, const AxisStats &rows, const AxisStats &cols, int op, bool live_out) {
  const Operator &here = network_.operators[op];
  const bool one_wide = cols_[pair.col].walk.tiles() == 1;
  const int64_t scratch = network_.ScratchBytes(here, rows.computed, cols.computed);
  const size_t slots = last_ - op + 1;
  pair.slots[slots - 1] = scratch;
  const int64_t area = rows.computed_sum * cols.computed_sum;
  pair.macs += area * here.macs;
  pair.extra_macs += area * here.macs - here.whole_macs;
  const CallWork &work = here.work;
  const int64_t wide = cols.active - cols.narrow, wide_sum = cols.computed_sum - cols.narrow_sum;
  pair.work += rows.computed_sum * (wide * work.row + wide_sum * work.position + cols.groups * work.group +
                                    cols.wide_odd_sum * work.odd_col + cols.narrow * work.narrow_row +
                                    cols.narrow_sum * work.narrow_position) +
               rows.active * (wide * work.call + cols.narrow * work.narrow_call) +
               rows.odd_sum * (wide * work.odd_row + wide_sum * work.odd_position);
  if (op != last_ && !live_out) {
    const Tensor &output = network_.tensors[here.output];
    const int64_t tile = RoundUp(int64_t{one_wide ? rows.held : rows.computed} * cols.held * output.position_bytes);
    const int64_t row_bytes = output.size[kCols] * output.position_bytes;
    if (one_wide && rows.kept > 0) {
      pair.persistent += tile;
      pair.work += MoveWork(rows.moved_sum * cols.held * output.position_bytes, rows.moved_steps);
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

}  // namespace mcupatch::scheduler
