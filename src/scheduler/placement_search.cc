#include "placement_search.h"

#include <algorithm>
#include <utility>

namespace mcupatch::scheduler {

int64_t HighestBelow(const PlacementProblem &problem, const Wall &wall, int buffer) {
  const int64_t room = wall.end - problem.true_sizes[buffer];
  const int64_t past = ((room % problem.align) + problem.align) % problem.align;
  return room - past;
}

PlacementSearch::PlacementSearch(const PlacementProblem &problem, int64_t arena_bytes, std::vector<int64_t> blame)
    : problem_(problem), arena_bytes_(arena_bytes), blame_(std::move(blame)) {
  const size_t buffers = problem.sizes.size();
  pairs_of_.resize(buffers);
  steps_of_.resize(buffers);
  is_queued_.assign(buffers, false);
  for (size_t p = 0; p < problem.pairs.size(); ++p) {
    pairs_of_[problem.pairs[p].a].push_back(static_cast<int>(p));
    pairs_of_[problem.pairs[p].b].push_back(static_cast<int>(p));
  }
  const size_t steps = problem.together.size();
  is_step_dirty_.assign(steps, true);
  overlaps_.resize(steps);
  std::vector<int> position(buffers, -1);
  for (size_t s = 0; s < steps; ++s) {
    for (int b : problem.together[s]) {
      steps_of_[b].push_back(static_cast<int>(s));
      position[b] = static_cast<int>(s);
    }
    for (int b : problem.together[s]) {
      for (int p : pairs_of_[b]) {
        const Pair &pair = problem.pairs[p];
        if (pair.a != b || position[pair.b] != static_cast<int>(s)) {
          continue;
        }
        if (pair.b_above_a < problem.sizes[pair.a]) {
          overlaps_[s].push_back({pair.a, pair.b, problem.sizes[pair.a] - pair.b_above_a});
        }
        if (pair.a_above_b < problem.sizes[pair.b]) {
          overlaps_[s].push_back({pair.b, pair.a, problem.sizes[pair.b] - pair.a_above_b});
        }
      }
    }
  }
}

Verdict PlacementSearch::Run(int64_t node_limit) {
  nodes_ = 0;
  State root;
  root.ways.assign(problem_.pairs.size(), Way::kOpen);
  for (size_t b = 0; b < problem_.sizes.size(); ++b) {
    const int64_t room = arena_bytes_ - problem_.true_sizes[b];
    root.low.push_back(AboveWalls(static_cast<int>(b), 0));
    root.high.push_back(room < 0 ? -1 : BelowWalls(static_cast<int>(b), room / problem_.align * problem_.align));
    if (root.low.back() > root.high.back()) {
      return Verdict::kCannotFit;
    }
  }
  for (size_t b = 0; b < problem_.sizes.size(); ++b) {
    Touch(static_cast<int>(b));
  }
  if (!Propagate(root)) {
    return Verdict::kCannotFit;
  }
  while (true) {
    node_limit_ = std::min(node_limit, nodes_ + attempt_);
    const Verdict verdict = Branch(root);
    if (verdict != Verdict::kUnknown || nodes_ >= node_limit) {
      return verdict;
    }
    attempt_ += attempt_ / 2;
  }
}

Verdict PlacementSearch::Branch(const State &state) {
  const std::optional<int> picked = PickPair(state);
  if (!picked) {
    offsets_ = state.low;
    return Verdict::kFits;
  }
  const Pair &pair = problem_.pairs[*picked];
  const int64_t slack_b = state.high[pair.b] - state.low[pair.a] - pair.b_above_a;
  const int64_t slack_a = state.high[pair.a] - state.low[pair.b] - pair.a_above_b;
  Way way = slack_b >= slack_a ? Way::kBAbove : Way::kAAbove;  // the looser one is likelier to fit
  for (int tried = 0; tried < 2; ++tried) {
    if (nodes_ >= node_limit_) {
      return Verdict::kUnknown;
    }
    ++nodes_;
    State child = state;
    child.ways[*picked] = way;
    Touch(pair.a);
    Touch(pair.b);
    if (Propagate(child)) {
      const Verdict verdict = Branch(child);
      if (verdict != Verdict::kCannotFit) {
        return verdict;
      }
    }
    way = way == Way::kBAbove ? Way::kAAbove : Way::kBAbove;
  }
  return Verdict::kCannotFit;
}

// The pair with the least room for its blame among those that overlap when all lie as low as they may. None: that is a
// placement.
std::optional<int> PlacementSearch::PickPair(const State &state) const {
  std::optional<int> best;
  int64_t least_room = 0, least_blame = 0;
  for (size_t p = 0; p < problem_.pairs.size(); ++p) {
    const Pair &pair = problem_.pairs[p];
    const int64_t rise = state.low[pair.b] - state.low[pair.a];
    if (rise >= pair.b_above_a || -rise >= pair.a_above_b) {
      continue;
    }
    const int64_t slack_b = state.high[pair.b] - state.low[pair.a] - pair.b_above_a;
    const int64_t slack_a = state.high[pair.a] - state.low[pair.b] - pair.a_above_b;
    const int64_t room = slack_a + slack_b + 1;
    if (!best || room * least_blame < least_room * blame_[p]) {
      least_room = room;
      least_blame = blame_[p];
      best = static_cast<int>(p);
    }
  }
  return best;
}

bool PlacementSearch::Propagate(State &state) {
  while (true) {
    if (!PropagatePairs(state)) {
      return false;
    }
    for (size_t s = 0; s < is_step_dirty_.size(); ++s) {
      if (is_step_dirty_[s]) {
        is_step_dirty_[s] = false;
        if (!CheckStep(state, static_cast<int>(s))) {
          std::fill(is_step_dirty_.begin(), is_step_dirty_.end(), false);
          return false;
        }
      }
    }
    if (queue_.empty()) {
      return true;
    }
  }
}

bool PlacementSearch::PropagatePairs(State &state) {
  bool is_alive = true;
  while (!queue_.empty()) {
    const int buffer = queue_.back();
    queue_.pop_back();
    is_queued_[buffer] = false;
    for (size_t i = 0; is_alive && i < pairs_of_[buffer].size(); ++i) {
      is_alive = CheckPair(state, pairs_of_[buffer][i]);
    }
  }
  if (!is_alive) {
    std::fill(is_step_dirty_.begin(), is_step_dirty_.end(), false);
  }
  return is_alive;
}

bool PlacementSearch::CheckPair(State &state, int index) {
  const Pair &pair = problem_.pairs[index];
  Way &way = state.ways[index];
  if (way == Way::kOpen) {
    const bool may_b = state.low[pair.a] + pair.b_above_a <= state.high[pair.b];
    const bool may_a = state.low[pair.b] + pair.a_above_b <= state.high[pair.a];
    if (may_a && may_b) {
      return true;
    }
    way = may_b ? Way::kBAbove : Way::kAAbove;
  }
  const bool is_b = way == Way::kBAbove;
  const int upper = is_b ? pair.b : pair.a, lower = is_b ? pair.a : pair.b;
  const int64_t distance = is_b ? pair.b_above_a : pair.a_above_b;
  const bool is_alive = Raise(state, upper, state.low[lower] + distance) &&  //
                        Lower(state, lower, state.high[upper] - distance);
  blame_[index] += is_alive ? 0 : 1;
  return is_alive;
}

bool PlacementSearch::Raise(State &state, int buffer, int64_t low) {
  if (low > state.low[buffer]) {
    state.low[buffer] = AboveWalls(buffer, low);
    Touch(buffer);
  }
  return state.low[buffer] <= state.high[buffer];
}

bool PlacementSearch::Lower(State &state, int buffer, int64_t high) {
  if (high < state.high[buffer]) {
    state.high[buffer] = BelowWalls(buffer, high);
    Touch(buffer);
  }
  return state.low[buffer] <= state.high[buffer];
}

int64_t PlacementSearch::AboveWalls(int buffer, int64_t low) const {
  for (const Wall &wall : problem_.walls) {
    if (low < wall.start && low > HighestBelow(problem_, wall, buffer)) {
      low = wall.start;
    }
  }
  return low;
}

int64_t PlacementSearch::BelowWalls(int buffer, int64_t high) const {
  for (auto wall = problem_.walls.rbegin(); wall != problem_.walls.rend(); ++wall) {
    if (high < wall->start) {
      high = std::min(high, HighestBelow(problem_, *wall, buffer));
    }
  }
  return high;
}

void PlacementSearch::Touch(int buffer) {
  if (!is_queued_[buffer]) {
    is_queued_[buffer] = true;
    queue_.push_back(buffer);
  }
  for (int s : steps_of_[buffer]) {
    is_step_dirty_[s] = true;
  }
}

// False where some buffers of a step must lie within fewer bytes than they need.
//
// A buffer lies within [low, high + size). Of what the buffers of a set have in sum, a buffer that may trail others
// saves at most what it may lie over each of them, and over all of them no more than over the nearest.
bool PlacementSearch::CheckStep(const State &state, int step) {
  const std::vector<int> &members = problem_.together[step];
  std::vector<int> by_end(members);
  auto end_of = [&](int b) { return state.high[b] + problem_.sizes[b]; };
  std::sort(by_end.begin(), by_end.end(), [&](int a, int b) { return end_of(a) < end_of(b); });
  for (int first : members) {
    const int64_t start = state.low[first];
    int64_t total = 0;
    std::vector<int> inside;
    for (int b : by_end) {
      if (state.low[b] < start) {
        continue;
      }
      inside.push_back(b);
      total += problem_.sizes[b];
      if (total <= end_of(b) - start) {
        continue;
      }
      int64_t saved = 0;
      auto is_inside = [&](int x) { return std::find(inside.begin(), inside.end(), x) != inside.end(); };
      for (int lower : inside) {
        int64_t sum = 0, most = 0;
        for (const Overlap &overlap : overlaps_[step]) {
          if (overlap.lower == lower && is_inside(overlap.upper)) {
            sum += std::min(overlap.saved, problem_.sizes[overlap.upper]);
            most = std::max(most, overlap.saved);
          }
        }
        saved += std::min(sum, most);
      }
      if (total - saved > end_of(b) - start) {
        BlamePairs(inside);
        return false;
      }
    }
  }
  return true;
}

void PlacementSearch::BlamePairs(const std::vector<int> &buffers) {
  std::vector<bool> is_blamed(problem_.sizes.size(), false);
  for (int b : buffers) {
    is_blamed[b] = true;
  }
  for (int b : buffers) {
    for (int p : pairs_of_[b]) {
      blame_[p] += problem_.pairs[p].a == b && is_blamed[problem_.pairs[p].b] ? 1 : 0;
    }
  }
}

}  // namespace mcupatch::scheduler
