#pragma once

#include <string>

#include "agent/core/event.h"
#include "apps/system/system.h"

namespace pareto {

// Reads the body of POST /v1/runs, {"task": {...} or "prompt": "...", "mode", "model", "effort",
// "limits"}, and fills a Started with it, all but the run's id. Errors (invalid) name the key.
Result<Started> run_request(const std::string& body, System& system);

}  // namespace pareto
