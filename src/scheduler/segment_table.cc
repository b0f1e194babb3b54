#include "segment_table.h"

#include "interrupt.h"
#include "segment_builder.h"

namespace mcupatch::scheduler {

SegmentTable::SegmentTable(const Network &network, const SearchSpace &space, const BytesBefore &before)
    : network_(network),
      size_(network.size()),
      live_out_bytes_(static_cast<size_t>(network.size()) * network.size()),
      options_(static_cast<size_t>(network.size()) * network.size()),
      builder_(std::make_unique<SegmentBuilder>(network, space, before, rows_before_)) {
}

SegmentTable::~SegmentTable() = default;

void SegmentTable::Add(int last, const BytesAfter &after) {
  builder_->Build(last, after, [&](int first, std::vector<SegmentOption> options) {
    live_out_bytes_[static_cast<size_t>(first) * size_ + last] = network_.LiveOutBytes(first, last);
    options_[static_cast<size_t>(first) * size_ + last] = std::move(options);
  });
}

void SegmentTable::AddAll() {
  for (int last = 0; last < size_; ++last) {
    StopIfInterrupted();
    Add(last, {});
  }
}

}  // namespace mcupatch::scheduler
