#include "agent/models/scripted_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/models/reply_json.h"

namespace pareto {
namespace {

using testing::HasSubstr;

class ScriptedModelTest : public testing::Test {
 protected:
  std::unique_ptr<ScriptedModel> make(std::string_view script) {
    auto model = ScriptedModel::make({.name = "scripted"}, script, loop_);
    EXPECT_TRUE(model) << model.error().message;
    return model ? std::move(*model) : nullptr;
  }

  std::string error_of(std::string_view script) {
    const auto model = ScriptedModel::make({.name = "scripted"}, script, loop_);
    return model ? "none" : model.error().message;
  }

  // A request of a run that has had `replies` replies.
  Reply ask(Model& model, int replies, const std::string& task = "Fix gcd.") {
    std::vector<MessageRef> messages{std::make_shared<const Message>(Message{.text = task})};
    for (int i = 0; i < replies; ++i) {
      messages.push_back(
          std::make_shared<const Message>(Message{.role = Role::assistant, .text = "reply"}));
      messages.push_back(
          std::make_shared<const Message>(Message{.role = Role::user, .text = "go on"}));
    }
    Request request;
    request.messages = messages;
    const auto conversation = model.open_conversation();
    std::optional<Reply> reply;
    heard_.clear();
    const auto call = model.start(
        *conversation, request, [this](const Delta& delta) { heard_.emplace_back(delta.text); },
        [&reply](Reply r) { reply = std::move(r); });
    EXPECT_FALSE(reply);
    loop_.run();
    return *reply;
  }

  Loop loop_;
  std::vector<std::string> heard_;
};

TEST_F(ScriptedModelTest, RepliesByTheNumberOfRepliesSoFar) {
  const auto model = make(R"([{"text": "first one"}, {"text": "second"}])");
  EXPECT_EQ(ask(*model, 1).message->text, "second");
  EXPECT_EQ(ask(*model, 0).message->text, "first one");
  EXPECT_THAT(heard_, testing::ElementsAre("first ", "one"));
}

TEST_F(ScriptedModelTest, GivesEveryFieldOfAReply) {
  const auto model = make(R"([{
    "text": "I look.", "reasoning": "Hm.",
    "tool_calls": [{"name": "view", "arguments": {"path": "a"}},
                   {"name": "edit", "arguments": "{broken", "id": "mine"}, {"name": "stop"}],
    "finish_reason": "length", "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    "delay_ms": 3, "error": {"code": "unavailable", "message": "cut"}, "sent": true}])");
  Reply expected;
  expected.message = Message{.role = Role::assistant,
                             .text = "I look.",
                             .reasoning = "Hm.",
                             .tool_calls = {{"call_1_1", "view", "{\"path\":\"a\"}"},
                                            {"mine", "edit", "{broken"},
                                            {"call_1_3", "stop", "{}"}}};
  expected.usage = Usage{.prompt_tokens = 9, .completion_tokens = 3};
  expected.finish_reason = FinishReason::length;
  expected.error = Error{ErrorCode::unavailable, "cut"};
  expected.took = Milliseconds(3);
  EXPECT_EQ(to_json(ask(*model, 0)), to_json(expected));
}

TEST_F(ScriptedModelTest, UsageIsGivenEstimatedOrAbsent) {
  const auto model = make(R"([{"text": "12345678"}, {"usage": null}])");
  EXPECT_EQ(ask(*model, 0, "1234").usage, (Usage{.prompt_tokens = 1, .completion_tokens = 2}));
  EXPECT_EQ(ask(*model, 1).usage, std::nullopt);
}

TEST_F(ScriptedModelTest, AnErrorAloneHasNoMessage) {
  const auto model =
      make(R"([{"error": {"code": "unavailable", "message": "down"}, "sent": false}])");
  const Reply reply = ask(*model, 0);
  EXPECT_FALSE(reply.message);
  EXPECT_FALSE(reply.usage);
  EXPECT_FALSE(reply.sent);
  EXPECT_EQ(reply.error, (Error{ErrorCode::unavailable, "down"}));
}

TEST_F(ScriptedModelTest, ChoosesTheScriptByTheTask) {
  const auto model = make(R"({"scripts": [
    {"match": "gcd|lcm", "replies": [{"text": "numbers"}]},
    {"match": "^Sort", "replies": [{"text": "lists"}], "repeat_last": true}]})");
  EXPECT_EQ(ask(*model, 0, "Fix gcd.").message->text, "numbers");
  EXPECT_EQ(ask(*model, 0, "Sort it.").message->text, "lists");
  EXPECT_EQ(ask(*model, 5, "Sort it.").message->text, "lists");
  EXPECT_THAT(ask(*model, 0, "Resort it.").error->message, HasSubstr("no script matches"));
  EXPECT_THAT(ask(*model, 1, "Fix gcd.").error->message, HasSubstr("reply 2 was asked for"));
}

TEST_F(ScriptedModelTest, NamesWhatIsWrongWithAScript) {
  EXPECT_THAT(error_of("nonsense"), HasSubstr("JSON"));
  EXPECT_THAT(error_of("{}"), HasSubstr("scripts"));
  EXPECT_THAT(error_of(R"([{"txt": "x"}])"), HasSubstr("txt"));
  EXPECT_THAT(error_of(R"([{"finish_reason": "tired"}])"), HasSubstr("finish_reason"));
  EXPECT_THAT(error_of(R"([{"error": {"code": "bad"}}])"), HasSubstr("code"));
  EXPECT_THAT(error_of(R"({"scripts": [{"match": "(", "replies": []}]})"), HasSubstr("match"));
  EXPECT_THAT(ScriptedModel::load({}, "/nonexistent/script.json", loop_).error().message,
              HasSubstr("/nonexistent/script.json"));
}

TEST_F(ScriptedModelTest, NothingComesAfterTheOperationIsGone) {
  const auto model = make(R"([{"text": "one two"}])");
  std::vector<MessageRef> messages{std::make_shared<const Message>(Message{.text = "task"})};
  Request request;
  request.messages = messages;
  const auto conversation = model->open_conversation();
  int heard = 0;
  std::unique_ptr<Operation> call;
  call = model->start(
      *conversation, request,
      [&](const Delta&) {
        ++heard;
        call = nullptr;
      },
      [](const Reply&) { FAIL(); });
  loop_.run();
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace pareto
