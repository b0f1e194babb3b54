// Exact placement of buffers in one arena: branch and bound over which of two buffers lies above the other.
#pragma once

#include <cstdint>
#include <vector>

namespace mcupatch::scheduler {

// Two buffers that are in use at the same time. One of two things must hold:
//   offset[b] - offset[a] >= b_above_a   or   offset[a] - offset[b] >= a_above_b
// Where nothing overlaps, b_above_a is the size of a. At most one of the two is smaller than that (a safe overlap).
struct Pair {
  int a;
  int b;
  int64_t b_above_a;
  int64_t a_above_b;
};

// Where one memory ends and the next begins: no buffer holds a byte of [end, start). `start` is a multiple of the
// alignment, `end` need not be.
struct Wall {
  int64_t end;
  int64_t start;
};

// All in bytes. Sizes and distances are multiples of `align`, so offsets are; `true_sizes` are not rounded up.
struct PlacementProblem {
  int64_t align;
  std::vector<int64_t> sizes;
  std::vector<int64_t> true_sizes;
  std::vector<Pair> pairs;
  // The buffers in use at a step, for steps in ascending order. Every pair lies in one of these.
  std::vector<std::vector<int>> together;
  std::vector<Wall> walls;  // ascending
};

struct Placement {
  std::vector<int64_t> offsets;
  int64_t arena_bytes;  // end of the highest buffer
  int64_t bound_bytes;  // proven: no placement is smaller
  int64_t nodes;        // branches searched
};

// The smallest arena, from a legal placement `start` and a bound known to hold. Where `node_limit` branches do not
// suffice, the best placement and the best bound that were found: they depend on nothing but the arguments.
Placement MinimizeArena(const PlacementProblem &problem, const std::vector<int64_t> &start, int64_t bound_bytes,
                        int64_t node_limit);

// End of the highest buffer.
int64_t ArenaBytes(const PlacementProblem &problem, const std::vector<int64_t> &offsets);

}  // namespace mcupatch::scheduler
