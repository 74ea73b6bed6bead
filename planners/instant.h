#pragma once

#include <optional>
#include <string>

#include "agent/core/planner.h"

namespace pareto {

// One call with everything in the prompt and without tools. Files in the reply are written into the
// workspace by calls of `write`; a failed verification gets one further call that shows it.
class InstantPlanner final : public Planner {
 public:
  Mode mode() const override { return Mode::instant; }
  Planned plan(const Run& run) const override;
  Action next(const Run& run) const override;
  // Never: the one reply is the work.
  std::optional<CallModel> wrap_up(const Run& run) const override;
  std::string answer(const Run& run) const override;
};

}  // namespace pareto
