#include "policies/offline/observation.h"

namespace pareto::offline {

const char* to_string(CostView view) {
  switch (view) {
    case CostView::list:
      return "list price";
    case CostView::billed:
      return "billed";
    case CostView::without_cache:
      return "without cache";
  }
  return "unknown";
}

double success_of(const Observation& observation) {
  if (observation.ending == Ending::infrastructure_error) return 0;
  return observation.score.value_or(observation.ending == Ending::success ? 1 : 0);
}

const std::optional<Money>& cost_of(const Observation& observation, CostView view) {
  switch (view) {
    case CostView::billed:
      return observation.billed_cost;
    case CostView::without_cache:
      return observation.cost_without_cache;
    case CostView::list:
      break;
  }
  return observation.list_cost;
}

}  // namespace pareto::offline
