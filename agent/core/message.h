#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/result.h"

namespace pareto {

enum class Role { system, user, assistant, tool };

// A tool call as a model wrote it. `arguments` is JSON text and may be invalid: whoever runs the
// call validates it.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;

  friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

// One message of a conversation. Immutable once it is part of a run, and shared between the run and
// the requests made from it.
struct Message {
  Role role = Role::user;
  std::string text;
  std::string reasoning;             // assistant only; shown to people, not sent back
  std::vector<ToolCall> tool_calls;  // assistant only
  std::string tool_call_id;          // role tool only: the call that this answers
  std::string tool_name;             // role tool only

  friend bool operator==(const Message&, const Message&) = default;
};

using MessageRef = std::shared_ptr<const Message>;

const char* to_string(Role role);
Result<Role> parse_role(std::string_view text);

Json to_json(const ToolCall& call);
Result<ToolCall> tool_call_from_json(const Json& json);
Json to_json(const Message& message);
Result<Message> message_from_json(const Json& json);

// Extends a chain of hashes by one message, so that a changed history is noticed (FNV-1a, 64 bits).
std::uint64_t chain_hash(std::uint64_t previous, const Message& message);

}  // namespace pareto
