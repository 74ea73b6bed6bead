#include "agent/runner/experience.h"

namespace pareto {

std::optional<Experience> experience_of(const Run& run, const Outcome& outcome,
                                        std::optional<double> score) {
  if (!run->route || outcome.status == Status::error || outcome.status == Status::cancelled) {
    return std::nullopt;
  }
  if (!score && outcome.verdict && outcome.verdict->error.empty()) {
    score = outcome.verdict->passed ? 1.0 : 0.0;
  }
  if (!score) return std::nullopt;
  const Route& route = *run->route;
  return Experience{.run = run.id(),
                    .task_id = run.task().id,
                    .text = run.task().prompt,
                    .kind = route.kind,
                    .mode = route.mode,
                    .model = route.model,
                    .effort = route.effort,
                    .success = *score,
                    .cost = outcome.receipt.total_cost(),
                    .took = outcome.receipt.seconds,
                    .turns = outcome.receipt.turns,
                    .features = route.features};
}

}  // namespace pareto
