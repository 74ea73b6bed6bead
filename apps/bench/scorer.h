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

// What a scorer found.
struct Scored {
  std::optional<double> score;  // 0..1; nothing without a scorer
  std::string note;             // why it is not 1 and what was removed before; may be empty
  bool ask_judge = false;       // `score` is what it is worth unless a judge finds it right

  friend bool operator==(const Scored&, const Scored&) = default;
};

// A `command` runs in a fresh sandbox on a copy of the workspace; with `expect_tests` its output
// must also show that so many tests ran and none failed. `unavailable` when no verdict could be
// reached: that says nothing of the agent. Blocks.
Result<Scored> score_work(const std::string& score, const WorkProduct& work, const Sandbox& sandbox,
                          std::stop_token stop);

}  // namespace pareto
