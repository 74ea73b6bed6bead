#include "agent/models/chat_dialect.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "agent/core/json_text.h"
#include "agent/models/json_cursor.h"
#include "agent/models/turn_scanner.h"
#include "agent/models/utf8.h"

namespace pareto {
namespace {

constexpr int kThoughtLength = 300;  // characters

std::string type_name(const Json& schema) {
  if (!schema.is_object()) return "any";
  if (const auto values = schema.find("enum"); values != schema.end() && values->is_array()) {
    std::string names;
    for (const Json& value : *values) names += (names.empty() ? "" : "|") + dump_json(value);
    return names;
  }
  const auto type = schema.find("type");
  if (type == schema.end() || !type->is_string()) return "any";
  const auto name = type->get<std::string>();
  if (name != "array") return name;
  const auto items = schema.find("items");
  return (items == schema.end() ? "any" : type_name(*items)) + "[]";
}

bool is_required(const Json& schema, const std::string& name) {
  const auto required = schema.find("required");
  if (required == schema.end() || !required->is_array()) return false;
  for (const Json& entry : *required) {
    if (entry == name) return true;
  }
  return false;
}

// "path: string, start?: integer"
std::string signature(const ToolSpec& spec) {
  std::string out;
  if (!spec.parameters || !spec.parameters->is_object()) return out;
  const auto properties = spec.parameters->find("properties");
  if (properties == spec.parameters->end() || !properties->is_object()) return out;
  for (const auto& [name, schema] : properties->items()) {
    out += fmt::format("{}{}{}: {}", out.empty() ? "" : ", ", name,
                       is_required(*spec.parameters, name) ? "" : "?", type_name(schema));
  }
  return out;
}

const std::string& describe(const ToolSpec& spec, bool small) {
  const std::string& first = small ? spec.summary : spec.description;
  const std::string& second = small ? spec.description : spec.summary;
  return first.empty() ? second : first;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

Json parameters_of(const ToolSpec& spec) {
  if (spec.parameters && spec.parameters->is_object()) return *spec.parameters;
  return Json{{"type", "object"}, {"properties", Json::object()}};
}

Json native_tools(std::span<const ToolSpec> tools, bool small) {
  Json list = Json::array();
  for (const ToolSpec& spec : tools) {
    list.push_back({{"type", "function"},
                    {"function",
                     {{"name", spec.name},
                      {"description", describe(spec, small)},
                      {"parameters", parameters_of(spec)}}}});
  }
  return list;
}

// The thought comes before the tool, so that the choice may depend on it.
Json turn_variant(const ToolSpec& spec) {
  return {{"type", "object"},
          {"properties",
           {{"thought", {{"type", "string"}, {"maxLength", kThoughtLength}}},
            {"tool", {{"const", spec.name}}},
            {"arguments", parameters_of(spec)}}},
          {"required", {"thought", "tool", "arguments"}},
          {"additionalProperties", false}};
}

Json turn_schema(std::span<const ToolSpec> tools, std::string_view only_tool) {
  Json variants = Json::array();
  for (const ToolSpec& spec : tools) {
    if (only_tool.empty() || spec.name == only_tool) variants.push_back(turn_variant(spec));
  }
  if (variants.empty()) return turn_schema(tools, {});
  if (variants.size() == 1) return variants.front();
  return {{"anyOf", std::move(variants)}};
}

struct Turn {
  std::string thought;
  std::string tool;
  std::string arguments = "{}";
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// Reads the members of a turn until the text ends or breaks; false if it broke. What was cut off
// stands in the turn as far as it came.
bool read_turn(JsonCursor& json, Turn& turn) {
  if (!json.enter_object()) return false;
  std::string_view key;
  while (json.next_key(key)) {
    const bool is_string = json.peek() == JsonCursor::Kind::string;
    const std::string_view rest = json.rest();
    if (key == "thought" && is_string) {
      if (!json.read_string(turn.thought)) turn.thought = rest.substr(1);
    } else if ((key == "tool" || key == "name") && is_string && turn.tool.empty()) {
      if (!json.read_string(turn.tool)) turn.tool.clear();
    } else if (key == "arguments" || key == "parameters") {
      std::string_view raw;
      turn.arguments = json.skip(raw) ? raw : trimmed(rest);
    } else {
      json.skip();
    }
  }
  turn.thought = valid_utf8(turn.thought);
  turn.tool = valid_utf8(turn.tool);
  return json.finish();
}

std::optional<Turn> parse_turn(std::string_view text) {
  Turn turn;
  JsonCursor json(text);
  if (!read_turn(json, turn) || turn.tool.empty()) return std::nullopt;
  return turn;
}

// A turn that was cut by max_tokens: like a native call with half of its arguments, which whoever
// runs it refuses, or only the thought.
std::optional<Turn> parse_cut_turn(std::string_view text) {
  Turn turn{.arguments = ""};
  JsonCursor json(text);
  if (read_turn(json, turn) || (turn.tool.empty() && turn.thought.empty())) return std::nullopt;
  return turn;
}

enum class Cut { no, yes };

// The first turn in a text: the text itself, or the first fenced block that is one. What stands
// before the block is the thought if the turn has none.
std::optional<Turn> find_turn(std::string_view text, Cut cut) {
  constexpr std::string_view kFence = "```";
  if (auto turn = parse_turn(trimmed(text))) return turn;
  if (auto turn = parse_cut_turn(trimmed(text)); turn && cut == Cut::yes) return turn;
  std::size_t open = text.find(kFence);
  while (open != std::string_view::npos) {
    const std::size_t line_end = text.find('\n', open);
    if (line_end == std::string_view::npos) return std::nullopt;
    const std::size_t close = text.find(kFence, line_end);
    const std::string_view block = trimmed(text.substr(line_end, close - line_end));
    auto turn = parse_turn(block);
    const bool unfinished = close == std::string_view::npos && cut == Cut::yes;
    if (!turn && unfinished) turn = parse_cut_turn(block);
    if (turn) {
      if (turn->thought.empty()) turn->thought = trimmed(text.substr(0, open));
      return turn;
    }
    if (close == std::string_view::npos) return std::nullopt;
    open = text.find(kFence, close + kFence.size());
  }
  return std::nullopt;
}

std::string made_id(std::uint64_t seed, std::size_t ordinal) {
  return fmt::format("call_{:016x}_{}", seed, ordinal);
}

// How an object is laid out. A model that writes one object in some way writes those within it
// alike, so that the arguments, which are kept as they came, show how the whole was written.
struct Layout {
  std::string_view open = "{";
  std::string_view colon = ": ";
  std::string_view comma = ", ";
  std::string_view close = "}";
};

Layout layout_of(std::string_view arguments) {
  if (arguments.find('\n') != std::string_view::npos) return {"{\n  ", ": ", ",\n  ", "\n}"};
  const std::size_t colon = arguments.find("\":");
  const bool tight =
      colon != std::string_view::npos && !arguments.substr(colon + 2).starts_with(' ');
  if (tight) return {"{", ":", ",", "}"};
  if (arguments.starts_with("{ ")) return {"{ ", ": ", ", ", " }"};
  return {};
}

// A call as the model wrote it, byte for byte, so that its tokens are found in the server's cache.
std::string call_object(const ToolCall& call, const std::string* thought) {
  const Layout layout = layout_of(call.arguments);
  std::string out(layout.open);
  const auto key = [&out, &layout](std::string_view name) {
    append_json_string(out, name);
    out += layout.colon;
  };
  if (thought != nullptr) {
    key("thought");
    append_json_string(out, *thought);
    out += layout.comma;
  }
  key("tool");
  append_json_string(out, call.name);
  out += layout.comma;
  key("arguments");
  JsonCursor json(call.arguments);
  if (json.skip() && json.finish()) {
    append_valid_utf8(out, trimmed(call.arguments));
  } else {
    append_json_string(out, call.arguments);
  }
  return out += layout.close;
}

}  // namespace

std::string tool_instructions(std::span<const ToolSpec> tools, ToolDialect dialect, bool small) {
  if (tools.empty() || dialect == ToolDialect::native) return "";
  std::string out =
      dialect == ToolDialect::schema
          ? "You act through tools. Each reply is one JSON object on one line, nothing else:\n"
            "{\"thought\": \"one or two short sentences\", \"tool\": \"NAME\", \"arguments\": "
            "{...}}\n"
          : "You act through tools. To call one, end your reply with one block:\n"
            "```tool\n{\"tool\": \"NAME\", \"arguments\": {...}}\n```\n"
            "One call a reply; its result comes in the next message.\n";
  out += "Tools (? marks what may be left out):";
  for (const ToolSpec& spec : tools) {
    out +=
        fmt::format("\n- {}({}): {}", spec.name, signature(spec), one_line(describe(spec, small)));
  }
  return out;
}

std::string tool_members(std::span<const ToolSpec> tools, ToolDialect dialect, bool small,
                         std::string_view only_tool, bool answer_only) {
  if (tools.empty()) return "";
  if (dialect == ToolDialect::native) {
    // The specs stay when no call is wanted: they stand at the front of the cached prompt.
    Json choice = answer_only ? "none" : "auto";
    if (!answer_only && !only_tool.empty()) {
      choice = {{"type", "function"}, {"function", {{"name", only_tool}}}};
    }
    return ",\"tools\":" + dump_json(native_tools(tools, small)) +
           ",\"tool_choice\":" + dump_json(choice);
  }
  if (dialect == ToolDialect::text || answer_only) return "";
  const Json format = {
      {"type", "json_schema"},
      {"json_schema",
       {{"name", "turn"}, {"strict", true}, {"schema", turn_schema(tools, only_tool)}}}};
  return ",\"response_format\":" + dump_json(format);
}

std::string tail_instruction(const Request& request, ToolDialect dialect) {
  if (request.tools.empty() || dialect == ToolDialect::native) return "";
  if (request.answer_only) return "Answer now in plain text, without calling a tool.";
  if (request.only_tool.empty()) return "";
  return fmt::format("Call the tool {} now.", request.only_tool);
}

std::int64_t prompt_bytes_of(std::span<const ToolSpec> tools, ToolDialect dialect, bool small) {
  // With the blank line before the instructions.
  return static_cast<std::int64_t>(tool_instructions(tools, dialect, small).size() + 2 +
                                   tool_members(tools, dialect, small, "", false).size());
}

std::string assistant_text(const Message& message, ToolDialect dialect) {
  if (message.tool_calls.empty()) return message.text;
  std::string out;
  if (dialect == ToolDialect::schema) {
    for (const ToolCall& call : message.tool_calls) {
      if (!out.empty()) out += '\n';
      out += call_object(call, &message.text);
    }
    return out;
  }
  out = message.text;
  for (const ToolCall& call : message.tool_calls) {
    if (!out.empty()) out += "\n\n";
    out += "```tool\n" + call_object(call, nullptr) + "\n```";
  }
  return out;
}

std::string quoted_result(const Message& message) {
  constexpr std::string_view kClose = "</result>";
  std::string out = fmt::format("Result of {}:\n<result>\n",
                                message.tool_name.empty() ? "the call" : message.tool_name);
  // Data can't end its own quotation.
  std::string_view rest = message.text;
  for (std::size_t at = rest.find(kClose); at != std::string_view::npos; at = rest.find(kClose)) {
    out += rest.substr(0, at);
    out += "</ result>";
    rest.remove_prefix(at + kClose.size());
  }
  out += rest;
  if (!out.ends_with('\n')) out += '\n';
  out += kClose;
  return out;
}

Message read_reply(ChatReply& reply, ToolDialect dialect, bool tools_asked, std::uint64_t id_seed) {
  Message message;
  message.role = Role::assistant;
  message.reasoning = std::move(reply.reasoning);
  message.text = std::move(reply.text);
  message.tool_calls = std::move(reply.tool_calls);
  if (!reply.refusal.empty()) {
    if (message.text.empty()) message.text = std::move(reply.refusal);
    reply.finish_reason = FinishReason::refusal;
  }
  if (dialect != ToolDialect::native && tools_asked && message.tool_calls.empty()) {
    const bool cut = reply.finish_reason == FinishReason::length;
    if (auto turn = find_turn(message.text, cut ? Cut::yes : Cut::no)) {
      message.text = std::move(turn->thought);
      if (!turn->tool.empty()) {
        message.tool_calls.push_back({"", std::move(turn->tool), std::move(turn->arguments)});
      }
    }
  }
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    ToolCall& call = message.tool_calls[i];
    if (call.id.empty()) call.id = made_id(id_seed, i);
    // What a call without parameters means, unless they were cut off.
    if (call.arguments.empty() && reply.finish_reason != FinishReason::length) {
      call.arguments = "{}";
    }
  }
  const bool plain_end =
      reply.finish_reason == FinishReason::stop || reply.finish_reason == FinishReason::unknown;
  if (!message.tool_calls.empty() && plain_end) reply.finish_reason = FinishReason::tool_calls;
  return message;
}

DeltaHandler dialect_deltas(DeltaHandler on_delta, ToolDialect dialect, bool tools_asked) {
  if (!on_delta || dialect == ToolDialect::native || !tools_asked) return on_delta;
  const auto wrap = [](DeltaHandler listener, auto scanner) -> DeltaHandler {
    return [listener = std::move(listener), scanner](const Delta& delta) mutable {
      if (delta.kind == Delta::Kind::text) {
        scanner.feed(delta.text, listener);
      } else {
        listener(delta);
      }
    };
  };
  if (dialect == ToolDialect::schema) return wrap(std::move(on_delta), SchemaTurnScanner());
  return wrap(std::move(on_delta), TextTurnScanner());
}

}  // namespace pareto
