#include "placement.h"

#include <algorithm>
#include <numeric>

#include "placement_core.h"
#include "placement_search.h"

namespace mcupatch::scheduler {

int64_t ArenaBytes(const PlacementProblem &problem, const std::vector<int64_t> &offsets) {
  int64_t end = 0;
  for (size_t b = 0; b < offsets.size(); ++b) {
    end = std::max(end, offsets[b] + problem.true_sizes[b]);
  }
  return end;
}

namespace {

class Minimizer {
 public:
  Minimizer(const PlacementProblem &problem, const std::vector<int64_t> &start, int64_t bound_bytes, int64_t node_limit)
      : problem_(problem),
        best_{start, ArenaBytes(problem, start), bound_bytes, 0},
        nodes_left_(node_limit),
        blame_(problem.pairs.size(), 1) {
  }

  Placement Run() {
    // Most often the bound itself can be reached; if not, the start may be optimal.
    int64_t unknown = Try(best_.bound_bytes) == Verdict::kUnknown ? best_.bound_bytes : -1;
    if (unknown < 0) {
      unknown = HalveFrom(best_.bound_bytes);
    }
    if (unknown >= 0) {
      ImproveAbove(unknown);
    }
    best_.bound_bytes = std::min(best_.bound_bytes, best_.arena_bytes);
    return best_;
  }

 private:
  // Bisection between bound and best; an arena that cannot be decided counts as one that fits, so that smaller ones
  // are refuted first. Returns the smallest undecided arena, -1 if none is left.
  int64_t HalveFrom(int64_t low) {
    int64_t high = best_.arena_bytes - 1, unknown = -1;
    while (low <= high) {
      const int64_t middle = low + (high - low) / 2;
      switch (Try(middle)) {
        case Verdict::kFits:
          high = best_.arena_bytes - 1;
          break;
        case Verdict::kCannotFit:
          low = middle + 1;
          break;
        case Verdict::kUnknown:
          unknown = middle;
          high = middle - 1;
          break;
      }
    }
    return unknown;
  }

  // Smaller arenas than the best, all above an undecided one.
  void ImproveAbove(int64_t unknown) {
    int64_t low = unknown + 1;
    while (low < best_.arena_bytes) {
      const int64_t middle = low + (best_.arena_bytes - 1 - low) / 2;
      if (Try(middle) != Verdict::kFits) {
        low = middle + 1;
      }
    }
  }

  Verdict Try(int64_t arena_bytes) {
    if (best_.arena_bytes <= arena_bytes) {
      return Verdict::kFits;
    }
    if (arena_bytes < best_.bound_bytes) {
      return Verdict::kCannotFit;
    }
    Fit fit = FitIntoArena(problem_, arena_bytes, nodes_left_, blame_);
    nodes_left_ -= fit.nodes;
    best_.nodes += fit.nodes;
    if (fit.verdict == Verdict::kFits) {
      best_.offsets = std::move(fit.offsets);
      best_.arena_bytes = ArenaBytes(problem_, best_.offsets);
    } else if (fit.verdict == Verdict::kCannotFit) {
      best_.bound_bytes = arena_bytes + 1;
    }
    return fit.verdict;
  }

  const PlacementProblem &problem_;
  Placement best_;
  int64_t nodes_left_;
  std::vector<int64_t> blame_;
};

}  // namespace

Placement MinimizeArena(const PlacementProblem &problem, const std::vector<int64_t> &start, int64_t bound_bytes,
                        int64_t node_limit) {
  return Minimizer(problem, start, bound_bytes, node_limit).Run();
}

}  // namespace mcupatch::scheduler
