#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto config show|path|check`.
void add_config_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
