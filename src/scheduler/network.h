// The network as the search sees it: operators in execution order, tensors, and which part of a tensor each one reads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace mcupatch::scheduler {

enum Axis { kRows = 0, kCols = 1 };

constexpr int kNarrowCols = 2;

// Output position o reads input positions [o * stride - pad, o * stride - pad + extent), clipped; stride 0: always all.
struct AxisAccess {
  int stride, extent, pad;
};

struct Read {
  int tensor;
  AxisAccess axis[2];
};

// `root` is the tensor whose bytes it shares (a reshape's input); the last three are the root's.
struct Tensor {
  int size[2];
  int64_t position_bytes;  // all channels of one position
  int root;
  int64_t nbytes;  // rounded up to the alignment
  int producer;    // operator, -1: an input of the model
  int last_use;    // operator, the number of operators: an output of the model
  bool streamed;
};

// What the calls of an operator take, in hundredths of an instruction: python/mcupatch/schedule/work.py.
struct CallWork {
  int64_t call, row, position;
  int64_t group;                                     // neighbouring columns that are computed together
  int64_t odd_col;                                   // more for a column outside pairs
  int64_t odd_row, odd_position;                     // more for those outside groups of rows
  int64_t narrow_call, narrow_row, narrow_position;  // in place of all these for calls of kNarrowCols columns at most
};

// `macs` is for one position of the output (of the input for a reduction). An operator that is not tileable has no reads here: it runs whole, at `whole_bytes` in all.
struct Operator {
  int output;
  bool tileable, reduction;
  bool element;     // reads an element no later than it writes it
  bool full_width;  // a reduction that adds up whole rows only
  bool early;       // a strided one that may run as soon as its input is there
  int64_t macs;
  CallWork work;
  // For calls of a single row, and of any number; of at most Network::scratch_cols columns, and of any number.
  std::vector<int64_t> scratch_bytes[2];
  int64_t sums_bytes;
  int64_t whole_bytes, whole_macs, whole_work;
  std::vector<Read> reads;
};

struct Network {
  std::vector<Operator> operators;
  std::vector<Tensor> tensors;
  std::vector<int> scratch_cols;               // ascending
  int64_t moved_byte_work = 0, move_work = 0;  // for a copied byte, for a run of neighbouring ones
  // Filled in by Index. `readers`: by tensor, the tileable operators that read it, ascending. `crossing_bytes`: by
  // operator, whole tensors computed before it and read by it or later; streamed ones left out.
  std::vector<std::vector<int>> readers;
  std::vector<int64_t> crossing_bytes;
  // By operator: the first one from which on a stage may be cut into segments before it, because nothing that was
  // computed from there on, or is streamed, is still wanted but the output of the operator before.
  std::vector<int> lone_since;
  // By operator: the fewest bytes that cross into a stage that starts before it and may be cut into segments there.
  std::vector<int64_t> least_crossing_before;
  std::vector<int> needed[2];  // by axis and tensor: positions that anyone reads
  int streamed_until = -1;     // the last operator that reads a streamed input; all that do are in the first stage
  int first_early = 0;         // operator that may run early, the number of operators if there is none
  int64_t least_bytes = 0;     // no schedule that keeps all halos needs less
  int64_t unneeded_macs = 0;   // of positions that nothing reads, which tiles may leave out

  int size() const {
    return static_cast<int>(operators.size());
  }
  // The tensor whose tiles a segment that ends with operator `last` goes through.
  int tiled_tensor(int last) const {
    const Operator &op = operators[last];
    return op.reduction ? op.reads[0].tensor : op.output;
  }
  void Index();
  // Of the kernel of `op` for calls of at most so many rows and columns.
  int64_t ScratchBytes(const Operator &op, int rows, int cols) const {
    const auto width = std::lower_bound(scratch_cols.begin(), scratch_cols.end(), cols);
    return op.scratch_bytes[rows > 1][width - scratch_cols.begin()];
  }
  // Whether the output of operator `op` is wanted after operator `last`.
  bool IsLiveOut(int op, int last) const {
    return tensors[operators[op].output].last_use > last;
  }
  // Whether a stage that starts with operator `first` may end with `last`.
  bool MayStop(int first, int last) const {
    return first > 0 || streamed_until <= last;
  }
  // Bytes of the tensors that operators `first` to `last` compute and that are wanted later.
  int64_t LiveOutBytes(int first, int last) const;

 private:
  int64_t LeastBytesOf(const Operator &op) const;
  void FindNeeded();  // and the MACs of what is not
};

inline int64_t RoundUp(int64_t nbytes) {
  return (nbytes + 3) / 4 * 4;
}

}  // namespace mcupatch::scheduler
