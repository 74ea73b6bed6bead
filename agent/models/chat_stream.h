#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/model.h"

namespace pareto {

class JsonCursor;
struct ProviderError;

// What a chat completion said on the wire, before its dialect is looked at. All text is UTF-8.
struct ChatReply {
  std::string text;
  std::string reasoning;
  std::string refusal;
  std::vector<ToolCall> tool_calls;  // ids and names may be empty, arguments any text
  FinishReason finish_reason = FinishReason::unknown;
  std::optional<Usage> usage;
  std::optional<Error> error;

  friend bool operator==(const ChatReply&, const ChatReply&) = default;
};

// How much a reply may be before it is cut. Both grow with the tokens that were asked for.
struct ChatBounds {
  std::size_t reply_bytes = 0;   // text, reasoning and arguments together
  std::size_t stream_bytes = 0;  // payloads with their envelopes

  static ChatBounds of(std::int64_t max_output_tokens);
};

// Folds the payloads of a chat completion, streamed or not, into a reply. Pure: no I/O, no clock.
// The first error is final and what came before it is kept: usage above all, which must be paid.
//
// Errors: protocol (no JSON, no reply, cut off), limit (a bound, or the model's context), and what
// an error object within the stream maps to.
class ChatStream {
 public:
  // `on_delta` may be empty. Its pieces end at character boundaries and are valid UTF-8.
  ChatStream(ChatBounds bounds, DeltaHandler on_delta);

  // Takes the data of one event; `type` is the event's. False: the reply is over and nothing more
  // is wanted.
  bool feed(std::string_view payload, std::string_view type = "message");
  // The connection has ended in good order.
  void end();
  // The connection has ended with an error; one that is known already is kept.
  void end(Error error);

  bool over() const { return over_; }
  // Whether any part of a reply has come, so that the request must not be repeated.
  bool started() const { return started_; }
  ChatReply take();

 private:
  struct Fragment;  // of a tool call
  struct Call {
    std::int64_t index = -1;
    ToolCall call;
    std::size_t shown = 0;
  };

  void fail(ErrorCode code, std::string message);
  bool read_payload(JsonCursor& json, ProviderError& error, bool& is_error);
  bool read_choices(JsonCursor& json);
  bool read_choice(JsonCursor& json);
  bool read_delta(JsonCursor& json);
  bool read_content(JsonCursor& json, std::string& out);
  bool read_tool_calls(JsonCursor& json);
  bool read_function(JsonCursor& json, Fragment& fragment);
  bool read_finish_reason(JsonCursor& json);
  void add(Fragment& fragment);
  Call* find_call(const Fragment& fragment);
  void show_pieces();
  void show(Delta::Kind kind, const std::string& text, std::size_t& shown);
  std::size_t reply_bytes() const;

  ChatBounds bounds_;
  DeltaHandler on_delta_;
  ChatReply reply_;
  std::vector<Call> calls_;
  std::optional<Usage> timings_;  // what llama.cpp measured, if it gives no usage
  std::size_t stream_bytes_ = 0;
  std::size_t argument_bytes_ = 0;
  std::size_t text_shown_ = 0;
  std::size_t reasoning_shown_ = 0;
  bool started_ = false;
  bool finished_ = false;  // a finish reason came
  bool over_ = false;
};

}  // namespace pareto
