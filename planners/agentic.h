#pragma once

#include <optional>
#include <string>

#include "agent/core/planner.h"

namespace pareto {

// A conversation with tools that ends when the model calls `finish`. A reply without a tool call is
// sent back twice in a row at most; a failed verification is shown and worked on three times at
// most, while turns remain.
class AgenticPlanner final : public Planner {
 public:
  Mode mode() const override { return Mode::agentic; }
  Planned plan(const Run& run) const override;
  Action next(const Run& run) const override;
  // `finish`, forced; none once an answer was given.
  std::optional<CallModel> wrap_up(const Run& run) const override;
  std::string answer(const Run& run) const override;
};

}  // namespace pareto
