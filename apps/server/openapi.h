#pragma once

#include <string_view>

namespace pareto {

// openapi.json of this folder, embedded when the program is built.
std::string_view openapi_document();

}  // namespace pareto
