// Operators that run as soon as their inputs are there: how far each one's output is computed at each step.
#pragma once

#include <vector>

#include "network.h"

namespace mcupatch::scheduler {

struct EarlyStops {
  int warm_up = 0;                            // steps before the first tile
  std::vector<std::vector<int>> of_operator;  // by operator - first, by step; empty: not early
};

// For operators `first` to `last` with tiles of `tile` positions along `axis`. Nobody is early if none of the strided
// operators shares an input with another one: `of_operator` is empty then.
EarlyStops FindEarlyStops(const Network &network, int first, int last, Axis axis, int tile);

// The operators of the segment that may be early.
std::vector<int> FindEarly(const Network &network, int first, int last);

}  // namespace mcupatch::scheduler
