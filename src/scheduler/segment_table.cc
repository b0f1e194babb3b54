#include "segment_table.h"

#include "segment_builder.h"

namespace mcupatch::scheduler {

SegmentTable::SegmentTable(const Network &network, const SearchSpace &space)
    : size_(network.size()),
      live_out_bytes_(static_cast<size_t>(network.size()) * network.size()),
      options_(static_cast<size_t>(network.size()) * network.size()) {
  SegmentBuilder builder(network, space, rows_before_);
  for (int last = 0; last < size_; ++last) {
    builder.Build(last, [&](int first, std::vector<SegmentOption> options) {
      live_out_bytes_[static_cast<size_t>(first) * size_ + last] = network.LiveOutBytes(first, last);
      options_[static_cast<size_t>(first) * size_ + last] = std::move(options);
    });
  }
}

}  // namespace mcupatch::scheduler
