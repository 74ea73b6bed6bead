#pragma once

#include <string>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/time.h"
#include "apps/bench/bench.h"
#include "apps/system/config.h"

namespace pareto {

// OUT/bench.json: what the rows beside it depend on, so that they can be judged and repeated.
//
//   {"schema": 1, "suite": {"name", "version", "hash", "licence", "source"},
//    "configuration": {"hash", "pareto", "policy", "seed", "memory", "learn", "settings",
//    "models", "agents"}, "sessions": [{"started", "plan", "prices", "host"}, ...]}
//
// `judge`, a model's name, joins `configuration` where tasks are judged.
// `configuration` is what rows that stand in one file must share; `models` grows with the models
// that were asked for, each with its settings and the SHA-256 of its weights or script; so does
// `agents`, foreign ones, each with its command.
struct Manifest {
  Json suite;
  Json configuration;
  Json session;
};

// `version` is that of the program. Errors: a model that is not configured, or whose file is gone.
Result<Manifest> manifest_of(const Suite& suite, const BenchPlan& plan, const Config& config,
                             const std::string& version, Instant now);

// What keeps rows of one configuration from standing beside those of the other, a line each:
// "seed: 1, now 2". Empty: nothing.
std::vector<std::string> differences(const Json& before, const Json& now);

// Writes the file, or adds a session to one that is there. `invalid` names all differences when the
// rows there are those of another configuration.
Result<void> record_manifest(const std::string& path, const Manifest& manifest);

}  // namespace pareto
