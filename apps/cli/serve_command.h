#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// Adds `serve`: the REST interface.
void add_serve_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
