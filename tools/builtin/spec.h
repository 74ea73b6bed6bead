#pragma once

#include <initializer_list>
#include <string>

#include "agent/core/tool.h"

namespace pareto {

enum class Need { required, optional };

struct Parameter {
  const char* name;
  const char* type;  // a JSON Schema type
  Need need;
  const char* description;
};

// The JSON Schema of flat parameters that allows nothing else.
std::shared_ptr<const Json> parameters_of(std::initializer_list<Parameter> parameters);

// Values of validated arguments.
std::string text_argument(const Json& arguments, const char* name, std::string fallback = "");
std::int64_t integer_argument(const Json& arguments, const char* name, std::int64_t fallback);

}  // namespace pareto
