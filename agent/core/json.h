#pragma once

#include <nlohmann/json_fwd.hpp>

namespace pareto {

// JSON with keys in the order they were written: schemas shown to small models and rows shown to
// people depend on it.
using Json = nlohmann::ordered_json;

}  // namespace pareto
