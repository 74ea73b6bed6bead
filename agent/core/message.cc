#include "agent/core/message.h"

#include "agent/core/json_fields.h"
#include "agent/core/names.h"

namespace pareto {
namespace {

constexpr NameTable<Role, 4> kRoles{{{Role::system, "system"},
                                     {Role::user, "user"},
                                     {Role::assistant, "assistant"},
                                     {Role::tool, "tool"}}};

std::uint64_t fnv1a(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001b3U;
  }
  return (hash ^ bytes.size()) * 0x100000001b3U;
}

}  // namespace

const char* to_string(Role role) { return name_in(kRoles, role); }
Result<Role> parse_role(std::string_view text) { return value_in(kRoles, text, "role"); }

Json to_json(const ToolCall& call) {
  return {{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}};
}

Result<ToolCall> tool_call_from_json(const Json& json) {
  JsonFields fields(json, "tool call");
  ToolCall call{fields.text("id"), fields.text("name"), fields.text("arguments")};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return call;
}

Json to_json(const Message& message) {
  Json json = {{"role", to_string(message.role)}, {"text", message.text}};
  if (!message.reasoning.empty()) json["reasoning"] = message.reasoning;
  if (!message.tool_calls.empty()) {
    Json calls = Json::array();
    for (const ToolCall& call : message.tool_calls) calls.push_back(to_json(call));
    json["tool_calls"] = std::move(calls);
  }
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  if (!message.tool_name.empty()) json["tool_name"] = message.tool_name;
  return json;
}

Result<Message> message_from_json(const Json& json) {
  JsonFields fields(json, "message");
  Message message;
  message.role = fields.keep<Role>("role", parse_role(fields.text("role")));
  message.text = fields.text("text");
  message.reasoning = fields.text_or("reasoning", "");
  message.tool_calls = fields.list<ToolCall>("tool_calls", tool_call_from_json);
  message.tool_call_id = fields.text_or("tool_call_id", "");
  message.tool_name = fields.text_or("tool_name", "");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return message;
}

std::uint64_t chain_hash(std::uint64_t previous, const Message& message) {
  std::uint64_t hash = previous == 0 ? 0xcbf29ce484222325U : previous;
  hash = fnv1a(hash, to_string(message.role));
  hash = fnv1a(hash, message.text);
  for (const ToolCall& call : message.tool_calls) {
    hash = fnv1a(hash, call.id);
    hash = fnv1a(hash, call.name);
    hash = fnv1a(hash, call.arguments);
  }
  return fnv1a(hash, message.tool_call_id);
}

}  // namespace pareto
