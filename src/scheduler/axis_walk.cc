#include "axis_walk.h"

#include <algorithm>

namespace mcupatch::scheduler {
namespace {

int FloorDivide(int a, int b) {
  const int quotient = a / b;
  return quotient * b > a ? quotient - 1 : quotient;
}

struct Needed {
  int start, stop;
};

// The part of [0, size) that computing the non-empty [start, stop) reads.
Needed FindNeeded(const AxisAccess &access, int start, int stop, int size) {
  if (access.stride == 0) {
    return {0, std::min(access.extent, size)};
  }
  const int first = std::max(start, -FloorDivide(access.extent - 1 - access.pad, access.stride));
  const int last = std::min(stop - 1, FloorDivide(size - 1 + access.pad, access.stride));
  const int low = std::min(std::max(first * access.stride - access.pad, 0), size);
  const int high = std::min(std::max(last * access.stride - access.pad + access.extent, 0), size);
  return {low, std::max(low, high)};
}

}  // namespace

int OpenTensor::StopAt(int tile_stop) const {
  int most = INT_MIN;
  for (const Stop &s : stops) {
    most = std::max(most, s.stride * tile_stop + s.offset);
  }
  return most;
}

void OpenTensor::AddStops(const OpenTensor &reader, const AxisAccess &access) {
  for (const Stop &wanted : reader.stops) {
    const Stop here = {wanted.stride * access.stride, (wanted.offset - 1) * access.stride - access.pad + access.extent};
    const auto same = std::find_if(stops.begin(), stops.end(), [&](const Stop &s) { return s.stride == here.stride; });
    if (same == stops.end()) {
      stops.push_back(here);
    } else {
      same->offset = std::max(same->offset, here.offset);
    }
  }
  if (reader.last_stop != INT_MIN) {
    last_stop = std::max(last_stop, (reader.last_stop - 1) * access.stride - access.pad + access.extent);
  }
}

AxisWalk::AxisWalk(const Network &network, int last, Axis axis, int tile) : network_(&network) {
  Restart(last, axis, tile);
}

void AxisWalk::Restart(int last, Axis axis, int tile) {
  for (OpenTensor &open : open_) {
    spare_.push_back(std::move(open));
  }
  open_.clear();
  last_ = last;
  axis_ = axis;
  tile_ = tile;
  tiled_ = network_->tiled_tensor(last);
  size_ = network_->tensors[tiled_].size[axis];
  tiles_ = (size_ + tile - 1) / tile;
  warm_up_ = 0;
}

const OpenTensor *AxisWalk::FindOpen(int tensor) const {
  for (const OpenTensor &open : open_) {
    if (open.id == tensor) {
      return &open;
    }
  }
  return nullptr;
}

OpenTensor &AxisWalk::Open(int tensor) {
  for (OpenTensor &open : open_) {
    if (open.id == tensor) {
      return open;
    }
  }
  if (spare_.empty()) {
    open_.emplace_back();
  } else {
    open_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  OpenTensor &open = open_.back();
  open.id = tensor;
  open.stops.clear();
  open.last_stop = INT_MIN;
  open.in_step = false;
  open.start.assign(steps(), 0);
  open.stop.assign(steps(), 0);
  return open;
}
void AxisWalk::WarmUp(int steps) {
  for (OpenTensor &open : open_) {
    open.start.insert(open.start.begin(), steps, 0);
    open.stop.insert(open.stop.begin(), steps, 0);
    if (open.in_step) {
      open.ahead.insert(open.ahead.begin(), steps, INT_MAX);
    }
  }
  warm_up_ += steps;
}

AxisStats AxisWalk::Push(int op, bool recomputed, bool live_out, const std::vector<int> *stops) {
  const int output = network_->operators[op].output;
  const bool tiled = op == last_ || output == tiled_;
  const auto found =
      std::find_if(open_.begin(), open_.end(), [output](const OpenTensor &open) { return open.id == output; });
  OpenTensor read;
  const bool is_read = found != open_.end();
  if (is_read) {
    read = std::move(*found);
    if (found + 1 != open_.end()) {
      *found = std::move(open_.back());
    }
    open_.pop_back();
  }
  const int output_size = network_->tensors[output].size[axis_];
  if (tiled) {
    read.stops.push_back({1, 0});
    read.last_stop = std::max(read.last_stop, size_);
  }
  if (live_out) {
    read.last_stop = std::max(read.last_stop, output_size);
  }
  if (!tiled && !recomputed && stops == nullptr && tiles_ > 1) {
    int more = 0;
    while (read.StopAt(TileStop(0) - (more + 1) * tile_) > 0) {
      ++more;
    }
    if (more > 0) {
      WarmUp(more);
      read.start.insert(read.start.begin(), more, 0);
      read.stop.insert(read.stop.begin(), more, 0);
    }
  }
  const int count = steps();
  start_.assign(count, 0);
  stop_.assign(count, 0);
  int done = 0;
  for (int s = 0; s < count; ++s) {
    if (tiled) {
      start_[s] = std::min(std::max(TileStop(s) - tile_, 0), size_);
      stop_[s] = std::min(std::max(TileStop(s), 0), size_);
    } else if (recomputed) {
      start_[s] = is_read ? read.start[s] : 0;
      stop_[s] = is_read ? read.stop[s] : 0;
    } else {
      const int wanted = stops != nullptr ? (*stops)[s] : s == count - 1 ? read.last_stop : read.StopAt(TileStop(s));
      start_[s] = done;
      stop_[s] = done = std::max(done, std::min(std::max(wanted, 0), output_size));
    }
  }
  AddReads(op, read);
  if (op == last_) {  // it lies whole or in a row window
    AxisStats stats;
    for (int s = 0; s < count; ++s) {
      stats.AddComputed(stop_[s] - start_[s]);
    }
    return stats;
  }
  const AxisStats stats = Summarise(is_read ? &read : nullptr, recomputed);
  if (is_read) {
    spare_.push_back(std::move(read));
  }
  return stats;
}

// From what is computed at each step and what is read (null: nothing) to what has to be held and moved.
AxisStats AxisWalk::Summarise(const OpenTensor *read, bool recomputed) {
  const int count = steps();
  held_.assign(count, 0);
  int low = stop_.back();
  for (int s = count - 1; s >= 0; --s) {
    if (!recomputed && read != nullptr && read->stop[s] > read->start[s]) {
      low = std::min(low, read->start[s]);
    }
    held_[s] = recomputed ? start_[s] : std::min(low, start_[s]);
  }
  AxisStats stats;
  for (int s = 0; s < count; ++s) {
    const int computed = stop_[s] - start_[s], held = stop_[s] - held_[s];
    stats.held = std::max(stats.held, held);
    stats.kept = std::max(stats.kept, held - computed);
    stats.AddComputed(computed);
    stats.kept_sum += held - computed;
  }
  int next = *std::max_element(stop_.begin(), stop_.end());
  for (int s = count - 1; s >= 0; --s) {
    const int start = stop_[s] > held_[s] ? held_[s] : next;
    const int flushed = std::max(std::min(stop_[s], next) - start, 0);
    stats.flushed_cols += flushed;
    stats.flushed_tiles += flushed > 0;
    next = std::min(next, start);
    if (s + 1 < count) {
      const int then = held_[s + 1];
      const int overlap = std::max(std::min(stop_[s], stop_[s + 1]) - std::max(held_[s], then), 0);
      stats.kept_steps += overlap > 0;
      if (then > held_[s]) {
        stats.moved_steps += overlap > 0;
        stats.moved_sum += overlap;
      }
      stats.cached_rows += then > held_[s] ? std::max(start_[s] - then, 0) : 0;
      stats.cached_rows += stop_[s] - std::max(then, start_[s]);
    }
  }
  return stats;
}

void AxisWalk::AddReads(int op, const OpenTensor &wanted) {
  const Operator &here = network_->operators[op];
  const Tensor &output = network_->tensors[here.output];
  for (const Read &read : here.reads) {
    const AxisAccess &access = read.axis[axis_];
    const Tensor &source = network_->tensors[read.tensor];
    const int size = source.size[axis_];
    const bool in_step = op == last_ && here.element && source.position_bytes == output.position_bytes &&
                         source.size[kRows] == output.size[kRows] && source.size[kCols] == output.size[kCols];
    OpenTensor &open = Open(read.tensor);
    if (in_step && !open.in_step) {
      open.in_step = true;
      open.ahead.assign(steps(), INT_MAX);
    }
    if (access.stride > 0 && !(op == last_ && here.reduction)) {
      open.AddStops(wanted, access);
    }
    for (int s = 0; s < steps(); ++s) {
      if (stop_[s] == start_[s]) {
        continue;
      }
      const Needed part = FindNeeded(access, start_[s], stop_[s], size);
      if (part.stop == part.start) {
        continue;
      }
      const bool first = open.stop[s] == open.start[s];
      open.start[s] = first ? part.start : std::min(open.start[s], part.start);
      open.stop[s] = first ? part.stop : std::max(open.stop[s], part.stop);
      if (open.in_step && !in_step) {
        open.ahead[s] = std::min(open.ahead[s], part.start);
      }
    }
  }
}

}  // namespace mcupatch::scheduler
