#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto runs list|show|events|resume|cancel`.
void add_runs_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
