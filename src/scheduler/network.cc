#include "network.h"

#include <algorithm>

namespace mcupatch::scheduler {

void Network::Index() {
  readers.assign(tensors.size(), {});
  for (int i = 0; i < size(); ++i) {
    for (const Read &read : operators[i].reads) {
      std::vector<int> &known = readers[read.tensor];
      if (known.empty() || known.back() != i) {
        known.push_back(i);
      }
    }
  }
  crossing_bytes.assign(size() + 1, 0);
  for (size_t id = 0; id < tensors.size(); ++id) {
    const Tensor &tensor = tensors[id];
    if (tensor.root != static_cast<int>(id) || tensor.streamed) {
      continue;
    }
    for (int i = tensor.producer + 1; i <= std::min(tensor.last_use, size()); ++i) {
      crossing_bytes[i] += tensor.nbytes;
    }
  }
  streamed_until = -1;
  for (const Tensor &tensor : tensors) {
    streamed_until = tensor.streamed ? std::max(streamed_until, tensor.last_use) : streamed_until;
  }
  least_bytes = 0;
  for (const Operator &op : operators) {
    least_bytes = std::max(least_bytes, op.tileable ? std::min(op.whole_bytes, LeastBytesOf(op)) : op.whole_bytes);
  }
  const auto early = std::find_if(operators.begin(), operators.end(), [](const Operator &op) { return op.early; });
  first_early = static_cast<int>(early - operators.begin());
  FindNeeded();
  lone_since.assign(size() + 1, 0);
  for (int i = 1; i <= size(); ++i) {
    lone_since[i] = streamed_until >= i ? 1 : 0;
    for (int before = 0; before < i - 1; ++before) {
      if (tensors[operators[before].output].last_use >= i) {
        lone_since[i] = before + 1;
      }
    }
  }
  least_crossing_before.assign(size() + 1, 0);
  for (int i = 1; i <= size(); ++i) {
    const auto begin = crossing_bytes.begin() + lone_since[i];
    least_crossing_before[i] = *std::min_element(begin, crossing_bytes.begin() + i);
  }
}

// What is kept of the inputs of an operator while it runs tile by tile, along rows or along columns.
int64_t Network::LeastBytesOf(const Operator &op) const {
  int64_t least = ScratchBytes(op, 1, 1);
  for (const Read &read : op.reads) {
    const Tensor &input = tensors[read.tensor];
    int64_t kept[2];
    for (Axis axis : {kRows, kCols}) {
      const AxisAccess &access = read.axis[axis];
      const int overlap = access.stride == 0 ? 0 : std::max(access.extent - access.stride, 0);
      kept[axis] = std::min(overlap, input.size[axis]) * int64_t{input.size[1 - axis]};
    }
    least += std::min(kept[kRows], kept[kCols]) * input.position_bytes;
  }
  return least;
}

// Calls compute all pairs of some rows and some columns, so at least all pairs of those that anyone reads.
void Network::FindNeeded() {
  std::vector<std::vector<char>> is_needed[2];  // by axis, tensor and position
  for (Axis axis : {kRows, kCols}) {
    for (size_t id = 0; id < tensors.size(); ++id) {
      const bool whole = readers[id].empty() || tensors[tensors[id].root].last_use > readers[id].back();
      is_needed[axis].emplace_back(tensors[id].size[axis], whole);
    }
  }
  unneeded_macs = 0;
  for (int i = size() - 1; i >= 0; --i) {
    const Operator &op = operators[i];
    int64_t area = 1;
    for (Axis axis : {kRows, kCols}) {
      const std::vector<char> &out = is_needed[axis][op.output];
      area *= std::count(out.begin(), out.end(), 1);
      for (const Read &read : op.reads) {
        std::vector<char> &in = is_needed[axis][read.tensor];
        const AxisAccess &access = read.axis[axis];
        for (int position = 0; position < static_cast<int>(out.size()); ++position) {
          const int start = op.reduction ? 0 : position * access.stride - access.pad;
          const int stop = op.reduction ? static_cast<int>(in.size()) : start + access.extent;
          for (int k = std::max(start, 0); out[position] != 0 && k < std::min<int>(stop, in.size()); ++k) {
            in[k] = 1;
          }
        }
      }
    }
    unneeded_macs += op.tileable && !op.reduction ? op.whole_macs - area * op.macs : 0;
  }
  for (Axis axis : {kRows, kCols}) {
    needed[axis].clear();
    for (const std::vector<char> &marks : is_needed[axis]) {
      needed[axis].push_back(static_cast<int>(std::count(marks.begin(), marks.end(), 1)));
    }
  }
}

int64_t Network::LiveOutBytes(int first, int last) const {
  int64_t total = 0;
  for (int i = first; i <= last; ++i) {
    const Tensor &output = tensors[operators[i].output];
    if (output.root == operators[i].output && output.last_use > last) {
      total += output.nbytes;
    }
  }
  return total;
}

}  // namespace mcupatch::scheduler
