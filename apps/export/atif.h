#pragma once

#include <string>

#include "apps/export/turns.h"

namespace pareto::exporting {

// A run as one document of the Agent Trajectory Interchange Format, version 1.7 (Harbor, RFC 0001).
// `version` is that of the program.
//
// Each reply is one agent step with its tool calls, their results and what it cost; the tool calls
// of a planner are an agent step without a model call (`llm_call_count` 0). Prompts are steps of
// their role; verifications, compactions, limits and the like are system steps. A call that was
// lost is an agent step with an empty message, so that the steps' costs add up to the total. Times
// are UTC, money is USD; a cost without a known price is left out.
Json atif_trajectory(const RunTurns& turns, const std::string& version);

}  // namespace pareto::exporting
