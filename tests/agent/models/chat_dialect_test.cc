#include "agent/models/chat_dialect.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

ChatReply said(std::string text) {
  ChatReply reply;
  reply.text = std::move(text);
  reply.finish_reason = FinishReason::stop;
  return reply;
}

Message read(ChatReply reply, ToolDialect dialect) {
  return read_reply(reply, dialect, true, 0xAB);
}

Message called(std::string thought, std::string arguments) {
  return {.role = Role::assistant,
          .text = std::move(thought),
          .tool_calls = {{"call_00000000000000ab_0", "view", std::move(arguments)}}};
}

TEST(ChatDialectTest, SchemaRepliesBecomeCalls) {
  ChatReply reply =
      said(R"({ "thought": "I l\u00f6ok.", "tool": "view", "arguments": { "path": "a" } })");
  EXPECT_EQ(read_reply(reply, ToolDialect::schema, true, 0xAB),
            called("I löok.", R"({ "path": "a" })"));
  EXPECT_EQ(reply.finish_reason, FinishReason::tool_calls);
}

TEST(ChatDialectTest, TextRepliesBecomeCalls) {
  const std::string block = "```tool\n{\"tool\": \"view\", \"arguments\": {\"path\": \"a\"}}\n```";
  const Message expected = called("I look.", R"({"path": "a"})");
  EXPECT_EQ(read(said("I look.\n\n" + block), ToolDialect::text), expected);
  EXPECT_EQ(read(said("I look.\n" + block + "\nDone."), ToolDialect::text), expected);
  EXPECT_EQ(read(said("I look.\n" + block.substr(0, block.size() - 4)), ToolDialect::text),
            expected)
      << "the closing fence may be missing";
  EXPECT_EQ(
      read(said("I look.\n```json\n{\"name\": \"view\", \"arguments\": {\"path\": \"a\"}}\n```"),
           ToolDialect::text),
      expected);
}

TEST(ChatDialectTest, CodeBlocksAreNoCalls) {
  for (const ToolDialect dialect : {ToolDialect::schema, ToolDialect::text}) {
    const std::string text = "Use this:\n```python\nprint(1)\n```\nand\n```json\n{\"a\": 1}\n```";
    const Message message = read(said(text), dialect);
    EXPECT_EQ(message.text, text);
    EXPECT_TRUE(message.tool_calls.empty());
  }
}

TEST(ChatDialectTest, TheFirstBlockThatIsACallCounts) {
  const Message message =
      read(said("```python\nx\n```\n```tool\n{\"tool\": \"view\"}\n```\n```tool\n{\"tool\": "
                "\"edit\"}\n```"),
           ToolDialect::text);
  EXPECT_EQ(message.tool_calls, called("", "{}").tool_calls);
}

TEST(ChatDialectTest, TruncatedOrForeignJsonStaysText) {
  for (const std::string text : {R"({"thought": "I look", "tool": "vi)", R"({"thought": "x"})",
                                 "{}", "[]", "", "```", R"({"tool": 7, "arguments": {}})"}) {
    ChatReply reply = said(text);
    const Message message = read_reply(reply, ToolDialect::schema, true, 0);
    EXPECT_EQ(message.text, text);
    EXPECT_TRUE(message.tool_calls.empty());
    EXPECT_EQ(reply.finish_reason, FinishReason::stop);
  }
}

