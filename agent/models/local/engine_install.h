#pragma once

#include <functional>
#include <string>

#include "agent/core/result.h"
#include "agent/models/local/catalogue.h"

namespace pareto {

// The Python of the private virtual environment that holds the engine,
// CACHE/engine/venv/bin/python3.
std::string engine_python(const std::string& cache_dir);

// Whether the pinned version of the package is installed there.
bool engine_installed(const std::string& cache_dir, const EnginePackage& package);

struct EngineInstallOptions {
  std::string python = "python3";
  int seconds = 600;
};

// Makes the virtual environment and installs the pinned package into it, by the user's own pip
// settings. Idempotent; an interrupted installation leaves the earlier one untouched. Blocks.
// `say` gets one line a step. Errors: not_found (no python3 or no venv module), unavailable (pip).
Result<void> install_engine(const std::string& cache_dir, const EnginePackage& package,
                            const EngineInstallOptions& options,
                            const std::function<void(const std::string&)>& say);

// False when there was nothing to remove.
Result<bool> remove_engine(const std::string& cache_dir);

}  // namespace pareto
