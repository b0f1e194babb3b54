#include "placement_core.h"

#include <algorithm>
#include <utility>

namespace mcupatch::scheduler {
namespace {

constexpr int kAside = -1;

class CoreFitter {
 public:
  CoreFitter(const PlacementProblem &problem, int64_t arena_bytes, int64_t node_limit, std::vector<int64_t> &blame)
      : problem_(problem),
        arena_bytes_(arena_bytes),
        nodes_left_(node_limit),
        blame_(blame),
        part_of_(problem.sizes.size(), 0),
        offsets_(problem.sizes.size(), 0),
        pairs_of_(problem.sizes.size()) {
    for (size_t p = 0; p < problem.pairs.size(); ++p) {
      pairs_of_[problem.pairs[p].a].push_back(static_cast<int>(p));
      pairs_of_[problem.pairs[p].b].push_back(static_cast<int>(p));
    }
  }

  Fit Run() {
    const int64_t limit = nodes_left_;
    const Verdict verdict = Decide();
    return {verdict, std::move(offsets_), limit - nodes_left_};
  }

 private:
  Verdict Decide() {
    for (int64_t size : problem_.true_sizes) {
      if (size > arena_bytes_) {
        return Verdict::kCannotFit;
      }
    }
    SetAside();
    Verdict verdict = Verdict::kFits;
    for (const std::vector<int> &part : FindParts()) {
      const Verdict found = FitPart(part);
      if (found == Verdict::kCannotFit) {
        return found;
      }
      verdict = found == Verdict::kUnknown ? found : verdict;
    }
    if (verdict == Verdict::kFits) {
      PlaceAside();
    }
    return verdict;
  }

  int64_t Highest(int b) const {
    return (arena_bytes_ - problem_.true_sizes[b]) / problem_.align * problem_.align;
  }

  // Buffers that find a place wherever their neighbours lie, taken away until none is left.
  void SetAside() {
    bool is_changed = true;
    while (is_changed) {
      is_changed = false;
      for (size_t b = 0; b < part_of_.size(); ++b) {
        if (part_of_[b] == kAside) {
          continue;
        }
        int64_t forbidden = 0;  // offsets that walls and neighbours may forbid, times align
        for (const Wall &wall : problem_.walls) {
          forbidden += wall.start - HighestBelow(problem_, wall, static_cast<int>(b)) - problem_.align;
        }
        for (int p : pairs_of_[b]) {
          const Pair &pair = problem_.pairs[p];
          const int other = pair.a == static_cast<int>(b) ? pair.b : pair.a;
          if (part_of_[other] != kAside) {
            forbidden += std::max<int64_t>(pair.a_above_b + pair.b_above_a - problem_.align, 0);
          }
        }
        if (forbidden < Highest(static_cast<int>(b)) + problem_.align) {
          part_of_[b] = kAside;
          aside_.push_back(static_cast<int>(b));
          is_changed = true;
        }
      }
    }
  }

  // The rest, in parts that share no pair.
  std::vector<std::vector<int>> FindParts() {
    std::vector<std::vector<int>> parts;
    for (size_t seed = 0; seed < part_of_.size(); ++seed) {
      if (part_of_[seed] != 0) {
        continue;
      }
      const int number = static_cast<int>(parts.size()) + 1;
      std::vector<int> part{static_cast<int>(seed)};
      part_of_[seed] = number;
      for (size_t i = 0; i < part.size(); ++i) {
        for (int p : pairs_of_[part[i]]) {
          const int other = problem_.pairs[p].a == part[i] ? problem_.pairs[p].b : problem_.pairs[p].a;
          if (part_of_[other] == 0) {
            part_of_[other] = number;
            part.push_back(other);
          }
        }
      }
      std::sort(part.begin(), part.end());
      parts.push_back(std::move(part));
    }
    return parts;
  }

