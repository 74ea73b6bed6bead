#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/result.h"

namespace pareto {

// One configured value with where it comes from: "built-in", "pareto.toml:12",
// "PARETO_LIMITS_USD" or "--usd".
struct Setting {
  std::string path;  // "limits.usd", "models.local.weights"
  Json value;        // string, integer, number, boolean or list of strings
  std::string origin;
  std::vector<std::string> keys = {};  // of the path, where a file gave it: a key may hold a dot

  friend bool operator==(const Setting&, const Setting&) = default;
};

// Flattens a TOML document. `name` is what errors and origins call the file. Errors name the line.
Result<std::vector<Setting>> settings_from_toml(std::string_view text, const std::string& name);

}  // namespace pareto
