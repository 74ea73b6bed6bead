#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/core/ports.h"

namespace pareto {

// Chooses among the models that the policy may spend on, unless the run names another one: a
// process may have more of them open. Without any of the policy's, all that are open.
class PolicyRouter final : public Router {
 public:
  PolicyRouter(std::unique_ptr<Router> router, std::vector<std::string> policy_models);

  Result<Route> route(const Question& question, std::uint64_t seed) const override;

 private:
  std::unique_ptr<Router> router_;
  std::vector<std::string> policy_models_;
};

}  // namespace pareto
