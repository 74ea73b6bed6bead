#pragma once

#include <map>
#include <string>

#include "apps/export/turns.h"

namespace pareto::exporting {

// Whether prompts, replies, arguments and results are written: the conventions want them only
// where somebody asked.
enum class Content { left_out, included };

struct OtlpOptions {
  std::string version;  // of the program
  Content content = Content::left_out;
  std::map<std::string, std::string> providers;  // of models by name, as far as they are known
};

// A run as one trace in OTLP's JSON (an ExportTraceServiceRequest), with the names of the
// OpenTelemetry GenAI semantic conventions 0.1.0: a root span `invoke_agent`, `chat MODEL` for
// every model call, `execute_tool NAME` for every tool call that was begun, `verify`; what else
// happened are events of the root. Ids are hashes of the run's id and an event's number, so that
// the same run gives the same bytes. Attributes of our own begin with "pareto.".
Json otlp_trace(const RunTurns& turns, const OtlpOptions& options);

}  // namespace pareto::exporting
