#pragma once

#include <optional>
#include <string>

#include "agent/core/outcome.h"
#include "agent/core/result.h"
#include "apps/proxy/meter.h"
#include "tools/sandbox/sandbox.h"

namespace pareto {

// What is known of a foreign agent that has ended.
struct AgentEnding {
  Result<SandboxExit> exit;        // `cancelled`: it was stopped since its calls were refused
  std::optional<Refusal> refusal;  // the limit that refused its newest call
  std::optional<Error> trouble;    // the model could not be reached, and no reply came since
  int model_calls = 0;
};

// How a run ends whose work has not been verified: an agent that crashes has failed, one that could
// not be started or had no model has not been tried (Status::error).
Outcome judge(const AgentEnding& ending);
// The same once the work was verified: that has the last word, as for our own runs.
Outcome judge(Outcome outcome, const Verdict& verdict);

// What an answer is taken from if the agent wrote none: the last lines of what it printed, without
// escape sequences, at most 40 lines and 4 KB.
std::string last_lines(const std::string& printed);

}  // namespace pareto
