#pragma once

#include <cstdint>
#include <vector>

#include "agent/core/message.h"
#include "agent/core/tool.h"

namespace pareto {

// Fingerprints of the last tool calls with their results, newest last. A call that returns
// something new has a new fingerprint, so polling and batch edits don't look like loops.
struct LoopTrace {
  static constexpr int kLongestCycle = 5;
  static constexpr int kKept = 30;

  std::vector<std::uint64_t> recent;

  void add(const ToolCall& call, const ToolResult& result);
  // How often the last 1 to 5 calls were repeated back to back: 1 means no repetition.
  int repeats() const;
  void clear() { recent.clear(); }

  friend bool operator==(const LoopTrace&, const LoopTrace&) = default;
};

}  // namespace pareto