  Verdict FitPart(const std::vector<int> &part) {
    const PlacementProblem problem = Restrict(part);
    const std::vector<int> pairs = PairsOf(part);
    std::vector<int64_t> blame;
    for (int p : pairs) {
      blame.push_back(blame_[p]);
    }
    PlacementSearch search(problem, arena_bytes_, std::move(blame));
    const Verdict verdict = search.Run(nodes_left_);
    nodes_left_ -= search.nodes();
    for (size_t i = 0; i < pairs.size(); ++i) {
      blame_[pairs[i]] = search.blame()[i];
    }
    if (verdict == Verdict::kFits) {
      for (size_t i = 0; i < part.size(); ++i) {
        offsets_[part[i]] = search.offsets()[i];
      }
    }
    return verdict;
  }

  // The pairs inside a part, in the order in which Restrict takes them.
  std::vector<int> PairsOf(const std::vector<int> &part) const {
    const int number = part_of_[part[0]];
    std::vector<int> found;
    for (size_t p = 0; p < problem_.pairs.size(); ++p) {
      if (part_of_[problem_.pairs[p].a] == number && part_of_[problem_.pairs[p].b] == number) {
        found.push_back(static_cast<int>(p));
      }
    }
    return found;
  }

  // The problem of a part alone; buffer i of it is `buffers[i]`.
  PlacementProblem Restrict(const std::vector<int> &buffers) const {
    PlacementProblem part{problem_.align, {}, {}, {}, {}, problem_.walls};
    std::vector<int> index(problem_.sizes.size(), -1);
    for (size_t i = 0; i < buffers.size(); ++i) {
      index[buffers[i]] = static_cast<int>(i);
      part.sizes.push_back(problem_.sizes[buffers[i]]);
      part.true_sizes.push_back(problem_.true_sizes[buffers[i]]);
    }
    for (int p : PairsOf(buffers)) {
      const Pair &pair = problem_.pairs[p];
      part.pairs.push_back({index[pair.a], index[pair.b], pair.b_above_a, pair.a_above_b});
    }
    for (const std::vector<int> &step : problem_.together) {
      std::vector<int> members;
      for (int b : step) {
        if (index[b] >= 0) {
          members.push_back(index[b]);
        }
      }
      if (members.size() > 1) {
        part.together.push_back(std::move(members));
      }
    }
    return part;
  }

  // The last one set aside has only placed neighbours.
  void PlaceAside() {
    while (!aside_.empty()) {
      const int b = aside_.back();
      aside_.pop_back();
      std::vector<std::pair<int64_t, int64_t>> forbidden;  // open intervals of offsets
      for (int p : pairs_of_[b]) {
        const Pair &pair = problem_.pairs[p];
        const bool is_a = pair.a == b;
        const int other = is_a ? pair.b : pair.a;
        if (part_of_[other] != kAside) {
          const int64_t at = offsets_[other];
          forbidden.emplace_back(at - (is_a ? pair.b_above_a : pair.a_above_b),
                                 at + (is_a ? pair.a_above_b : pair.b_above_a));
        }
      }
      for (const Wall &wall : problem_.walls) {
        forbidden.emplace_back(HighestBelow(problem_, wall, b), wall.start);
      }
      std::sort(forbidden.begin(), forbidden.end());
      int64_t offset = 0;
      for (const auto &[low, high] : forbidden) {
        if (low >= offset) {
          break;
        }
        offset = std::max(offset, high);
      }
      offsets_[b] = offset;
      part_of_[b] = 0;
    }
  }

  const PlacementProblem &problem_;
  const int64_t arena_bytes_;
  int64_t nodes_left_;
  std::vector<int64_t> &blame_;
  std::vector<int> part_of_;  // of each buffer; kAside for the ones set aside
  std::vector<int> aside_;    // in the order in which they were
  std::vector<int64_t> offsets_;
  std::vector<std::vector<int>> pairs_of_;
};

}  // namespace

Fit FitIntoArena(const PlacementProblem &problem, int64_t arena_bytes, int64_t node_limit,
                 std::vector<int64_t> &blame) {
  return CoreFitter(problem, arena_bytes, node_limit, blame).Run();
}

}  // namespace mcupatch::scheduler
