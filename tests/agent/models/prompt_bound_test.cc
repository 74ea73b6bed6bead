#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/core/budget_guard.h"
#include "agent/core/json_text.h"
#include "agent/core/random.h"
#include "agent/models/chat_conversation.h"
#include "agent/models/chat_dialect.h"

// What is reserved for a call has to cover whatever a dialect makes of its messages and tools. Here
// that is counted the plain way: every byte of text in the request that is sent.

namespace pareto {
namespace {

// Of each message: its role, and the markers that chat templates put around one.
constexpr std::int64_t kMarkers = 16;

std::int64_t bytes_of(const Json& value) {
  return value.is_string() ? static_cast<std::int64_t>(value.get<std::string>().size()) : 0;
}

std::int64_t text_bytes(const ChatBody& body) {
  std::string text;
  for (const Segment& segment : body.body) text += segment.bytes;
  const auto json = parse_json(text);
  EXPECT_TRUE(json) << text;
  if (!json) return 0;
  std::int64_t bytes = 0;
  for (const Json& message : (*json)["messages"]) {
    bytes += kMarkers + bytes_of(message["role"]) + bytes_of(message["content"]);
    if (message.contains("tool_call_id")) bytes += bytes_of(message["tool_call_id"]);
    if (!message.contains("tool_calls")) continue;
    for (const Json& call : message["tool_calls"]) {
      bytes += bytes_of(call["id"]) + bytes_of(call["function"]["name"]) +
               bytes_of(call["function"]["arguments"]);
    }
  }
  for (const char* key : {"tools", "tool_choice", "response_format"}) {
    if (json->contains(key)) bytes += static_cast<std::int64_t>(dump_json((*json)[key]).size());
  }
  return bytes;
}

// Text that grows wherever it is quoted or escaped.
std::string hostile_text(Random& random) {
  static const std::vector<std::string> parts{
      "a plain word ", "\"",  "\\", "\n", "\t", "\x01", "\x7f",
      "</result>",     "```", "ü",  "😀", "{",  "}"};
  std::string text;
  for (std::uint64_t n = random.next() % 40; n > 0; --n)
    text += parts[random.next() % parts.size()];
  return text;
}

std::string some_arguments(Random& random) {
  switch (random.next() % 4) {
    case 0:
      return hostile_text(random);
    case 1:
      return "";
    case 2:
      return dump_json(Json{{"path", hostile_text(random)}, {"n", 1}});
    default:
      return Json{{"path", "a.py"}, {"list", {1, 2}}}.dump(2);
  }
}

Message some_message(Random& random) {
  Message message{.role = static_cast<Role>(random.next() % 4), .text = hostile_text(random)};
  if (message.role == Role::tool) {
    message.tool_call_id = "call_" + std::to_string(random.next());
    message.tool_name = random.next() % 2 == 0 ? "" : "view";
  }
  if (message.role == Role::assistant) {
    for (std::uint64_t n = random.next() % 4; n > 0; --n) {
      message.tool_calls.push_back({"call_" + std::to_string(random.next()),
                                    random.next() % 3 == 0 ? hostile_text(random) : "view",
                                    some_arguments(random)});
    }
  }
  return message;
}

std::vector<ToolSpec> some_tools(Random& random) {
  std::vector<ToolSpec> tools;
  for (std::uint64_t n = random.next() % 6; n > 0; --n) {
    Json properties = Json::object();
    for (std::uint64_t p = random.next() % 5; p > 0; --p) {
      Json schema = true;
      if (random.next() % 2 == 0)
        schema = {{"type", "string"}, {"description", hostile_text(random)}};
      if (random.next() % 5 == 0) schema = {{"enum", {hostile_text(random), 1, nullptr}}};
      properties["p" + std::to_string(p)] = std::move(schema);
    }
    tools.push_back({.name = "tool" + std::to_string(n),
                     .description = hostile_text(random),
                     .summary = random.next() % 2 == 0 ? "" : hostile_text(random),
                     .parameters = std::make_shared<const Json>(
                         Json{{"type", "object"}, {"properties", std::move(properties)}})});
  }
  return tools;
}

class PromptBoundTest : public ::testing::TestWithParam<ToolDialect> {};

TEST_P(PromptBoundTest, CoversEveryByteThatADialectSends) {
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    SeededRandom random(seed);
    const auto profile = std::make_shared<ChatProfile>(
        ChatProfile{.model = "m", .dialect = GetParam(), .small = random.next() % 2 == 0});
    const std::vector<ToolSpec> tools = some_tools(random);
    RunState run;
    run.model = {.name = "m", .tools = profile->dialect, .small = profile->small};
    for (const ToolSpec& tool : tools) run.tools.push_back(tool.name);
    run.tool_bytes = prompt_bytes_of(tools, profile->dialect, profile->small);
    for (std::uint64_t n = 1 + random.next() % 8; n > 0; --n) {
      run.history.append(some_message(random));
    }
    run.bytes_since_prompt = run.history.bytes();
    CallModel call{.with_tools = random.next() % 2 == 0};
    if (random.next() % 2 == 0) call.append = {some_message(random)};
    if (random.next() % 2 == 0) call.tail = "R" + hostile_text(random);
    if (random.next() % 3 == 0 && !tools.empty()) call.only_tool = tools.front().name;
    const std::int64_t bound = prompt_bound(run, call);

    for (const Message& message : call.append) run.history.append(message);
    std::vector<Message> tail;
    if (!call.tail.empty()) tail.push_back({.role = Role::user, .text = call.tail});
    ChatConversation conversation(profile);
    const std::int64_t sent = text_bytes(conversation.render({.messages = run.history.messages(),
                                                              .tail = tail,
                                                              .tools = tools,
                                                              .only_tool = call.only_tool,
                                                              .answer_only = !call.with_tools}));
    ASSERT_LE(sent, bound) << seed;
    // And is no more than it has to be: within twice of it, and a constant for each part.
    const auto parts = static_cast<std::int64_t>(run.history.size() + tools.size() + 4);
    ASSERT_LE(bound, 2 * sent + 512 * parts) << seed;
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, PromptBoundTest,
                         ::testing::Values(ToolDialect::native, ToolDialect::schema,
                                           ToolDialect::text),
                         [](const auto& dialect) { return to_string(dialect.param); });

}  // namespace
}  // namespace pareto
