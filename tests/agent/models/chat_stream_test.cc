#include "agent/models/chat_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/core/random.h"
#include "agent/models/chat_decoder.h"
#include "tests/agent/models/hostile_streams.h"

namespace pareto {

void PrintTo(const StreamOutcome& outcome, std::ostream* out) {
  *out << "text \"" << outcome.text.substr(0, 200) << "\" (" << outcome.text.size()
       << " bytes), reasoning \"" << outcome.reasoning << "\", refusal \"" << outcome.refusal
       << "\", finish " << to_string(outcome.finish_reason) << ", error "
       << (outcome.error ? to_string(*outcome.error) : "none");
  for (const ToolCall& call : outcome.tool_calls) {
    *out << "\n  call " << call.id << " " << call.name << " " << call.arguments;
  }
  if (outcome.usage) {
    *out << "\n  usage " << outcome.usage->prompt_tokens << " "
         << outcome.usage->cached_prompt_tokens << " " << outcome.usage->cache_write_tokens << " "
         << outcome.usage->completion_tokens << " " << outcome.usage->reasoning_tokens;
  }
}

namespace {

StreamOutcome outcome_of(ChatReply reply) {
  StreamOutcome outcome{reply.text,          reply.reasoning, reply.refusal, reply.tool_calls,
                        reply.finish_reason, reply.usage,     std::nullopt};
  if (reply.error) outcome.error = reply.error->code;
  return outcome;
}

struct Heard {
  std::string text;
  std::string reasoning;
  std::string arguments;
};

DeltaHandler listen(Heard& heard) {
  return [&heard](const Delta& delta) {
    std::string& to = delta.kind == Delta::Kind::text        ? heard.text
                      : delta.kind == Delta::Kind::reasoning ? heard.reasoning
                                                             : heard.arguments;
    to += delta.text;
  };
}

std::string arguments_of(const StreamOutcome& outcome) {
  std::string all;
  for (const ToolCall& call : outcome.tool_calls) all += call.arguments;
  return all;
}

StreamOutcome decode(const std::vector<std::string_view>& pieces, Heard* heard = nullptr) {
  ChatDecoder decoder(ChatBounds::of(kHostileMaxTokens), heard ? listen(*heard) : DeltaHandler());
  for (const std::string_view piece : pieces) decoder.feed(piece);
  decoder.end();
  return outcome_of(decoder.take());
}

class HostileStreamTest : public testing::TestWithParam<HostileStream> {};

TEST_P(HostileStreamTest, GivesTheExpectedReplyWhole) {
  EXPECT_EQ(decode({GetParam().bytes}), GetParam().expected);
}

TEST_P(HostileStreamTest, GivesTheSameReplyAtEveryCut) {
  const std::string_view bytes = GetParam().bytes;
  const std::size_t stride = 1 + bytes.size() / 2'000;
  for (std::size_t cut = 0; cut <= bytes.size(); cut += stride) {
    ASSERT_EQ(decode({bytes.substr(0, cut), bytes.substr(cut)}), GetParam().expected)
        << "cut at " << cut;
  }
}

TEST_P(HostileStreamTest, GivesTheSameReplyByteByByte) {
  const std::string_view bytes = GetParam().bytes;
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  EXPECT_EQ(decode(pieces), GetParam().expected);
}

TEST_P(HostileStreamTest, TellsListenersWhatTheReplySays) {
  const std::string_view bytes = GetParam().bytes;
  for (const std::size_t cut : {std::size_t{0}, bytes.size() / 2, bytes.size() * 2 / 3}) {
    Heard heard;
    const StreamOutcome outcome = decode({bytes.substr(0, cut), bytes.substr(cut)}, &heard);
    EXPECT_EQ(heard.text, outcome.text);
    EXPECT_EQ(heard.reasoning, outcome.reasoning);
    // Calls may be told interleaved.
    EXPECT_EQ(heard.arguments.size(), arguments_of(outcome).size());
  }
}

INSTANTIATE_TEST_SUITE_P(Table, HostileStreamTest, testing::ValuesIn(hostile_streams()),
                         [](const auto& parameter) {
                           std::string name;
                           for (const char c : parameter.param.name) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

TEST(ChatStreamTest, TellsWhetherAnythingCame) {
  ChatStream stream(ChatBounds::of(100), {});
  EXPECT_TRUE(stream.feed(R"({"choices":[{"delta":{"role":"assistant","content":null}}]})"));
  EXPECT_FALSE(stream.started());
  EXPECT_TRUE(stream.feed(R"({"choices":[{"delta":{"content":"x"}}]})"));
  EXPECT_TRUE(stream.started());
}

TEST(ChatStreamTest, KeepsTheReplyWhenTheConnectionBreaksBehindTheFinishReason) {
  ChatStream stream(ChatBounds::of(100), {});
  stream.feed(R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})");
  stream.end({ErrorCode::unavailable, "reset"});
  EXPECT_EQ(outcome_of(stream.take()),
            (StreamOutcome{.text = "x", .finish_reason = FinishReason::stop}));
}

TEST(ChatStreamTest, KeepsWhatCameBeforeTheConnectionBroke) {
  ChatStream stream(ChatBounds::of(100), {});
  stream.feed(R"({"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":3}})");
  stream.end({ErrorCode::timeout, "stalled"});
  EXPECT_EQ(outcome_of(stream.take()),
            (StreamOutcome{
                .text = "x", .usage = Usage{.prompt_tokens = 3}, .error = ErrorCode::timeout}));
}

TEST(ChatStreamTest, DeltasNeverEndWithinACharacter) {
  std::vector<std::string> pieces;
  ChatStream stream(ChatBounds::of(100),
                    [&pieces](const Delta& delta) { pieces.emplace_back(delta.text); });
  stream.feed("{\"choices\":[{\"delta\":{\"content\":\"a\xF0\x9F\"}}]}");
  stream.feed("{\"choices\":[{\"delta\":{\"content\":\"\x98\x80\"}}]}");
  EXPECT_THAT(pieces, testing::ElementsAre("a", "\xF0\x9F\x98\x80"));
}

TEST(ChatStreamTest, QuotesWhatMadeNoSense) {
  ChatDecoder decoder(ChatBounds::of(100), {});
  decoder.feed("<html>Please log in</html>");
  decoder.end();
  EXPECT_THAT(decoder.take().error->message, testing::HasSubstr("<html>Please log in</html>"));
}

// The rules again, on a tree instead of a cursor, for streams that are well formed.
StreamOutcome by_the_book(const std::vector<std::string>& payloads) {
  StreamOutcome outcome;
  std::map<int, ToolCall> calls;
  for (const std::string& payload : payloads) {
    const Json json = Json::parse(payload);
    for (const Json& choice : json.value("choices", Json::array())) {
      const Json& delta = choice.at("delta");
      const auto add = [&delta](const char* key, std::string& to) {
        if (delta.contains(key) && delta[key].is_string()) to += delta[key].get<std::string>();
      };
      add("content", outcome.text);
      add("reasoning_content", outcome.reasoning);
      for (const Json& piece : delta.value("tool_calls", Json::array())) {
        ToolCall& call = calls[piece.at("index").get<int>()];
        if (piece.contains("id")) call.id = piece["id"];
        const Json& function = piece.at("function");
        if (function.contains("name")) call.name = function["name"];
        call.arguments += function.value("arguments", "");
      }
      if (choice.contains("finish_reason") && choice["finish_reason"].is_string()) {
        outcome.finish_reason = *parse_finish_reason(choice["finish_reason"].get<std::string>());
      }
    }
    if (json.contains("usage") && json["usage"].is_object()) {
      outcome.usage = Usage{.prompt_tokens = json["usage"].at("prompt_tokens"),
                            .completion_tokens = json["usage"].at("completion_tokens")};
    }
  }
  for (auto& [index, call] : calls) outcome.tool_calls.push_back(call);
  return outcome;
}

std::string random_text(Random& random) {
  static const std::vector<std::string> kPieces{"a",  "\"", "\\", "\n", "{",  "}",
                                                "[]", "é",  "😀", " ",  "\t", "\x01"};
  std::string text;
  for (std::uint64_t n = random.next() % 8; n > 0; --n) {
    text += kPieces[random.next() % kPieces.size()];
  }
  return text;
}

Json random_chunk(Random& random, std::map<int, bool>& known) {
  Json delta = Json::object();
  if (random.next() % 2 == 0) delta["content"] = random_text(random);
  if (random.next() % 4 == 0) delta["reasoning_content"] = random_text(random);
  if (random.next() % 3 == 0) {
    // Indices come in order, as they do on every server.
    const int index = static_cast<int>(random.next() % (known.size() + 1));
    Json function = {{"arguments", random_text(random)}};
    Json piece = {{"index", index}, {"type", "function"}};
    if (!known[index]) {
      piece["id"] = "id" + std::to_string(index);
      function["name"] = "tool" + std::to_string(index);
      known[index] = true;
    }
    piece["function"] = function;
    delta["tool_calls"] = Json::array({piece});
  }
  Json choice = {{"index", 0}, {"logprobs", nullptr}, {"delta", delta}, {"finish_reason", nullptr}};
  Json chunk = {{"id", "c"}, {"created", 17.5}, {"choices", Json::array({choice})}};
  if (random.next() % 5 == 0) {
    chunk["usage"] = {{"prompt_tokens", random.next() % 1000 + 1},
                      {"completion_tokens", random.next() % 1000}};
  }
  return chunk;
}

TEST(ChatStreamTest, AgreesWithATreeParserOnRandomStreams) {
  SeededRandom random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> payloads;
    std::map<int, bool> known;
    for (std::uint64_t n = random.next() % 20; n > 0; --n) {
      const Json chunk = random_chunk(random, known);
      payloads.push_back(chunk.dump(random.next() % 2 == 0 ? -1 : 1, ' ', random.next() % 2 == 0));
    }
    payloads.emplace_back(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})");
    ChatStream stream(ChatBounds::of(1000), {});
    for (const std::string& payload : payloads) stream.feed(payload);
    stream.end();
    ASSERT_EQ(outcome_of(stream.take()), by_the_book(payloads)) << "round " << round;
  }
}

}  // namespace
}  // namespace pareto
