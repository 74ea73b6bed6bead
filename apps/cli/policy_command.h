#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto policy show|explain RUN`.
void add_policy_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
