#pragma once

#include <cstdint>
#include <string>

#include "agent/core/result.h"

namespace pareto {

enum class Durability { memory, durable };

struct LoopMeasurement {
  double cpu_us = 0;  // user and system time of this process with all its threads
  double wall_seconds = 0;
  double turns = 0;                      // of all runs together
  std::int64_t resident_kb_per_run = 0;  // growth of the resident set at the peak, per run

  double cpu_us_per_turn() const { return turns > 0 ? cpu_us / turns : 0; }
};

struct LoopBenchOptions {
  std::string base_url;  // of pareto-mock-server, with /v1
  Durability durability = Durability::memory;
  int runs = 1;
  bool at_once = false;      // all runs at the same time instead of one after the other
  std::string state_folder;  // of the durable journal
};

// Runs agentic tasks against the mock server with the planner, concerns, ledger, model client, tool
// registry and runner that `pareto run` uses; the workspace is empty and the tool trivial.
Result<LoopMeasurement> measure_loop(const LoopBenchOptions& options);

}  // namespace pareto
