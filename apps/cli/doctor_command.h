#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/globals.h"

namespace pareto {

// `pareto doctor`: checks what runs need and says how to mend what is missing. Exit status 1 when
// something that is required is missing.
void add_doctor_command(CLI::App& app, const Globals& globals, int& status);

}  // namespace pareto
