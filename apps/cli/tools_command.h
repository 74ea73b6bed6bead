#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto tools list|show|call`.
void add_tools_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
