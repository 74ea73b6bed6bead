#include "agent/models/chat_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/models/chat_usage.h"
#include "agent/models/json_cursor.h"
#include "agent/models/provider_error.h"
#include "agent/models/utf8.h"

namespace pareto {
namespace {

using Kind = JsonCursor::Kind;

constexpr std::size_t kMostCalls = 128;
constexpr std::size_t kMostNameBytes = 1024;  // of ids, names and finish reasons

FinishReason finish_reason_of(std::string_view word) {
  if (word == "stop" || word == "eos" || word == "end_turn") return FinishReason::stop;
  if (word == "tool_calls" || word == "function_call") return FinishReason::tool_calls;
  if (word == "length" || word == "max_tokens") return FinishReason::length;
  if (word == "content_filter" || word == "refusal") return FinishReason::refusal;
  return FinishReason::unknown;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void make_valid(std::string& text) {
  if (!is_ascii(text)) text = valid_utf8(text);
}

bool read_short_string(JsonCursor& json, std::string& out) {
  if (json.peek() != Kind::string) return json.skip();
  if (!json.read_string(out)) return false;
  if (out.size() > kMostNameBytes) out.resize(kMostNameBytes);
  return true;
}

}  // namespace

struct ChatStream::Fragment {
  std::int64_t index = -1;  // absent
  std::string id;
  std::string name;
  std::string arguments;
};

ChatBounds ChatBounds::of(std::int64_t max_output_tokens) {
  // The longest tokens of common vocabularies are runs of white space of 64 to 128 bytes; an
  // envelope is some 300 bytes a token, twice that with log probabilities.
  const auto tokens =
      static_cast<std::size_t>(std::clamp<std::int64_t>(max_output_tokens, 1, 1'000'000));
  return {.reply_bytes = tokens * 64 + 64 * 1024, .stream_bytes = tokens * 2048 + 1024 * 1024};
}

ChatStream::ChatStream(ChatBounds bounds, DeltaHandler on_delta)
    : bounds_(bounds), on_delta_(std::move(on_delta)) {}

void ChatStream::fail(ErrorCode code, std::string message) {
  if (over_) return;
  reply_.error = Error{code, std::move(message)};
  over_ = true;
}

bool ChatStream::feed(std::string_view payload, std::string_view type) {
  if (over_) return false;
  if (payload == "[DONE]") {
    if (!started_) fail(ErrorCode::protocol, "expected a reply; the stream ended without one");
    over_ = true;
    return false;
  }
  stream_bytes_ += payload.size();
  JsonCursor json(payload);
  ProviderError error;
  bool is_error = type == "error";
  if (!read_payload(json, error, is_error) || !json.finish()) {
    fail(ErrorCode::protocol,
         fmt::format("expected a chat completion chunk (JSON); found: {}", excerpt(payload)));
  } else if (is_error) {
    fail(error_code_of(error),
         fmt::format("the provider reported an error within its reply: {}",
                     error.message.empty() ? excerpt(payload) : excerpt(error.message, 500)));
  }
  if (on_delta_) show_pieces();
  if (reply_bytes() > bounds_.reply_bytes || stream_bytes_ > bounds_.stream_bytes) {
    fail(ErrorCode::limit,
         fmt::format(
             "the reply was cut: it went past {} bytes, more than the tokens that were "
             "asked for can be; the server may ignore max_tokens",
             reply_bytes() > bounds_.reply_bytes ? bounds_.reply_bytes : bounds_.stream_bytes));
  }
  return !over_;
}

bool ChatStream::read_payload(JsonCursor& json, ProviderError& error, bool& is_error) {
  if (is_error) return read_provider_error(json, error);
  if (!json.enter_object()) return false;
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "choices") {
      read_choices(json);
    } else if (key == "usage") {
      read_usage_json(json, reply_.usage);
    } else if (key == "timings") {
      read_timings_json(json, timings_);
    } else if (key == "error") {
      if (json.peek() != Kind::null) is_error = true;
      if (is_error) {
        read_provider_error(json, error);
      } else {
        json.skip();
      }
    } else {
      json.skip();
    }
  }
  return json.ok();
}

bool ChatStream::read_choices(JsonCursor& json) {
  if (!json.enter_array()) return json.skip();
  while (json.next_element()) read_choice(json);
  return json.ok();
}

bool ChatStream::read_choice(JsonCursor& json) {
  if (!json.enter_object()) return json.skip();
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "delta" || key == "message") {
      read_delta(json);
    } else if (key == "finish_reason") {
      read_finish_reason(json);
    } else {
      json.skip();
    }
  }
  return json.ok();
}

bool ChatStream::read_finish_reason(JsonCursor& json) {
  std::string word;
  if (!read_short_string(json, word)) return false;
  if (word.empty()) return true;
  reply_.finish_reason = finish_reason_of(word);
  finished_ = started_ = true;
  return true;
}

bool ChatStream::read_delta(JsonCursor& json) {
  if (!json.enter_object()) return json.skip();
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "content") {
      read_content(json, reply_.text);
    } else if (key == "reasoning_content" || key == "reasoning") {
      read_content(json, reply_.reasoning);
    } else if (key == "refusal") {
      read_content(json, reply_.refusal);
    } else if (key == "tool_calls") {
      read_tool_calls(json);
    } else {
      json.skip();
    }
  }
  return json.ok();
}

