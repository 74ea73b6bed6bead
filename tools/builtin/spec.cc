#include "tools/builtin/spec.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace pareto {

std::shared_ptr<const Json> parameters_of(std::initializer_list<Parameter> parameters) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Parameter& parameter : parameters) {
    properties[parameter.name] = {{"type", parameter.type}, {"description", parameter.description}};
    if (parameter.need == Need::required) required.push_back(parameter.name);
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return std::make_shared<const Json>(std::move(schema));
}

std::string text_argument(const Json& arguments, const char* name, std::string fallback) {
  const auto found = arguments.find(name);
  return found == arguments.end() ? std::move(fallback) : found->get<std::string>();
}

std::int64_t integer_argument(const Json& arguments, const char* name, std::int64_t fallback) {
  const auto found = arguments.find(name);
  if (found == arguments.end()) return fallback;
  // A whole number may be written as 3.0 or 1e300.
  constexpr double kLargest = 9e15;
  return static_cast<std::int64_t>(std::clamp(found->get<double>(), -kLargest, kLargest));
}

}  // namespace pareto
