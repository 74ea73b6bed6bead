#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto bench SUITE...`: tasks x modes x models x repeats. Exit status: 0 when the work was done,
// whatever the tasks' results; 1 when a --check fails; 2 for a bad suite or file; 4 if a row is an
// infrastructure error; 130 when stopped.
void add_bench_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
