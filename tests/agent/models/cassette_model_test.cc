#include "agent/models/cassette_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/models/reply_json.h"
#include "agent/models/scripted_model.h"

namespace pareto {
namespace {

using testing::HasSubstr;

struct Exchange {
  std::vector<std::string> heard;
  Json reply;

  friend bool operator==(const Exchange&, const Exchange&) = default;
};

class CassetteModelTest : public testing::Test {
 protected:
  CassetteModelTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cassetteXXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/tape.jsonl";
  }
  ~CassetteModelTest() override { std::filesystem::remove_all(folder_); }

  Exchange ask(Model& model, const Request& request) {
    Exchange exchange;
    bool replied = false;
    const auto conversation = model.open_conversation();
    const auto call = model.start(
        *conversation, request,
        [&exchange](const Delta& delta) { exchange.heard.emplace_back(delta.text); },
        [&](const Reply& reply) {
          exchange.reply = to_json(reply);
          replied = true;
        });
    EXPECT_FALSE(replied);
    loop_.run();
    EXPECT_TRUE(replied);
    return exchange;
  }

  std::unique_ptr<CassetteModel> recorder(std::string_view script) {
    auto inner = ScriptedModel::make({.name = "m"}, script, loop_);
    auto cassette = Cassette::record(path_);
    return std::make_unique<CassetteModel>(*cassette, std::move(*inner));
  }

  std::unique_ptr<CassetteModel> player() {
    auto cassette = Cassette::open(path_);
    EXPECT_TRUE(cassette) << cassette.error().message;
    return std::make_unique<CassetteModel>(*cassette, ModelInfo{.name = "m"}, loop_);
  }

  Request request(const std::string& task, const std::string& run = "R1") {
    messages_.push_back({std::make_shared<const Message>(Message{.text = task})});
    Request request;
    request.run = run;
    request.messages = messages_.back();
    return request;
  }

  Loop loop_;
  std::string folder_;
  std::string path_;
  std::vector<std::vector<MessageRef>> messages_;
};

constexpr std::string_view kScript =
    R"([{"text": "Hello \u00fc there", "reasoning": "hm",
         "tool_calls": [{"name": "view", "arguments": {"a": 1}}],
         "usage": {"prompt_tokens": 9, "completion_tokens": 3}}])";

TEST_F(CassetteModelTest, ReplaysWhatItRecorded) {
  const Exchange recorded = ask(*recorder(kScript), request("Task"));
  const auto model = player();
  EXPECT_EQ(ask(*model, request("Task", "R2")), recorded);
  EXPECT_EQ(recorded.heard.size(), 5);
  EXPECT_EQ(ask(*model, request("Task", "R3")), recorded) << "the last one again";
}

TEST_F(CassetteModelTest, ReplaysErrorsToo) {
  const Exchange recorded =
      ask(*recorder(R"([{"error": {"code": "unavailable", "message": "down"}}])"), request("Task"));
  EXPECT_EQ(ask(*player(), request("Task")), recorded);
}

TEST_F(CassetteModelTest, RepeatedRequestsGetTheirRepliesInOrder) {
  const Exchange first = ask(*recorder(R"([{"text": "one"}])"), request("Task"));
  const Exchange second = ask(*recorder(R"([{"text": "two"}])"), request("Task"));
  const auto model = player();
  EXPECT_EQ(ask(*model, request("Task")), first);
  EXPECT_EQ(ask(*model, request("Task")), second);
  EXPECT_EQ(ask(*model, request("Task")), second);
}

