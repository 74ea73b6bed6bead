#include <fmt/format.h>

#include <algorithm>

#include "agent/io/process_start.h"

namespace pareto {

void OutputKeeper::add(std::string_view bytes) {
  const std::size_t first = std::min(bytes.size(), head_limit_ - head_.size());
  head_.append(bytes.substr(0, first));
  bytes.remove_prefix(first);
  if (bytes.size() > tail_limit_) {
    dropped_ += tail_.size() + bytes.size() - tail_limit_;
    tail_.clear();
    bytes.remove_prefix(bytes.size() - tail_limit_);
  }
  tail_.append(bytes);
  if (tail_.size() > 2 * tail_limit_) {
    const std::size_t excess = tail_.size() - tail_limit_;
    dropped_ += excess;
    tail_.erase(0, excess);
  }
}

ProcessOutput OutputKeeper::take() {
  if (tail_.size() > tail_limit_) {
    const std::size_t excess = tail_.size() - tail_limit_;
    dropped_ += excess;
    tail_.erase(0, excess);
  }
  return {std::move(head_), std::move(tail_), dropped_};
}

std::string ProcessOutput::text() const {
  if (dropped == 0) return head + tail;
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", head, dropped, tail);
}

}  // namespace pareto
