#include "apps/proxy/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"

namespace pareto {
namespace {

constexpr std::int64_t kMostChoices = 8;

// Passed on as they are. They change what is said, and cost nothing but tokens.
constexpr std::array<std::string_view, 30> kPassedOn = {"messages",
                                                        "tools",
                                                        "tool_choice",
                                                        "parallel_tool_calls",
                                                        "functions",
                                                        "function_call",
                                                        "response_format",
                                                        "temperature",
                                                        "top_p",
                                                        "top_k",
                                                        "min_p",
                                                        "typical_p",
                                                        "stop",
                                                        "seed",

                                                        "presence_penalty",
                                                        "frequency_penalty",
                                                        "repeat_penalty",
                                                        "repeat_last_n",
                                                        "logit_bias",
                                                        "logprobs",
                                                        "top_logprobs",
                                                        "reasoning_effort",
                                                        "reasoning_format",
                                                        "thinking",
                                                        "enable_thinking",
                                                        "verbosity",
                                                        "chat_template_kwargs",
                                                        "grammar",
                                                        "json_schema",
                                                        "user"};
// Of these the prompt is made besides the messages.
constexpr std::array<std::string_view, 6> kInPrompt = {
    "tools", "functions", "response_format", "chat_template_kwargs", "json_schema", "tool_choice"};
// Set here, whatever was asked for.
constexpr std::array<std::string_view, 6> kOwn = {
    "model", "n", "stream", "stream_options", "max_tokens", "max_completion_tokens"};
constexpr std::array<std::string_view, 4> kTextParts = {"text", "refusal", "thinking", "reasoning"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// An absent one and null are the same.
const Json* find(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

Result<std::optional<std::int64_t>> count_of(const Json& json, const char* key) {
  const Json* value = find(json, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) {
    return fail(ErrorCode::invalid, fmt::format("\"{}\": expected a whole number", key));
  }
  // Some clients say -1 for "as much as you like".
  const auto count = value->get<std::int64_t>();
  return count < 1 ? std::optional<std::int64_t>() : count;
}

Result<std::int64_t> output_bound(const Json& asked, const ChatTarget& target) {
  std::int64_t most = target.max_output_tokens;
  for (const char* key : {"max_tokens", "max_completion_tokens"}) {
    const auto count = count_of(asked, key);
    if (!count) return std::unexpected(count.error());
    if (*count) most = std::min(most, **count);
  }
  return most;
}

Result<void> check_content(const Json& message) {
  const Json* content = find(message, "content");
  if (content == nullptr || content->is_string()) return {};
  if (!content->is_array()) return fail(ErrorCode::invalid, "\"content\": expected text");
  for (const Json& part : *content) {
    const Json* type = part.is_object() ? find(part, "type") : nullptr;
    if (type != nullptr && type->is_string() && among(kTextParts, type->get<std::string>())) {
      continue;
    }
    return fail(ErrorCode::invalid,
                "\"content\": only text is metered here; images, audio and files are refused, as "
                "what they cost is not known before it is paid");
  }
  return {};
}

PromptPart part_of(const std::string& text) {
  return {hash64(text), static_cast<std::int64_t>(text.size())};
}

Result<std::vector<PromptPart>> messages_of(const Json& asked) {
  const Json* messages = find(asked, "messages");
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    return fail(ErrorCode::invalid, "\"messages\": expected a list of messages");
  }
  std::vector<PromptPart> parts;
  for (const Json& message : *messages) {
    if (!message.is_object()) return fail(ErrorCode::invalid, "a message must be an object");
    if (auto checked = check_content(message); !checked) return std::unexpected(checked.error());
    parts.push_back(part_of(dump_json(message)));
  }
  return parts;
}

}  // namespace

Result<ChatRequest> read_chat_request(std::string_view body, const ChatTarget& target) {
  const auto asked = parse_json(body);
  if (!asked) return std::unexpected(asked.error());
  if (!asked->is_object()) return fail(ErrorCode::invalid, "expected a JSON object");
  auto messages = messages_of(*asked);
  if (!messages) return std::unexpected(messages.error());
  const auto most = output_bound(*asked, target);
  if (!most) return std::unexpected(most.error());
  const auto choices = count_of(*asked, "n");
  if (!choices) return std::unexpected(choices.error());
  if (choices->value_or(1) > kMostChoices) {
    return fail(ErrorCode::invalid, fmt::format("\"n\": expected at most {}", kMostChoices));
  }
  ChatRequest request{.messages = std::move(*messages)};
  const Json* stream = find(*asked, "stream");
  request.stream = stream != nullptr && stream->is_boolean() && stream->get<bool>();
  request.max_output_tokens = *most * choices->value_or(1);
  if (const Json* model = find(*asked, "model"); model != nullptr && model->is_string()) {
    request.asked_model = model->get<std::string>();
  }
  Json sent = {{"model", target.model}};
  std::string frame;
  for (const auto& [key, value] : asked->items()) {
    if (among(kPassedOn, key)) {
      if (among(kInPrompt, key)) frame += dump_json(value);
      sent[key] = value;
    } else if (!among(kOwn, key)) {
      request.left_out.push_back(key);
    }
  }
  request.frame = part_of(frame);
  sent[target.max_completion_tokens ? "max_completion_tokens" : "max_tokens"] = *most;
  if (target.temperature && find(sent, "temperature") == nullptr) {
    sent["temperature"] = *target.temperature;
  }
  if (target.cache_prompt) sent["cache_prompt"] = *target.cache_prompt;
  if (*choices) sent["n"] = **choices;
  if (request.stream) {
    sent["stream"] = true;
    const Json* options = find(*asked, "stream_options");
    sent["stream_options"] = options != nullptr && options->is_object() ? *options : Json::object();
    sent["stream_options"]["include_usage"] = true;
  }
  request.body = dump_json(sent);
  return request;
}

}  // namespace pareto
