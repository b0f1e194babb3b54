#include "bytes_before.h"

namespace mcupatch::scheduler {
namespace {

// Whether a tensor that is computed in several steps has the output of each operator before it computed in several ones
// too: a step more of a tensor never takes all of an input, and no window begins behind it.
bool KeepsSteps(const Network &network, const Operator &op) {
  const Tensor &output = network.tensors[op.output];
  for (const Read &read : op.reads) {
    const AxisAccess &access = read.axis[kRows];
    const int size = network.tensors[read.tensor].size[kRows];
    if (access.stride > 0 && (access.extent <= access.pad || size <= (output.size[kRows] - 1) * access.stride)) {
      return false;
    }
  }
  return true;
}

// The fewest rows of the output of operator `op` that the next one reads again in its next step.
int HaloRows(const Network &network, int op) {
  const Operator &reader = network.operators[op + 1];
  const int rows = network.tensors[reader.output].size[kRows];
  int halo = 0;
  for (const Read &read : reader.reads) {
    const AxisAccess &access = read.axis[kRows];
    if (read.tensor != network.operators[op].output || access.stride == 0 || rows < 2) {
      continue;
    }
    const int size = network.tensors[read.tensor].size[kRows];
    int least = size;
    for (int row = 1; row < rows; ++row) {
      const int start = row * access.stride - access.pad;
      const int overlap = std::min(size, start - access.stride + access.extent) - std::max(0, start);
      least = std::min(least, std::max(overlap, 0));
    }
    halo = std::max(halo, least);
  }
  return halo;
}

// Bytes of the streamed tensors that an operator reads, in rows that anyone reads: a single tile needs all of them.
int64_t StreamedBytes(const Network &network, int op) {
  int64_t nbytes = 0;
  for (const Read &read : network.operators[op].reads) {
    const Tensor &tensor = network.tensors[read.tensor];
    if (tensor.streamed) {
      nbytes += network.needed[kRows][read.tensor] * tensor.size[kCols] * tensor.position_bytes;
    }
  }
  return nbytes;
}

}  // namespace

BytesBefore::BytesBefore(const Network &network, const SearchSpace &space)
    : at_(network.size()), tiled_(network.size()), whole_(network.size()) {
  const bool keeps_halos = KeepsHalos(network, space);
  for (int op = 0; op < network.size(); ++op) {
    const bool joins = op > 0 && network.operators[op - 1].tileable;
    LeastBefore &at = at_[op], &tiled = tiled_[op], &whole = whole_[op];
    at.started = space.IsKnownFrom(op) ? kNever : network.crossing_bytes[op];
    int64_t halo = 0, follows_whole = kNever;
    if (joins) {
      const Operator &before = network.operators[op - 1];
      const Tensor &tensor = network.tensors[before.output];
      const bool halo_counts = keeps_halos && network.operators[op].tileable && !network.operators[op].reduction;
      const int halo_rows = halo_counts ? HaloRows(network, op - 1) : 0;
      halo = halo_rows * network.needed[kCols][before.output] * tensor.position_bytes;
      if (network.lone_since[op] < op) {
        // The window between them holds `rows` that this segment reads at once, or a whole map of the one before.
        const auto follow = [&](int rows) {
          const int64_t row_bytes = tensor.size[kCols] * tensor.position_bytes;
          const int rows_of_whole = before.reduction ? rows : tensor.size[kRows];  // its tiles are those of its input
          const int64_t after_whole = whole_[op - 1].least() + row_bytes * rows_of_whole;
          const int64_t after_tiled = tiled_[op - 1].least() + row_bytes * rows;
          return std::max(std::min(after_whole, after_tiled), network.least_crossing_before[op] + row_bytes * rows);
        };
        at.follows = follow(std::max(halo_rows, 1));
        follows_whole = follow(std::max(network.needed[kRows][before.output], 1));
      }
    }
    if (!network.operators[op].tileable) {
      continue;  // in no segment
    }
    tiled = whole = at;
    whole.started += StreamedBytes(network, op);
    whole.follows = follows_whole;
    if (joins) {
      tiled.started = std::min(at.started, tiled_[op - 1].started + halo);
      tiled.follows = std::min(at.follows, tiled_[op - 1].follows + halo);
      whole.started = std::min(whole.started, whole_[op - 1].started);
      whole.follows = std::min(whole.follows, whole_[op - 1].follows);
    }
  }
}

// Whether each segment with several tiles along the rows holds halo rows of each inner tensor for certain.
bool BytesBefore::KeepsHalos(const Network &network, const SearchSpace &space) const {
  if (space.recompute_all || space.most_recomputed > 0) {
    return false;
  }
  for (int i = 0; i < network.size(); ++i) {
    const Operator &op = network.operators[i];
    if (!op.tileable) {
      continue;
    }
    if (op.early || (!op.reduction && !KeepsSteps(network, op))) {
      return false;
    }
    // The next operator wants it with every tile: what only a later one wants might be computed at the end at once.
    const std::vector<int> &readers = network.readers[op.output];
    const bool may_be_inner = i + 1 < network.size() && network.operators[i + 1].tileable;
    if (may_be_inner && (readers.empty() || readers.front() != i + 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace mcupatch::scheduler
