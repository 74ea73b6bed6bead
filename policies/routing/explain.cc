#include "policies/routing/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pareto {

std::string explain(const Route& route) {
  std::size_t width = 3;
  for (const Arm& arm : route.arms) width = std::max(width, arm.name().size());
  std::string text =
      fmt::format("{}/{}/{} for a task of kind {}{}\n", to_string(route.mode), route.model,
                  to_string(route.effort), route.kind, route.forced ? ", as asked for" : "");
  if (!route.reason.empty()) text += route.reason + "\n";
  text += fmt::format("\n  {:<{}}  {:>8}  {:>5}  {:>9}  {:>8}  {:>10}  {}\n", "arm", width,
                      "eligible", "p", "cost USD", "score", "propensity", "why");
  for (const Arm& arm : route.arms) {
    const bool chosen =
        arm.mode == route.mode && arm.model == route.model && arm.effort == route.effort;
    const std::string cost =
        arm.cost ? fmt::format("{:.6f}", static_cast<double>(arm.cost->to_nanos()) * 1e-9)
                 : std::string("unknown");
    text += fmt::format("{} {:<{}}  {:>8}  {:>5.2f}  {:>9}  {:>8.4f}  {:>10.4f}  {}\n",
                        chosen ? '*' : ' ', arm.name(), width, arm.eligible ? "yes" : "no",
                        arm.success, cost, arm.score, arm.propensity, arm.why);
  }
  return text;
}

Json explain_json(const Route& route) {
  Json arms = Json::array();
  for (const Arm& arm : route.arms) {
    Json item = {{"arm", arm.name()},
                 {"eligible", arm.eligible},
                 {"why", arm.why},
                 {"p", arm.success},
                 {"cost_usd", nullptr},
                 {"score", arm.score},
                 {"propensity", arm.propensity}};
    if (arm.cost) item["cost_usd"] = arm.cost->to_string();
    arms.push_back(std::move(item));
  }
  return {{"mode", to_string(route.mode)},
          {"model", route.model},
          {"effort", to_string(route.effort)},
          {"arms", std::move(arms)}};
}

}  // namespace pareto
