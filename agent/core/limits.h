#pragma once

#include <optional>
#include <string>

#include "agent/core/json.h"
#include "agent/core/money.h"
#include "agent/core/time.h"

namespace pareto {

// Hard limits of a run. An absent one is inherited; zero means zero, never "no limit".
struct Limits {
  std::optional<Money> usd;
  std::optional<int> turns;             // model calls of the agent role
  std::optional<Milliseconds> seconds;  // working time

  friend bool operator==(const Limits&, const Limits&) = default;
};

// The smaller of each.
Limits tightest(const Limits& a, const Limits& b);

// {"usd": "0.05", "turns": 20, "seconds": 300}; unknown keys are errors.
Json to_json(const Limits& limits);
Result<Limits> limits_from_json(const Json& json);

}  // namespace pareto