// A text, or null, or a list of parts of which the texts are taken.
bool ChatStream::read_content(JsonCursor& json, std::string& out) {
  if (json.peek() == Kind::string) {
    const std::size_t before = out.size();
    if (!json.read_string(out)) return false;
    if (out.size() > before) started_ = true;
    return true;
  }
  if (!json.enter_array()) return json.skip();
  std::string_view key;
  while (json.next_element()) {
    if (!json.enter_object()) {
      json.skip();
      continue;
    }
    while (json.next_key(key)) {
      if (key == "text" && json.peek() == Kind::string) {
        read_content(json, out);
      } else {
        json.skip();
      }
    }
  }
  return json.ok();
}

bool ChatStream::read_tool_calls(JsonCursor& json) {
  if (!json.enter_array()) return json.skip();
  std::string_view key;
  while (json.next_element()) {
    if (!json.enter_object()) {
      json.skip();
      continue;
    }
    Fragment fragment;
    while (json.next_key(key)) {
      if (key == "index" && json.peek() == Kind::number) {
        json.read_integer(fragment.index);
      } else if (key == "id") {
        read_short_string(json, fragment.id);
      } else if (key == "function") {
        read_function(json, fragment);
      } else {
        json.skip();
      }
    }
    if (json.ok()) add(fragment);
  }
  return json.ok();
}

bool ChatStream::read_function(JsonCursor& json, Fragment& fragment) {
  if (!json.enter_object()) return json.skip();
  std::string_view key;
  while (json.next_key(key)) {
    if (key == "name") {
      read_short_string(json, fragment.name);
    } else if (key != "arguments" || json.peek() == Kind::null) {
      json.skip();
    } else if (json.peek() == Kind::string) {
      json.read_string(fragment.arguments);
    } else {
      std::string_view raw;  // servers that forget to encode the arguments as a string
      json.skip(raw);
      fragment.arguments = raw;
    }
  }
  return json.ok();
}

// The call that a fragment continues, or null when it opens a new one.
ChatStream::Call* ChatStream::find_call(const Fragment& fragment) {
  const auto other_id = [&fragment](const Call& call) {
    return !fragment.id.empty() && !call.call.id.empty() && fragment.id != call.call.id;
  };
  if (fragment.index < 0) {
    if (calls_.empty()) return nullptr;
    Call& last = calls_.back();
    const bool repeated = !fragment.id.empty() && fragment.id == last.call.id;
    const bool opens = !fragment.id.empty() || !fragment.name.empty();
    return opens && !repeated ? nullptr : &last;
  }
  // From the back: some servers give all calls the index 0 and tell them apart by id.
  for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
    if (call->index == fragment.index) return other_id(*call) ? nullptr : &*call;
  }
  return nullptr;
}

void ChatStream::add(Fragment& fragment) {
  started_ = true;
  Call* found = find_call(fragment);
  if (found == nullptr) {
    if (calls_.size() >= kMostCalls) {
      fail(ErrorCode::limit,
           fmt::format("the reply was cut: it holds more than {} tool calls", kMostCalls));
      return;
    }
    found = &calls_.emplace_back();
    found->index = fragment.index;
  }
  ToolCall& call = found->call;
  if (call.id.empty()) call.id = std::move(fragment.id);
  // A name comes whole, perhaps repeatedly, or in pieces before the arguments begin.
  const bool more_of_name = call.arguments.empty() && fragment.name != call.name;
  if (call.name.size() + fragment.name.size() <= kMostNameBytes && more_of_name) {
    call.name += fragment.name;
  }
  argument_bytes_ += fragment.arguments.size();
  call.arguments += fragment.arguments;
}

std::size_t ChatStream::reply_bytes() const {
  return reply_.text.size() + reply_.reasoning.size() + reply_.refusal.size() + argument_bytes_;
}

void ChatStream::show(Delta::Kind kind, const std::string& text, std::size_t& shown) {
  if (shown == text.size()) return;
  std::string_view piece = std::string_view(text).substr(shown);
  if (!over_) piece = piece.substr(0, complete_utf8(piece));
  if (piece.empty()) return;
  shown += piece.size();
  if (is_ascii(piece)) {
    on_delta_({kind, piece});
  } else {
    on_delta_({kind, valid_utf8(piece)});
  }
}

void ChatStream::show_pieces() {
  show(Delta::Kind::reasoning, reply_.reasoning, reasoning_shown_);
  show(Delta::Kind::text, reply_.text, text_shown_);
  for (Call& call : calls_) show(Delta::Kind::tool_arguments, call.call.arguments, call.shown);
}

void ChatStream::end() {
  if (over_) return;
  if (!started_) {
    fail(ErrorCode::protocol, "expected a reply; the response ended without one");
  } else if (!finished_) {
    fail(ErrorCode::unavailable,
         "the reply was cut off: it ended without a finish reason and without [DONE]");
  }
  over_ = true;
}

void ChatStream::end(Error error) {
  if (over_) return;
  // Everything came; how the connection ended does not matter.
  if (finished_) return end();
  reply_.error = std::move(error);
  over_ = true;
}

ChatReply ChatStream::take() {
  if (on_delta_) show_pieces();
  make_valid(reply_.text);
  make_valid(reply_.reasoning);
  make_valid(reply_.refusal);
  for (Call& call : calls_) {
    make_valid(call.call.id);
    make_valid(call.call.name);
    make_valid(call.call.arguments);
    reply_.tool_calls.push_back(std::move(call.call));
  }
  calls_.clear();
  if (!reply_.usage) {
    reply_.usage = timings_;
  } else if (timings_ && reply_.usage->cached_prompt_tokens == 0) {
    reply_.usage->cached_prompt_tokens =
        std::min(timings_->cached_prompt_tokens, reply_.usage->prompt_tokens);
  }
  return std::move(reply_);
}

}  // namespace pareto
