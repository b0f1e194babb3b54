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
  lone_since.assign(size() + 1, 0);
  for (int i = 1; i <= size(); ++i) {
    for (int before = 0; before < i - 1; ++before) {
      if (tensors[operators[before].output].last_use >= i) {
        lone_since[i] = before + 1;
      }
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
