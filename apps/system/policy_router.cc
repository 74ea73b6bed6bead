#include "apps/system/policy_router.h"

#include <algorithm>
#include <iterator>

namespace pareto {

PolicyRouter::PolicyRouter(std::unique_ptr<Router> router, std::vector<std::string> policy_models)
    : router_(std::move(router)), policy_models_(std::move(policy_models)) {}

Result<Route> PolicyRouter::route(const Question& question, std::uint64_t seed) const {
  std::vector<ModelInfo> models;
  std::ranges::copy_if(question.models, std::back_inserter(models), [&](const ModelInfo& model) {
    return std::ranges::find(policy_models_, model.name) != policy_models_.end();
  });
  if (question.model || models.empty()) return router_->route(question, seed);
  Question asked = question;
  asked.models = models;
  return router_->route(asked, seed);
}

}  // namespace pareto
