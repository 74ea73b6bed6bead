#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto run`: one task. Exit status: 0 success, 1 finished without success, 2 wrong usage or
// configuration, 3 a limit or a refused budget, 4 infrastructure, 130 cancelled.
void add_run_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