TEST(ChatDialectTest, ACallCutByMaxTokensIsACallThatDoesNotParse) {
  const auto cut = [](std::string text, ToolDialect dialect) {
    ChatReply reply = said(std::move(text));
    reply.finish_reason = FinishReason::length;
    Message message = read_reply(reply, dialect, true, 0xAB);
    EXPECT_EQ(reply.finish_reason, FinishReason::length);
    return message;
  };
  const std::string start = R"({"thought": "Look.", "tool": "view", "arguments": )";
  EXPECT_EQ(cut(start + R"({"path": "a/b)", ToolDialect::schema),
            called("Look.", R"({"path": "a/b)"));
  EXPECT_EQ(cut(start, ToolDialect::schema), called("Look.", ""));
  EXPECT_EQ(cut("Look.\n```tool\n{\"tool\": \"view\", \"arguments\": {\"pa", ToolDialect::text),
            called("Look.", R"({"pa)"));
  const Message thought{.role = Role::assistant, .text = "I look at"};
  EXPECT_EQ(cut(R"({"thought": "I look at)", ToolDialect::schema), thought);
  EXPECT_EQ(cut(R"({"thought": "I look at", "tool": "vi)", ToolDialect::schema), thought);
  const Message prose{.role = Role::assistant, .text = "I look at"};
  EXPECT_EQ(cut("I look at", ToolDialect::schema), prose);
}

TEST(ChatDialectTest, NativeArgumentsThatWereCutOffAreNotTakenForNone) {
  ChatReply reply;
  reply.tool_calls = {{"x", "edit", ""}};
  reply.finish_reason = FinishReason::length;
  EXPECT_EQ(read_reply(reply, ToolDialect::native, true, 1).tool_calls[0].arguments, "");
}

TEST(ChatDialectTest, WhereNoCallWasAskedForNoneIsRead) {
  ChatReply reply = said(R"({"tool": "view", "arguments": {}})");
  const Message message = read_reply(reply, ToolDialect::schema, false, 0);
  EXPECT_EQ(message.text, R"({"tool": "view", "arguments": {}})");
  EXPECT_TRUE(message.tool_calls.empty());
}

TEST(ChatDialectTest, NativeCallsGetMissingIdsAndArguments) {
  ChatReply reply;
  reply.tool_calls = {{"", "view", ""}, {"x", "edit", "{}"}, {"", "run", "{}"}};
  reply.finish_reason = FinishReason::stop;
  const Message message = read_reply(reply, ToolDialect::native, true, 1);
  EXPECT_EQ(message.tool_calls, (std::vector<ToolCall>{{"call_0000000000000001_0", "view", "{}"},
                                                       {"x", "edit", "{}"},
                                                       {"call_0000000000000001_2", "run", "{}"}}));
  EXPECT_EQ(reply.finish_reason, FinishReason::tool_calls);
}

TEST(ChatDialectTest, ARefusalIsTextWithItsReason) {
  ChatReply reply;
  reply.refusal = "I can't.";
  reply.finish_reason = FinishReason::stop;
  EXPECT_EQ(read_reply(reply, ToolDialect::native, true, 1).text, "I can't.");
  EXPECT_EQ(reply.finish_reason, FinishReason::refusal);
}

TEST(ChatDialectTest, WhatWasReadIsWrittenBackAsTheModelWroteIt) {
  for (const std::string schema :
       {R"({"thought": "I \"look\".", "tool": "view", "arguments": {"a": [1, 2]}})",
        R"({"thought":"I look.","tool":"view","arguments":{"a":[1,2]}})",
        R"({ "thought": "I look.", "tool": "view", "arguments": { "a": 1 } })",
        R"({"thought": "I look.", "tool": "view", "arguments": {}})",
        "{\n  \"thought\": \"I look.\",\n  \"tool\": \"view\",\n  \"arguments\": {\n    \"a\": 1\n "
        " "
        "}\n}"}) {
    EXPECT_EQ(assistant_text(read(said(schema), ToolDialect::schema), ToolDialect::schema), schema);
  }
  const std::string text = "I look.\n\n```tool\n{\"tool\": \"view\", \"arguments\": {}}\n```";
  EXPECT_EQ(assistant_text(read(said(text), ToolDialect::text), ToolDialect::text), text);
}

TEST(ChatDialectTest, InstructionsAreOneLineATool) {
  const std::vector<ToolSpec> tools{
      {.name = "search",
       .description = "Searches.\nMany words.",
       .summary = "",
       .parameters = std::make_shared<const Json>(Json::parse(R"({"type": "object", "properties": {
           "query": {"type": "string"}, "limit": {"type": "integer"},
           "kind": {"enum": ["code", "text"]}, "paths": {"type": "array", "items": {"type": "string"}},
           "odd": true}, "required": ["query"]})"))},
      {.name = "stop", .summary = "ends"}};
  const std::string text = tool_instructions(tools, ToolDialect::schema, true);
  EXPECT_EQ(text.substr(text.find("\n- ") + 1),
            "- search(query: string, limit?: integer, kind?: \"code\"|\"text\", paths?: string[], "
            "odd?: any): Searches. Many words.\n- stop(): ends");
}

struct Heard {
  std::string text;
  std::string arguments;
};

Heard hear(std::string_view content, std::size_t cut, ToolDialect dialect) {
  Heard heard;
  const DeltaHandler listener = dialect_deltas(
      [&heard](const Delta& delta) {
        (delta.kind == Delta::Kind::text ? heard.text : heard.arguments) += delta.text;
      },
      dialect, true);
  listener({Delta::Kind::text, content.substr(0, cut)});
  listener({Delta::Kind::text, content.substr(cut)});
  return heard;
}

TEST(ChatDialectTest, ListenersHearTheThoughtAndTheArguments) {
  const std::string content =
      R"({ "thought": "A \"b\"\n\u00e9\ud83d\ude00 {x}", "tool": "view", "arguments": {"p": ["}\"", {}]} })";
  for (std::size_t cut = 0; cut <= content.size(); ++cut) {
    const Heard heard = hear(content, cut, ToolDialect::schema);
    ASSERT_EQ(heard.text, "A \"b\"\né😀 {x}") << cut;
    ASSERT_EQ(heard.arguments, R"({"p": ["}\"", {}]})") << cut;
  }
}

TEST(ChatDialectTest, ListenersHearTextAndTheBlock) {
  const std::string content =
      "I ``look``.\n```python\nx\n```\n```tool\n{\"tool\": \"view\"}\n```\n";
  for (std::size_t cut = 0; cut <= content.size(); ++cut) {
    const Heard heard = hear(content, cut, ToolDialect::text);
    ASSERT_EQ(heard.text, "I ``look``.\n```python\nx\n```\n") << cut;
    ASSERT_EQ(heard.arguments, "{\"tool\": \"view\"}\n") << cut;
  }
}

TEST(ChatDialectTest, ListenersSurviveWhatIsNoTurn) {
  for (const std::string content : {"plain", "[1]", "{\"thought\": 7}", "{{{", "{\"a\":\"\\u12"}) {
    for (std::size_t cut = 0; cut <= content.size(); ++cut) {
      EXPECT_EQ(hear(content, cut, ToolDialect::schema).arguments, "");
    }
  }
}

}  // namespace
}  // namespace pareto
