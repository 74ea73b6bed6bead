#pragma once

#include <re2/re2.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/schema/schema.h"

namespace pareto {

// A schema that was gone through once: every keyword has the right form, every pattern compiles and
// every reference has a target, so that checking needs no error path of its own.
struct CompiledSchema {
  Json root;
  std::map<std::string, std::unique_ptr<const RE2>> patterns;
  std::map<std::string, const Json*> references;  // into `root`
};

// One step of a JSON Pointer, escaped.
std::string pointer_step(std::string_view name);

}  // namespace pareto
