#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "agent/core/model.h"
#include "agent/models/chat_stream.h"

// The three ways of asking for tool calls, each a pair: how specs and history are written, and how
// a reply is read. Pure. A planner sees none of this: a message has `text` and `tool_calls`.
//
//   native  specs in "tools", calls in "tool_calls", results with role "tool"
//   schema  specs in the system message; a reply is {"thought", "tool", "arguments"}, enforced by
//           "response_format"; results are user messages
//   text    specs in the system message; a reply may end in one block ```tool {"tool",
//           "arguments"}```; results are user messages

namespace pareto {

// What is added to the system message; empty for native and without tools. One line a tool: the
// summary for small models, else the description.
std::string tool_instructions(std::span<const ToolSpec> tools, ToolDialect dialect, bool small);

// The body members that carry the specs, each with a leading comma; empty without tools. For native
// `tools` and `tool_choice`, for schema `response_format`; `only_tool` and `answer_only` as in
// Request.
std::string tool_members(std::span<const ToolSpec> tools, ToolDialect dialect, bool small,
                         std::string_view only_tool, bool answer_only);

// What the tail must say so that `only_tool` or `answer_only` is understood; empty when the body
// says it already.
std::string tail_instruction(const Request& request, ToolDialect dialect);

// An upper bound of what the tools add to a prompt: the specs and what is said of how to call them.
std::int64_t prompt_bytes_of(std::span<const ToolSpec> tools, ToolDialect dialect, bool small);

// An assistant message as the model would have written it, for the dialects without native calls.
std::string assistant_text(const Message& message, ToolDialect dialect);

// A tool's result as quoted data, for the dialects without a tool role.
std::string quoted_result(const Message& message);

// Reads a reply. Calls without an id get one made from `id_seed`, a hash of the conversation, so
// that the same exchange gives the same ids. `tools_asked`: a call was possible at all.
Message read_reply(ChatReply& reply, ToolDialect dialect, bool tools_asked, std::uint64_t id_seed);

// Wraps a listener so that it hears the thought as text and the arguments as tool arguments,
// whatever the dialect. Native: returns it as it is.
DeltaHandler dialect_deltas(DeltaHandler on_delta, ToolDialect dialect, bool tools_asked);

}  // namespace pareto
