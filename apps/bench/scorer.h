#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/core/result.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {

// Whether a scorer (the JSON text of a task's `score`; empty: none) can work at all.
Result<void> check_score(const std::string& score);

// What a run left behind.
struct WorkProduct {
  std::string answer;
  std::string workspace;  // folder, or empty
  std::string snapshot;   // the workspace as it was at the start, or empty
};

// 0..1, or nothing without a scorer. A `command` runs in a fresh sandbox on a copy of the
// workspace. `unavailable` when no verdict could be reached: that says nothing of the agent.
// Blocks.
Result<std::optional<double>> score_work(const std::string& score, const WorkProduct& work,
                                         const Sandbox& sandbox, std::stop_token stop);

}  // namespace pareto
