#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/message.h"
#include "agent/core/money.h"
#include "agent/core/operation.h"
#include "agent/core/result.h"
#include "agent/core/route.h"
#include "agent/core/time.h"
#include "agent/core/tool.h"

namespace pareto {

// How tool calls are asked for: the provider's own way, a JSON Schema that the reply must match, or
// one fenced block in the text.
enum class ToolDialect { native, schema, text };

const char* to_string(ToolDialect dialect);
Result<ToolDialect> parse_tool_dialect(std::string_view text);

// What the rest of the system must know of a model.
struct ModelInfo {
  std::string name;               // as configured: "local"
  std::int64_t context = 32'768;  // tokens
  std::int64_t max_output_tokens = 2'048;
  std::optional<Price> price;  // absent: unknown
  ToolDialect tools = ToolDialect::native;
  bool small = false;  // short tool specs and prompts

  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

enum class FinishReason { stop, tool_calls, length, refusal, unknown };

const char* to_string(FinishReason reason);
Result<FinishReason> parse_finish_reason(std::string_view text);

// One model call. Messages and specs are borrowed until the call has ended.
struct Request {
  std::string run;                       // which run asks
  std::span<const MessageRef> messages;  // the history: grows only at its end
  std::span<const Message> tail;         // sent after the history, never stored
  std::span<const ToolSpec> tools;       // sorted by name; the same for a whole run
  std::string_view only_tool;            // force this one tool, or empty
  bool answer_only = false;              // no tool call is wanted, though specs may be present
  std::int64_t max_output_tokens = 2'048;
  Effort effort = Effort::low;
  std::uint64_t seed = 0;
  Deadline deadline;
};

// How a call ended. It may carry both a usage and an error: what was used must be paid.
struct Reply {
  std::optional<Message> message;  // absent when nothing usable came
  std::optional<Usage> usage;      // absent: the provider did not say
  FinishReason finish_reason = FinishReason::unknown;
  std::optional<Error> error;
  bool sent = true;  // false: nothing reached a provider, nothing is owed
  int attempts = 1;
  Milliseconds took{0};
};

// A piece of a reply as it arrives; for live listeners only.
struct Delta {
  enum class Kind { text, reasoning, tool_arguments } kind = Kind::text;
  std::string_view text;
};

using DeltaHandler = std::function<void(const Delta&)>;
using ReplyHandler = std::move_only_function<void(Reply)>;

// The rendered form of one run's history for one model: append-only, derived, rebuilt on demand.
class Conversation {
 public:
  virtual ~Conversation() = default;
};

// A model client. Thread: the event loop's. Handlers are called from the loop, never from within
// `start`; after the returned operation is destroyed or cancelled none is called.
class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelInfo& info() const = 0;
  // An upper bound of the bytes that these tools add to a prompt, with whatever asks for their
  // calls. 0 for a model that is never sent any.
  virtual std::int64_t prompt_bytes_of(std::span<const ToolSpec> tools) const;
  virtual std::unique_ptr<Conversation> open_conversation() const = 0;
  // `conversation` comes from this model's `open_conversation` and outlives the call. What it has
  // rendered must be a prefix of `request.messages`; the caller opens a new one after compaction.
  virtual std::unique_ptr<Operation> start(Conversation& conversation, const Request& request,
                                           DeltaHandler on_delta, ReplyHandler on_reply) = 0;
};

}  // namespace pareto
