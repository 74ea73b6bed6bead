#include "apps/proxy/chat_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/json.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const ChatTarget kTarget{.model = "real-1", .max_output_tokens = 1'000};

Json sent(const std::string& body, const ChatTarget& target = kTarget) {
  const auto request = read_chat_request(body, target);
  EXPECT_TRUE(request) << request.error().message;
  return request ? Json::parse(request->body) : Json();
}

TEST(ChatRequestTest, NamesTheConfiguredModelAndBoundsTheOutput) {
  EXPECT_EQ(sent(R"({"model": "gpt-9", "messages": [{"role": "user", "content": "hi"}]})"),
            Json::parse(R"({"model": "real-1", "messages": [{"role": "user", "content": "hi"}],
                            "max_tokens": 1000})"));
  const auto request = read_chat_request(
      R"({"model": "gpt-9", "messages": [{"role": "user", "content": "hi"}]})", kTarget);
  EXPECT_EQ(request->asked_model, "gpt-9");
  EXPECT_EQ(request->max_output_tokens, 1'000);
  EXPECT_FALSE(request->stream);
}

TEST(ChatRequestTest, LowersTheBoundOfTheOutputAndNeverRaisesIt) {
  const auto bound = [](const std::string& fields, ChatTarget target = kTarget) {
    return sent(R"({"messages": [{"content": "hi"}])" + fields + "}", target);
  };
  EXPECT_EQ(bound(R"(, "max_tokens": 10)")["max_tokens"], 10);
  EXPECT_EQ(bound(R"(, "max_tokens": 100000)")["max_tokens"], 1'000);
  EXPECT_EQ(bound(R"(, "max_tokens": -1)")["max_tokens"], 1'000);
  EXPECT_EQ(bound(R"(, "max_tokens": null)")["max_tokens"], 1'000);
  const Json both = bound(R"(, "max_tokens": 20, "max_completion_tokens": 30)");
  EXPECT_EQ(both["max_tokens"], 20);
  EXPECT_FALSE(both.contains("max_completion_tokens"));
  ChatTarget newer = kTarget;
  newer.max_completion_tokens = true;
  const Json renamed = bound(R"(, "max_tokens": 20)", newer);
  EXPECT_EQ(renamed["max_completion_tokens"], 20);
  EXPECT_FALSE(renamed.contains("max_tokens"));
}

TEST(ChatRequestTest, EveryChoiceCountsTowardsTheOutput) {
  const auto request =
      read_chat_request(R"({"messages": [{"content": "hi"}], "n": 3, "max_tokens": 5})", kTarget);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->max_output_tokens, 15);
  EXPECT_FALSE(read_chat_request(R"({"messages": [{"content": "hi"}], "n": 100})", kTarget));
  // What wraps around is not passed on.
  EXPECT_FALSE(
      sent(R"({"messages": [{"content": "hi"}], "n": 18446744073709551615})").contains("n"));
}

TEST(ChatRequestTest, TheModelsTemperatureHoldsWhereNoneIsAskedFor) {
  ChatTarget cool = kTarget;
  cool.temperature = 0;
  EXPECT_EQ(sent(R"({"messages": [{"content": "hi"}]})", cool)["temperature"], 0);
  EXPECT_EQ(sent(R"({"messages": [{"content": "hi"}], "temperature": null})", cool)["temperature"],
            0);
  EXPECT_EQ(sent(R"({"messages": [{"content": "hi"}], "temperature": 1})", cool)["temperature"], 1);
}

TEST(ChatRequestTest, AsksForTheUsageOfAStream) {
  const Json plain = sent(R"({"messages": [{"content": "hi"}], "stream": true})");
  EXPECT_EQ(plain["stream"], true);
  EXPECT_EQ(plain["stream_options"], Json::parse(R"({"include_usage": true})"));
  const Json denied = sent(R"({"messages": [{"content": "hi"}], "stream": true,
                               "stream_options": {"include_usage": false, "x": 1}})");
  EXPECT_EQ(denied["stream_options"], Json::parse(R"({"include_usage": true, "x": 1})"));
  EXPECT_FALSE(sent(R"({"messages": [{"content": "hi"}], "stream": false,
                        "stream_options": {}})")
                   .contains("stream_options"));
}

TEST(ChatRequestTest, PassesOnWhatCostsNothingButTokensInTheOrderItWasWritten) {
  const std::string tools =
      R"([{"type":"function","function":{"name":"z","parameters":{"b":1,"a":2}}}])";
  const auto request = read_chat_request(
      R"({"temperature": 0.1, "tools": )" + tools +
          R"(, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
              "service_tier": "priority", "models": ["dear"], "web_search_options": {}})",
      kTarget);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_THAT(request->body, HasSubstr(tools));
  EXPECT_THAT(request->body, HasSubstr(R"("temperature":0.1)"));
  EXPECT_THAT(request->left_out, ElementsAre("service_tier", "models", "web_search_options"));
  for (const std::string& name : request->left_out) {
    EXPECT_FALSE(Json::parse(request->body).contains(name)) << name;
  }
}

TEST(ChatRequestTest, MeasuresThePromptByItsParts) {
  const auto read = [](const std::string& messages, const std::string& tools) {
    return *read_chat_request(R"({"messages": )" + messages + R"(, "tools": )" + tools + "}",
                              kTarget);
  };
  const ChatRequest one = read(R"([{"content": "a"}])", "[1]");
  const ChatRequest two = read(R"([{"content": "a"}, {"content": "bcd"}])", "[1]");
  const ChatRequest other = read(R"([{"content": "a"}])", "[2]");
  EXPECT_EQ(one.messages[0], two.messages[0]);
  EXPECT_EQ(two.messages[1].bytes,
            static_cast<std::int64_t>(std::string(R"({"content":"bcd"})").size()));
  EXPECT_EQ(one.frame, two.frame);
  EXPECT_NE(one.frame, other.frame);
}

TEST(ChatRequestTest, RefusesWhatCantBeBounded) {
  const auto why = [](const std::string& body) {
    const auto request = read_chat_request(body, kTarget);
    EXPECT_FALSE(request) << body;
    return request ? std::string() : request.error().message;
  };
  EXPECT_EQ(read_chat_request("{", kTarget).error().code, ErrorCode::invalid);
  why("");
  why("[]");
  why("null");
  why("{\"messages\": [\"\xff\"]}");
  EXPECT_THAT(why("{}"), HasSubstr("messages"));
  EXPECT_THAT(why(R"({"messages": []})"), HasSubstr("messages"));
  EXPECT_THAT(why(R"({"messages": ["hi"]})"), HasSubstr("object"));
  EXPECT_THAT(why(R"({"messages": [{"content": 1}]})"), HasSubstr("text"));
  EXPECT_THAT(
      why(R"({"messages": [{"content": [{"type": "image_url", "image_url": {"url": "x"}}]}]})"),
      HasSubstr("only text"));
  EXPECT_THAT(why(R"({"messages": [{"content": ["hi"]}]})"), HasSubstr("only text"));
  EXPECT_THAT(why(R"({"messages": [{"content": "hi"}], "max_tokens": "all"})"),
              HasSubstr("max_tokens"));
  EXPECT_THAT(why(R"({"messages": [{"content": "hi"}], "max_tokens": 1.5})"),
              HasSubstr("whole number"));
  std::string deep = R"({"messages": [{"content": "hi"}], "tools": )";
  why(deep + std::string(10'000, '[') + std::string(10'000, ']') + "}");
}

}  // namespace
}  // namespace pareto
