#include "early_stops.h"

#include <algorithm>
#include <climits>

namespace mcupatch::scheduler {
namespace {

constexpr int64_t kNotWanted = INT_MIN / 2;

int64_t FloorDivide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

// How far each tensor has to be computed for tiles up to `tile_stop`, as if tensors had no ends; by tensor.
std::vector<int64_t> VirtualStops(const Network &network, int first, int last, Axis axis, int64_t tile_stop,
                                  bool is_last, const std::vector<int> &early) {
  std::vector<int64_t> stops(network.tensors.size(), kNotWanted);
  const int tiled = network.tiled_tensor(last);
  stops[tiled] = is_last ? network.tensors[tiled].size[axis] : tile_stop;
  for (int i = last; i >= first; --i) {
    const Operator &op = network.operators[i];
    if (is_last && network.IsLiveOut(i, last)) {
      stops[op.output] = std::max<int64_t>(stops[op.output], network.tensors[op.output].size[axis]);
    }
    if (i == last && op.reduction) {
      continue;
    }
    for (const Read &read : op.reads) {
      const AxisAccess &access = read.axis[axis];
      if (access.stride > 0 && stops[op.output] != kNotWanted) {
        const int64_t want = (stops[op.output] - 1) * access.stride - access.pad + access.extent;
        stops[read.tensor] = std::max(stops[read.tensor], want);
      }
    }
  }
  for (int i : early) {
    int64_t there = INT_MAX;
    for (const Read &read : network.operators[i].reads) {
      const AxisAccess &access = read.axis[axis];
      if (access.stride > 0) {
        there = std::min(there, FloorDivide(stops[read.tensor] + access.pad - access.extent, access.stride) + 1);
      }
    }
    int64_t &stop = stops[network.operators[i].output];
    stop = std::max(stop, there);
  }
  return stops;
}

}  // namespace

std::vector<int> FindEarly(const Network &network, int first, int last) {
  std::vector<int> early;
  for (int i = first; i < last; ++i) {
    const Operator &op = network.operators[i];
    bool shared = false;
    for (const Read &read : op.reads) {
      for (int reader : network.readers[read.tensor]) {
        shared = shared || (reader != i && first <= reader && reader <= last);
      }
    }
    if (op.early && shared) {
      early.push_back(i);
    }
  }
  return early;
}

EarlyStops FindEarlyStops(const Network &network, int first, int last, Axis axis, int tile) {
  const std::vector<int> early = FindEarly(network, first, last);
  const int tiled = network.tiled_tensor(last);
  const int tiles = (network.tensors[tiled].size[axis] + tile - 1) / tile;
  EarlyStops found;
  const auto is_warm = [&](int count) {
    const std::vector<int64_t> stops = VirtualStops(network, first, last, axis, -count * tile, false, early);
    for (int i = first; i <= last; ++i) {
      const int output = network.operators[i].output;
      if (output != tiled && !(i == last && network.operators[i].reduction) && stops[output] > 0) {
        return false;
      }
    }
    return true;
  };
  while (tiles > 1 && !is_warm(found.warm_up)) {
    ++found.warm_up;
  }
  found.of_operator.resize(last - first + 1);
  for (int t = -found.warm_up; t < tiles; ++t) {
    const auto stops = VirtualStops(network, first, last, axis, (t + 1) * tile, t == tiles - 1, early);
    for (int i : early) {
      found.of_operator[i - first].push_back(static_cast<int>(stops[network.operators[i].output]));
    }
  }
  return found;
}

}  // namespace mcupatch::scheduler
