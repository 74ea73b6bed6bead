#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/core/message.h"
#include "agent/core/model.h"
#include "agent/core/money.h"
#include "agent/core/result.h"

namespace pareto {

// What a client must make of a response body. Of an error only the code is fixed.
struct StreamOutcome {
  std::string text;
  std::string reasoning;
  std::string refusal;
  std::vector<ToolCall> tool_calls;
  FinishReason finish_reason = FinishReason::unknown;
  std::optional<Usage> usage;
  std::optional<ErrorCode> error;

  friend bool operator==(const StreamOutcome&, const StreamOutcome&) = default;
};

// A response body as some server sends it, or as none should. Every streaming client must pass all
// of them, whatever way the bytes are cut.
struct HostileStream {
  std::string name;
  std::string bytes;
  StreamOutcome expected;
};

std::vector<HostileStream> hostile_streams();

// The bounds that the table's endless replies run into.
inline constexpr std::int64_t kHostileMaxTokens = 16;

}  // namespace pareto
