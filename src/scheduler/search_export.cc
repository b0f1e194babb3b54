#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "export.h"
#include "search.h"

namespace mcupatch::scheduler {
namespace {

int ToInt(int64_t value) {
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    throw std::invalid_argument("the search counts in 32 bits, and " + std::to_string(value) + " does not fit");
  }
  return static_cast<int>(value);
}

// Numbers read one after the other.
class Reader {
 public:
  explicit Reader(const Integers &values) : values_(ToVector(values)) {
  }
  bool done() const {
    return at_ == values_.size();
  }
  int64_t Next() {
    if (done()) {
      throw std::invalid_argument("a list of numbers ends too early");
    }
    return values_[at_++];
  }
  int NextInt() {
    return ToInt(Next());
  }

 private:
  std::vector<int64_t> values_;
  size_t at_ = 0;
};

std::vector<int> ReadLengths(const Integers &values) {
  std::vector<int> lengths;
  for (int64_t value : values) {
    lengths.push_back(ToInt(value));
  }
  return lengths;
}

Network ReadNetwork(const Integers &tensors, const Integers &operators, const Integers &reads,
                    std::vector<int> scratch_cols, int64_t moved_byte_work, int64_t move_work) {
  Network network;
  network.scratch_cols = std::move(scratch_cols);
  network.moved_byte_work = moved_byte_work;
  network.move_work = move_work;
  for (Reader in(tensors); !in.done();) {
    Tensor tensor{};
    tensor.size[kRows] = in.NextInt();
    tensor.size[kCols] = in.NextInt();
    tensor.position_bytes = in.Next();
    tensor.root = in.NextInt();
    tensor.nbytes = RoundUp(in.Next());
    tensor.producer = in.NextInt();
    tensor.last_use = in.NextInt();
    tensor.streamed = in.Next() != 0;
    network.tensors.push_back(tensor);
  }
  for (Reader in(operators); !in.done();) {
    Operator op{};
    op.output = in.NextInt();
    op.tileable = in.Next() != 0;
    op.reduction = in.Next() != 0;
    op.element = in.Next() != 0;
    op.full_width = in.Next() != 0;
    op.early = in.Next() != 0;
    op.macs = in.Next();
    CallWork &work = op.work;
    for (int64_t *each : {&work.call, &work.row, &work.position, &work.group, &work.odd_col, &work.odd_row,
                          &work.odd_position, &work.narrow_call, &work.narrow_row, &work.narrow_position}) {
      *each = in.Next();
    }
    for (auto &by_cols : op.scratch_bytes) {
      for (size_t i = 0; i <= network.scratch_cols.size(); ++i) {
        by_cols.push_back(RoundUp(in.Next()));
      }
    }
    op.sums_bytes = RoundUp(in.Next());
    op.whole_bytes = in.Next();
    op.whole_macs = in.Next();
    op.whole_work = in.Next();
    network.operators.push_back(op);
  }
  for (Reader in(reads); !in.done();) {
    Operator &op = network.operators.at(in.Next());
    Read read{};
    read.tensor = in.NextInt();
    for (AxisAccess &access : read.axis) {
      access = {in.NextInt(), in.NextInt(), in.NextInt()};
    }
    op.reads.push_back(read);
  }
  network.Index();
  return network;
}

// bytes, extra MACs, work; then for each stage its first and last operator, bytes and number of segments; then for each
// segment the fields of SegmentOption down to `early`.
Integers WriteSchedule(const FoundSchedule &found, bool work_first) {
  std::vector<int64_t> out = {found.bytes, work_first ? found.work.second : found.work.first,
                              work_first ? found.work.first : found.work.second};
  for (const FoundStage &stage : found.stages) {
    out.insert(out.end(), {stage.first, stage.last, stage.bytes, static_cast<int64_t>(stage.segments.size())});
    for (const SegmentOption &s : stage.segments) {
      out.insert(out.end(),
                 {s.first, s.last, s.rows, s.cols, static_cast<int64_t>(s.recomputed), s.cols_recomputed, s.early});
    }
  }
  return ToIntegers(out);
}

}  // namespace

// `tensors`, `operators`, `reads`, `scratch_cols`: the fields of network.h in turn. `limits`: budget_bytes, most_extra_macs,
// most_recomputed, recompute_all, work_first, no_stage_cut, no_segment_cut, and the work of a moved byte and of a move.
// `goal`: 0 least bytes, whatever the work, 1 least work within the budget, 2 the whole front, 3 least bytes within
// most_extra_macs, 4 the front against extra MACs alone.
tvm::ffi::Array<Integers> SearchSchedules(Integers tensors, Integers operators, Integers reads, Integers scratch_cols,
                                          Integers tile_rows, Integers tile_cols, Integers col_parts, Integers limits,
                                          int64_t goal) {
  Reader in(limits);
  SearchSpace space;
  space.tile_rows = ReadLengths(tile_rows);
  space.tile_cols = ReadLengths(tile_cols);
  space.col_parts = ReadLengths(col_parts);
  space.budget_bytes = in.Next();
  space.most_extra_macs = in.Next();
  space.most_recomputed = in.NextInt();
  space.recompute_all = in.Next() != 0;
  space.work_first = in.Next() != 0;
  if (space.tile_rows.size() > kMostTileRows) {
    throw std::invalid_argument("too many choices of tile rows");
  }
  space.no_stage_cut = in.NextInt();
  space.no_segment_cut = in.NextInt();
  const int64_t moved_byte_work = in.Next();
  const Network network = ReadNetwork(tensors, operators, reads, ReadLengths(scratch_cols), moved_byte_work, in.Next());
  tvm::ffi::Array<Integers> out;
  const auto add = [&](const FoundSchedule &found) {
    if (!found.stages.empty()) {
      out.push_back(WriteSchedule(found, space.work_first));
    }
  };
  if (goal == 0) {
    add(FindLeastBytes(network, space));
  } else if (goal == 1) {
    add(FindLeastWork(network, space));
  } else if (goal == 3) {
    add(FindLeastBytesOfWork(network, space));
  } else {
    for (const FoundSchedule &found : goal == 4 ? FindMacsFront(network, space) : FindFront(network, space)) {
      add(found);
    }
  }
  return out;
}

TVM_FFI_DLL_EXPORT_TYPED_FUNC(search_schedules, SearchSchedules);

}  // namespace mcupatch::scheduler
