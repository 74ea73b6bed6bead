#pragma once

#include <span>
#include <string>

#include "apps/system/config.h"

namespace pareto {

// One key of the configuration and what it does. NAME in a path stands for any name, which `put`
// is given. An error says what was expected.
struct ConfigKey {
  const char* path;
  Result<void> (*put)(Config& config, const std::string& name, const Json& value);
};

std::span<const ConfigKey> all_config_keys();

}  // namespace pareto
