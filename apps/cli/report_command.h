#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// Adds `pareto report`. `status` is set when it runs: 0, 4 when a row is an infrastructure error, 2
// for a folder or file that can't be used.
void add_report_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
