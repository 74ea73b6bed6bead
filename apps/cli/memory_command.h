#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto memory list|show|search|forget|export|check|rebuild|stats`.
void add_memory_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
