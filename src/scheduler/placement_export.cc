#include "export.h"
#include "placement.h"

namespace mcupatch::scheduler {

// The arguments of MinimizeArena (placement.h). `pairs` holds a, b, b_above_a, a_above_b of each pair in turn.
// Returns offsets, arena_bytes, bound_bytes, nodes.
tvm::ffi::Tuple<Integers, int64_t, int64_t, int64_t> PlaceBuffers(int64_t align, Integers sizes, Integers true_sizes,
                                                                  Integers pairs, tvm::ffi::Array<Integers> together,
                                                                  Integers start, int64_t bound_bytes,
                                                                  int64_t node_limit) {
  PlacementProblem problem{align, ToVector(sizes), ToVector(true_sizes), {}, {}};
  const std::vector<int64_t> flat = ToVector(pairs);
  for (size_t i = 0; i + 3 < flat.size(); i += 4) {
    problem.pairs.push_back({static_cast<int>(flat[i]), static_cast<int>(flat[i + 1]), flat[i + 2], flat[i + 3]});
  }
  for (const Integers &step : together) {
    const std::vector<int64_t> members = ToVector(step);
    problem.together.emplace_back(members.begin(), members.end());
  }
  const Placement found = MinimizeArena(problem, ToVector(start), bound_bytes, node_limit);
  return tvm::ffi::Tuple<Integers, int64_t, int64_t, int64_t>(ToIntegers(found.offsets), found.arena_bytes,
                                                              found.bound_bytes, found.nodes);
}

TVM_FFI_DLL_EXPORT_TYPED_FUNC(place_buffers, PlaceBuffers);

}  // namespace mcupatch::scheduler
