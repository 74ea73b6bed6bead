#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/models/cassette_model.h"
#include "agent/models/provider_error.h"

namespace pareto {
namespace {

// Ids of runs stand in paths and texts, and differ each time.
std::string without_ulids(std::string text) {
  static const re2::RE2 kUlid("\\b[0-7][0-9A-HJKMNP-TV-Z]{25}\\b");
  re2::RE2::GlobalReplace(&text, kUlid, "<ulid>");
  return text;
}

// Ids of calls are made anew each time; what counts is which result answers which call.
class CallNumbers {
 public:
  std::string of(const std::string& id) {
    if (id.empty()) return "";
    return fmt::format("call {}", numbers_.try_emplace(id, numbers_.size() + 1).first->second);
  }

 private:
  std::map<std::string, std::size_t> numbers_;
};

Json canonical_message(const Message& message, CallNumbers& numbers) {
  Json json = {{"role", to_string(message.role)}, {"text", without_ulids(message.text)}};
  if (!message.tool_calls.empty()) {
    Json calls = Json::array();
    for (const ToolCall& call : message.tool_calls) {
      calls.push_back({{"id", numbers.of(call.id)},
                       {"name", call.name},
                       {"arguments", without_ulids(call.arguments)}});
    }
    json["tool_calls"] = std::move(calls);
  }
  if (message.role == Role::tool) {
    json["answers"] = numbers.of(message.tool_call_id);
    json["tool_name"] = message.tool_name;
  }
  return json;
}

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "/" + key;
}

std::string text_difference(const std::string& path, const std::string& a, const std::string& b) {
  const auto at = std::ranges::mismatch(a, b).in1 - a.begin();
  const std::size_t from = static_cast<std::size_t>(std::max<std::ptrdiff_t>(at - 20, 0));
  return fmt::format("{} differs at byte {}: expected \"{}\", found \"{}\"", path, at,
                     excerpt(std::string_view(a).substr(from), 80),
                     excerpt(std::string_view(b).substr(from), 80));
}

std::string difference(const std::string& path, const Json& a, const Json& b) {
  if (a == b) return "";
  if (a.is_object() && b.is_object()) {
    for (const auto& [key, value] : a.items()) {
      if (!b.contains(key)) return joined(path, key) + " is missing";
      if (auto found = difference(joined(path, key), value, b[key]); !found.empty()) return found;
    }
    for (const auto& [key, value] : b.items()) {
      if (!a.contains(key)) return joined(path, key) + " was not expected";
    }
    return path + ": the keys have another order";
  }
  if (a.is_array() && b.is_array()) {
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      const auto found = difference(joined(path, std::to_string(i)), a[i], b[i]);
      if (!found.empty()) return found;
    }
    return fmt::format("{}: expected {} elements, found {}", path, a.size(), b.size());
  }
  if (a.is_string() && b.is_string()) {
    return text_difference(path, a.get<std::string>(), b.get<std::string>());
  }
  return fmt::format("{}: expected {}, found {}", path, excerpt(dump_json(a), 80),
                     excerpt(dump_json(b), 80));
}

}  // namespace

Json canonical_request(const ModelInfo& info, const Request& request) {
  CallNumbers numbers;
  Json messages = Json::array();
  for (const MessageRef& message : request.messages) {
    messages.push_back(canonical_message(*message, numbers));
  }
  Json tail = Json::array();
  for (const Message& message : request.tail) tail.push_back(canonical_message(message, numbers));
  Json tools = Json::array();
  for (const ToolSpec& spec : request.tools) {
    tools.push_back({{"name", spec.name},
                     {"description", info.small ? spec.summary : spec.description},
                     {"parameters", spec.parameters ? *spec.parameters : Json(nullptr)}});
  }
  return {{"model", info.name},
          {"messages", std::move(messages)},
          {"tail", std::move(tail)},
          {"tools", std::move(tools)},
          {"only_tool", request.only_tool},
          {"answer_only", request.answer_only},
          {"max_output_tokens", request.max_output_tokens},
          {"effort", to_string(request.effort)}};
}

std::string request_key(const Json& canonical) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : dump_json(canonical)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return fmt::format("{:016x}", hash);
}

std::string first_difference(const Json& expected, const Json& found) {
  return difference("", expected, found);
}

}  // namespace pareto
