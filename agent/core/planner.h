#pragma once

#include <optional>

#include "agent/core/action.h"
#include "agent/core/run.h"

namespace pareto {

// A way of working on a task. Pure: what it returns depends on the run alone, so that asking twice
// gives the same action; after a crash the run is asked again.
class Planner {
 public:
  virtual ~Planner() = default;
  virtual Mode mode() const = 0;
  // The first messages and the tools, once, after the route is known.
  virtual Planned plan(const Run& run) const = 0;
  // What to do next: CallModel, CallTools or Finish. Asked only while nothing is under way, no tool
  // call waits and no limit was reached. After a failed verification it may repair or Finish.
  virtual Action next(const Run& run) const = 0;
  // The one uncounted call after a limit; none if the work so far speaks for itself.
  virtual std::optional<CallModel> wrap_up(const Run& run) const = 0;
  // The answer as far as the work has come.
  virtual std::string answer(const Run& run) const = 0;
};

// Room that is held back for the wrap-up call.
inline constexpr std::int64_t kWrapUpTokens = 512;

}  // namespace pareto
