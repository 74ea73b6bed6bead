#include "agent/models/chat_conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "agent/models/chat_dialect.h"
#include "agent/models/json_cursor.h"
#include "agent/models/utf8.h"

namespace pareto {
namespace {

using Writing = ChatConversation::Writing;

constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325U;
constexpr std::uint64_t kFnvPrime = 0x100000001b3U;
constexpr std::size_t kFirstCapacity = 8 * 1024;

std::uint64_t fnv1a(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * kFnvPrime;
  return hash;
}

bool same_spec(const ToolSpec& a, const ToolSpec& b) {
  const bool same_parameters = a.parameters == b.parameters ||
                               (a.parameters && b.parameters && *a.parameters == *b.parameters);
  return same_parameters && a.name == b.name && a.description == b.description &&
         a.summary == b.summary;
}

void begin_message(std::string& out, Writing& writing, std::string_view role) {
  if (writing.user_open) out += "\"}";
  if (!writing.empty) out += ',';
  out += "{\"role\":\"";
  out += role;
  out += '"';
  writing = {.empty = false, .user_open = false, .after_assistant = false};
}

void add_user(std::string& out, Writing& writing, std::string_view text) {
  if (writing.user_open) {
    out += "\\n\\n";
  } else {
    begin_message(out, writing, "user");
    out += ",\"content\":\"";
    writing.user_open = true;
  }
  append_json_string_body(out, text);
}

// llama.cpp fails on a history with arguments that are no JSON, other servers on what is no object.
void append_arguments(std::string& out, const std::string& arguments) {
  JsonCursor json(arguments);
  if (json.peek() == JsonCursor::Kind::object && json.skip() && json.finish()) {
    append_json_string(out, arguments);
    return;
  }
  std::string quoted = "{\"invalid_arguments\":";
  append_json_string(quoted, arguments);
  append_json_string(out, quoted + "}");
}

void append_tool_calls(std::string& out, const std::vector<ToolCall>& calls) {
  out += ",\"tool_calls\":[";
  for (const ToolCall& call : calls) {
    if (&call != &calls.front()) out += ',';
    out += "{\"id\":";
    append_json_string(out, call.id);
    out += ",\"type\":\"function\",\"function\":{\"name\":";
    append_json_string(out, call.name);
    out += ",\"arguments\":";
    append_arguments(out, call.arguments);
    out += "}}";
  }
  out += ']';
}

void add_assistant(std::string& out, Writing& writing, const Message& message,
                   ToolDialect dialect) {
  if (writing.after_assistant) add_user(out, writing, "Go on.");
  begin_message(out, writing, "assistant");
  const bool calls = dialect == ToolDialect::native && !message.tool_calls.empty();
  out += ",\"content\":";
  if (calls && message.text.empty()) {
    out += "null";
  } else {
    append_json_string(out, calls ? message.text : assistant_text(message, dialect));
  }
  if (calls) append_tool_calls(out, message.tool_calls);
  out += '}';
  writing.after_assistant = true;
}

void add_result(std::string& out, Writing& writing, const Message& message, ToolDialect dialect) {
  if (dialect != ToolDialect::native) return add_user(out, writing, quoted_result(message));
  begin_message(out, writing, "tool");
  out += ",\"tool_call_id\":";
  append_json_string(out, message.tool_call_id);
  out += ",\"content\":";
  append_json_string(out, message.text);
  out += '}';
}

void add_system(std::string& out, Writing& writing, std::string_view text) {
  begin_message(out, writing, "system");
  out += ",\"content\":";
  append_json_string(out, text);
  out += '}';
}

void add_message(std::string& out, Writing& writing, const Message& message, ToolDialect dialect) {
  switch (message.role) {
    case Role::system:
      if (writing.empty) return add_system(out, writing, message.text);
      return add_user(out, writing, message.text);
    case Role::user:
      return add_user(out, writing, message.text);
    case Role::assistant:
      return add_assistant(out, writing, message, dialect);
    case Role::tool:
      return add_result(out, writing, message, dialect);
  }
}

std::int64_t reasoning_budget(Effort effort, std::int64_t max_output_tokens) {
  const std::int64_t wanted = effort == Effort::low      ? 1024
                              : effort == Effort::medium ? 4096
                                                         : 16'384;
  return std::min(wanted, max_output_tokens / 2);
}

void append_reasoning(std::string& out, const Request& request, const ChatProfile& profile) {
  const bool effort = profile.reasoning == ReasoningControl::effort;
  out += fmt::format(",\"{}\":{}", effort ? "max_completion_tokens" : "max_tokens",
                     request.max_output_tokens);
  if (effort) out += fmt::format(",\"reasoning_effort\":\"{}\"", to_string(request.effort));
  if (profile.reasoning == ReasoningControl::budget) {
    out += fmt::format(",\"reasoning\":{{\"max_tokens\":{}}}",
                       reasoning_budget(request.effort, request.max_output_tokens));
  }
  // Models that take an effort refuse a temperature.
  if (profile.temperature && !effort)
    out += fmt::format(",\"temperature\":{}", *profile.temperature);
}

// The members of an object, each with a leading comma.
std::string extra_members(const std::string& object) {
  if (object.empty()) return "";
  const auto json = parse_json(object);
  if (!json || !json->is_object() || json->empty()) return "";
  const std::string text = dump_json(*json);
  return "," + text.substr(1, text.size() - 2);
}

}  // namespace

ChatConversation::ChatConversation(std::shared_ptr<const ChatProfile> profile)
    : profile_(std::move(profile)) {}

ChatConversation::~ChatConversation() = default;

std::string_view ChatConversation::history() const {
  return history_ ? std::string_view(*history_) : std::string_view();
}

bool ChatConversation::continues(const Request& request) const {
  if (!history_ || count_ > request.messages.size()) return false;
  if (!std::ranges::equal(tools_, request.tools, same_spec)) return false;
  return count_ == 0 ||
         (request.messages.front() == first_ && request.messages[count_ - 1] == last_);
}

void ChatConversation::start_over(const Request& request) {
  history_ = nullptr;
  hash_ = kFnvBasis;
  tools_.assign(request.tools.begin(), request.tools.end());
  count_ = 0;
  writing_ = {};
  closing_ = nullptr;
  instructions_ = tool_instructions(request.tools, profile_->dialect, profile_->small);
  append("{\"messages\":[");
}

// A request under way may refer to the bytes so far: a string with room grows in place, a full one
// is left to it.
void ChatConversation::append(std::string_view bytes) {
  const std::size_t size = history().size();
  if (!history_ || history_->capacity() < size + bytes.size()) {
    auto larger = std::make_shared<std::string>();
    larger->reserve(std::max({kFirstCapacity, 2 * size, size + bytes.size()}));
    larger->append(history());
    history_ = std::move(larger);
  }
  history_->append(bytes);
  hash_ = fnv1a(hash_, bytes);
}

ChatBody ChatConversation::render(const Request& request) {
  if (!continues(request)) start_over(request);
  std::string added;
  for (; count_ < request.messages.size(); ++count_) {
    last_ = request.messages[count_];
    if (count_ == 0) {
      first_ = last_;
      const bool system = last_->role == Role::system;
      if (!instructions_.empty()) {
        const std::string own = system ? last_->text + "\n\n" : "";
        add_system(added, writing_, own + instructions_);
        if (system) continue;
      }
    }
    add_message(added, writing_, *last_, profile_->dialect);
  }
  append(added);
  auto ending = std::make_shared<const std::string>(tail(request));
  asked_ = true;
  ChatBody body;
  body.history_hash = hash_;
  body.body.push_back({history_, *history_});
  body.body.push_back({ending, *ending});
  body.body.push_back(tools_segment(request));
  return body;
}

std::string ChatConversation::tail(const Request& request) const {
  std::string out;
  Writing writing = writing_;
  for (const Message& message : request.tail) {
    add_message(out, writing, message, profile_->dialect);
  }
  const std::string instruction = tail_instruction(request, profile_->dialect);
  if (!instruction.empty()) add_user(out, writing, instruction);
  // A reply at the end would be taken as the beginning of the next one.
  if (writing.after_assistant) add_user(out, writing, "Go on.");
  if (writing.user_open) out += "\"}";
  out += "],\"model\":";
  append_json_string(out, profile_->model);
  out += ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";
  append_reasoning(out, request, *profile_);
  // Servers read it as a signed or an unsigned number of 32 bits.
  if (request.seed != 0) out += fmt::format(",\"seed\":{}", request.seed & 0x7fffffff);
  if (profile_->llama) {
    out += fmt::format(",\"cache_prompt\":{}", asked_ || profile_->share_prompts);
  }
  return out;
}

Segment ChatConversation::tools_segment(const Request& request) {
  const bool known = closing_ && closing_only_tool_ == request.only_tool &&
                     closing_answer_only_ == request.answer_only;
  if (!known) {
    closing_only_tool_ = request.only_tool;
    closing_answer_only_ = request.answer_only;
    closing_ = std::make_shared<const std::string>(tool_members(request.tools, profile_->dialect,
                                                                profile_->small, request.only_tool,
                                                                request.answer_only) +
                                                   extra_members(profile_->extra_body) + "}");
  }
  return {closing_, *closing_};
}

}  // namespace pareto
