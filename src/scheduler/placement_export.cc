#include "export.h"
#include "placement.h"
#include "placement_core.h"

namespace mcupatch::scheduler {
namespace {

// `pairs` holds a, b, b_above_a, a_above_b of each pair in turn.
PlacementProblem ReadProblem(int64_t align, const Integers &sizes, const Integers &true_sizes, const Integers &pairs,
                             const tvm::ffi::Array<Integers> &together) {
  PlacementProblem problem{align, ToVector(sizes), ToVector(true_sizes), {}, {}, {}};
  const std::vector<int64_t> flat = ToVector(pairs);
  for (size_t i = 0; i + 3 < flat.size(); i += 4) {
    problem.pairs.push_back({static_cast<int>(flat[i]), static_cast<int>(flat[i + 1]), flat[i + 2], flat[i + 3]});
  }
  for (const Integers &step : together) {
    const std::vector<int64_t> members = ToVector(step);
    problem.together.emplace_back(members.begin(), members.end());
  }
  return problem;
}

}  // namespace

// MinimizeArena (placement.h). Returns offsets, arena_bytes, bound_bytes.
tvm::ffi::Tuple<Integers, int64_t, int64_t> PlaceBuffers(int64_t align, Integers sizes, Integers true_sizes,
                                                         Integers pairs, tvm::ffi::Array<Integers> together,
                                                         Integers start, int64_t bound_bytes, int64_t node_limit) {
  const PlacementProblem problem = ReadProblem(align, sizes, true_sizes, pairs, together);
  const Placement found = MinimizeArena(problem, ToVector(start), bound_bytes, node_limit);
  return tvm::ffi::Tuple<Integers, int64_t, int64_t>(ToIntegers(found.offsets), found.arena_bytes, found.bound_bytes);
}

TVM_FFI_DLL_EXPORT_TYPED_FUNC(place_buffers, PlaceBuffers);

// FitIntoArena (placement_core.h) with walls, `ends` and `starts` of each. Returns 1 and offsets, 0 where nothing fits, -1 where that is not known.
tvm::ffi::Tuple<int64_t, Integers> FitBetweenWalls(int64_t align, Integers sizes, Integers true_sizes, Integers pairs,
                                                   tvm::ffi::Array<Integers> together, Integers ends, Integers starts,
                                                   int64_t arena_bytes, int64_t node_limit) {
  PlacementProblem problem = ReadProblem(align, sizes, true_sizes, pairs, together);
  for (size_t i = 0; i < ends.size() && i < starts.size(); ++i) {
    problem.walls.push_back({ends[i], starts[i]});
  }
  std::vector<int64_t> blame(problem.pairs.size(), 1);
  const Fit fit = FitIntoArena(problem, arena_bytes, node_limit, blame);
  const int64_t answer = fit.verdict == Verdict::kFits ? 1 : fit.verdict == Verdict::kCannotFit ? 0 : -1;
  return tvm::ffi::Tuple<int64_t, Integers>(answer, ToIntegers(fit.offsets));
}

TVM_FFI_DLL_EXPORT_TYPED_FUNC(fit_between_walls, FitBetweenWalls);

}  // namespace mcupatch::scheduler
