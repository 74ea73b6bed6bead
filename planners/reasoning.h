#pragma once

#include <optional>
#include <string>

#include "agent/core/planner.h"

namespace pareto {

// Like instant, but the model is asked to think in writing before it answers, and may write more.
// Thinking that is cut off before the answer of a question gets one short call that asks for it.
class ReasoningPlanner final : public Planner {
 public:
  Mode mode() const override { return Mode::reasoning; }
  Planned plan(const Run& run) const override;
  Action next(const Run& run) const override;
  // When a limit fell before any reply: a short answer without the thinking.
  std::optional<CallModel> wrap_up(const Run& run) const override;
  std::string answer(const Run& run) const override;
};

}  // namespace pareto
