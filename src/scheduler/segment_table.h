// Every segment of a network with every tile and halo policy of the search space, and what it costs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "network.h"

namespace mcupatch::scheduler {

constexpr int kMostTileRows = 8;  // choices of tile rows
constexpr int kLongest = 64;      // operators in a segment, at most
// Positions of its input from one position of its tiled tensor to the next, at most: beyond, one tile reads all of any
// map, and the numbers of a walk would leave 32 bits.
constexpr int64_t kLargestStride = 4096;
constexpr int64_t kNone = -1;

// What is compared after bytes: the first, then the second. The second is 0 where it is of no interest.
struct Work {
  int64_t first = 0, second = 0;

  Work operator+(const Work &other) const {
    return {first + other.first, second + other.second};
  }
  bool operator<(const Work &other) const {
    return first != other.first ? first < other.first : second < other.second;
  }
  bool operator<=(const Work &other) const {
    return !(other < *this);
  }
};

// Which tiles and halo policies are tried. A length of 0 is the whole tensor.
struct SearchSpace {
  std::vector<int> tile_rows;
  std::vector<int> tile_cols;
  std::vector<int> col_parts;                // also the columns that split the tensor into so many parts
  int most_recomputed = 0;                   // tensors of a segment whose rows are recomputed, unless all are
  bool recompute_all = false;                // also all rows, with the columns kept or recomputed
  bool work_first = false;                   // instructions before extra MACs
  bool bytes_only = false;                   // work is of no interest
  bool macs_only = false;                    // of the work extra MACs alone are of interest
  int longest = kLongest;                    // operators in a segment
  std::vector<char> known_from;              // by operator: the rest is known to fit; it need not be found
  int no_stage_cut = 0, no_segment_cut = 0;  // operators before which nothing is cut; 0: none
  int64_t most_extra_macs = 0;
  int64_t budget_bytes = 0;

  bool IsKnownFrom(int op) const {
    return !known_from.empty() && known_from[op] != 0;
  }
  Work Order(int64_t extra_macs, int64_t work) const {
    return bytes_only   ? Work{}
           : macs_only  ? Work{extra_macs, 0}
           : work_first ? Work{work, extra_macs}
                        : Work{extra_macs, work};
  }
};

// What a segment of some tile rows has between it and the segment before, by the choice of that one's tile rows: the
// bytes of the row window, kNone if it cannot follow a segment, and the work of moving its rows.
struct RowsBefore {
  std::array<int64_t, kMostTileRows> nbytes, work;
};

// One way to run operators `first` to `last` as a segment. Bytes are rounded up to the alignment, buffer by buffer.
struct SegmentOption {
  int first, last;
  int rows, cols;        // of the tile
  int rows_choice;       // index into SearchSpace::tile_rows
  int rows_before;       // index into the table's RowsBefore
  uint64_t recomputed;   // bit k: rows of the output of operator `last - k`
  bool cols_recomputed;  // the columns of all inner tensors
  bool early;
  int64_t persistent;  // row caches and what else stays for all of the stage
  int64_t temporary;   // most that is there at one operator: tiles and scratch
  int64_t saving;      // of a stage of this segment alone: what its output shares with inputs that die
  int64_t extra_macs, work;
  int64_t stream_window;  // bytes for the rows of a streamed input
};

// What there is beside a segment in its stage: least bytes by the choice of its tile rows, `kNever` if nothing follows
// that fits. `staying`: of what stays while it runs. `all`: with the most at one operator of the segments that follow.
constexpr int64_t kNever = int64_t{1} << 60;
struct BytesAfter {
  bool may_stop = true;  // the stage may end with it; the others count only what goes on
  std::array<int64_t, kMostTileRows> staying{}, all{};
};

class BytesBefore;
class SegmentBuilder;

// The options of at most `space.budget_bytes` and `space.most_extra_macs`, but for those that another one of the same
// segment beats in everything. Those with one `rows_before` follow each other.
class SegmentTable {
 public:
  // An empty table; the arguments must outlive it.
  SegmentTable(const Network &network, const SearchSpace &space, const BytesBefore &before);
  ~SegmentTable();

  // Adds the segments that end with operator `last` and fit together with what follows them.
  void Add(int last, const BytesAfter &after);
  // Adds all segments, whatever follows them.
  void AddAll();

  // The options of the segments that start at `first`, by their last operator.
  const std::vector<SegmentOption> &at(int first, int last) const {
    return options_[static_cast<size_t>(first) * size_ + last];
  }
  const RowsBefore &rows_before(const SegmentOption &option) const {
    return rows_before_[option.rows_before];
  }
  // Bytes of the tensors that operators `first` to `last` compute and that are wanted later.
  int64_t live_out_bytes(int first, int last) const {
    return live_out_bytes_[static_cast<size_t>(first) * size_ + last];
  }

 private:
  const Network &network_;
  int size_;
  std::vector<int64_t> live_out_bytes_;
  std::vector<RowsBefore> rows_before_;
  std::vector<std::vector<SegmentOption>> options_;
  std::unique_ptr<SegmentBuilder> builder_;
};

}  // namespace mcupatch::scheduler