TEST_F(CassetteModelTest, WhatDiffersFromRunToRunDoesNotCount) {
  const auto conversation = [](const std::string& id, const std::string& ulid) {
    return std::vector<MessageRef>{
        std::make_shared<const Message>(Message{.text = "Work in /tmp/" + ulid + "/x"}),
        std::make_shared<const Message>(
            Message{.role = Role::assistant, .reasoning = id, .tool_calls = {{id, "view", "{}"}}}),
        std::make_shared<const Message>(
            Message{.role = Role::tool, .text = "ok", .tool_call_id = id, .tool_name = "view"})};
  };
  const auto key = [&](const std::string& id, const std::string& ulid, std::uint64_t seed) {
    const auto messages = conversation(id, ulid);
    Request asked;
    asked.run = ulid;
    asked.seed = seed;
    asked.messages = messages;
    asked.deadline = {instant_from_ms(static_cast<std::int64_t>(seed))};
    return request_key(canonical_request({.name = "m"}, asked));
  };
  EXPECT_EQ(key("a", "01JDABCDEFGHJKMNPQRSTVWXYZ", 1), key("b", "01JDZZZZZZGHJKMNPQRSTVWXYZ", 2));
  EXPECT_NE(key("a", "x", 1), key("a", "y", 1));
}

TEST_F(CassetteModelTest, EverythingThatReachesTheModelCounts) {
  std::vector<std::string> keys;
  const auto add = [&](auto change) {
    Request asked = request("Task");
    ModelInfo info{.name = "m"};
    std::vector<ToolSpec> tools{{.name = "view", .description = "shows"}};
    std::vector<Message> tail;
    change(asked, info, tools, tail);
    asked.tools = tools;
    asked.tail = tail;
    keys.push_back(request_key(canonical_request(info, asked)));
  };
  add([](auto&, auto&, auto&, auto&) {});
  add([](auto&, auto& info, auto&, auto&) { info.name = "n"; });
  add([](auto&, auto&, auto& tools, auto&) { tools[0].description = "prints"; });
  add([](auto&, auto&, auto& tools, auto&) { tools.clear(); });
  add([](auto&, auto&, auto&, auto& tail) { tail.push_back({.text = "Hurry."}); });
  add([](auto& asked, auto&, auto&, auto&) { asked.only_tool = "view"; });
  add([](auto& asked, auto&, auto&, auto&) { asked.answer_only = true; });
  add([](auto& asked, auto&, auto&, auto&) { asked.max_output_tokens = 7; });
  add([](auto& asked, auto&, auto&, auto&) { asked.effort = Effort::high; });
  std::ranges::sort(keys);
  EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
}

TEST_F(CassetteModelTest, RefusesAnUnknownRequestAndShowsTheDifference) {
  ask(*recorder(kScript), request("Fix the function gcd."));
  const Exchange exchange = ask(*player(), request("Fix the function lcm."));
  EXPECT_EQ(exchange.reply["error"]["code"], "not_found");
  EXPECT_EQ(exchange.reply["sent"], false);
  const std::string text = exchange.reply["error"]["message"];
  EXPECT_THAT(text, HasSubstr("messages/0/text differs at byte 17"));
  EXPECT_THAT(text, HasSubstr("gcd."));
  EXPECT_THAT(text, HasSubstr("lcm."));
}

TEST_F(CassetteModelTest, FindsTheFirstDifference) {
  const auto of = [](const char* a, const char* b) {
    return first_difference(Json::parse(a), Json::parse(b));
  };
  EXPECT_EQ(of(R"({"a": [1, {"b": 2}]})", R"({"a": [1, {"b": 2}]})"), "");
  EXPECT_EQ(of(R"({"a": [1, {"b": 2}]})", R"({"a": [1, {"b": 3}]})"), "a/1/b: expected 2, found 3");
  EXPECT_EQ(of(R"({"a": 1})", R"({"b": 1})"), "a is missing");
  EXPECT_EQ(of(R"({"a": 1})", R"({"a": 1, "b": 1})"), "b was not expected");
  EXPECT_EQ(of(R"({"a": [1]})", R"({"a": []})"), "a: expected 1 elements, found 0");
}

TEST_F(CassetteModelTest, NamesTheLineThatIsBroken) {
  ask(*recorder(kScript), request("Task"));
  std::ofstream(path_, std::ios::app) << "{\"request\": 1\n";
  EXPECT_THAT(Cassette::open(path_).error().message, HasSubstr("line 2"));
  EXPECT_THAT(Cassette::open("/nonexistent/tape").error().message, HasSubstr("/nonexistent/tape"));
  EXPECT_FALSE(Cassette::record("/nonexistent/tape"));
}

}  // namespace
}  // namespace pareto
