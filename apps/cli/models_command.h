#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto models list|pull|remove|engine|test`.
void add_models_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
