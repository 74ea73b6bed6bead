#include "agent/models/openai_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/io/system_clock.h"
#include "tests/agent/models/hostile_streams.h"
#include "tests/support/http_fake.h"

namespace pareto {
namespace {

using fakes::HttpFake;
using testing::HasSubstr;
using testing::Not;

const std::string kChunk = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";
const std::string kEnd =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\n"
    "data: [DONE]\n\n";
const Usage kUsed{.prompt_tokens = 9, .completion_tokens = 4};

HttpFake::Reply good() { return HttpFake::events({kChunk, kEnd}); }

HttpFake::Reply status(int code, std::string body) { return HttpFake::text(std::move(body), code); }

class OpenaiModelTest : public testing::Test {
 protected:
  OpenaiModelTest() {
    options_.info.name = "big";
    options_.model = "big-1";
    options_.retry.base = Milliseconds(1);
    messages_.push_back(std::make_shared<const Message>(Message{.text = "Say hi."}));
  }

  Deadline soon() const { return Deadline::in(std::chrono::seconds(20), clock_.now()); }

  std::unique_ptr<OpenaiModel> make(const std::string& base_url, BaseUrlResolver resolver = {}) {
    options_.base_url = base_url;
    auto model = OpenaiModel::make(options_, {.loop = loop_,
                                              .http = http_,
                                              .clock = clock_,
                                              .random = random_,
                                              .resolve_base_url = std::move(resolver)});
    EXPECT_TRUE(model) << model.error().message;
    return std::move(*model);
  }

  Request request() {
    Request request;
    request.run = "run";
    request.messages = messages_;
    request.max_output_tokens = kHostileMaxTokens;
    request.deadline = soon();
    return request;
  }

  Reply ask(Model& model, const Request& request) {
    const auto conversation = model.open_conversation();
    std::optional<Reply> reply;
    const auto call = model.start(
        *conversation, request, [this](const Delta& delta) { heard_ += delta.text; },
        [&reply](Reply r) { reply = std::move(r); });
    EXPECT_FALSE(reply) << "called from within start";
    loop_.run_until([&reply] { return reply.has_value(); });
    EXPECT_TRUE(reply);
    if (!reply) return {};
    reply->took = Milliseconds(0);
    return *reply;
  }
  Reply ask(Model& model) { return ask(model, request()); }

  Loop loop_;
  HttpClient http_{loop_};
  SystemClock clock_;
  SeededRandom random_{1};
  OpenaiOptions options_;
  std::vector<MessageRef> messages_;
  std::string heard_;
};

TEST_F(OpenaiModelTest, StreamsAReply) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  options_.api_key = "sk-secret";
  const auto model = make(server.url("/v1/"));
  const Reply reply = ask(*model);
  EXPECT_FALSE(reply.error);
  EXPECT_EQ(reply.message, (Message{.role = Role::assistant, .text = "Hi"}));
  EXPECT_EQ(reply.usage, kUsed);
  EXPECT_EQ(reply.finish_reason, FinishReason::stop);
  EXPECT_TRUE(reply.sent);
  EXPECT_EQ(reply.attempts, 1);
  EXPECT_EQ(heard_, "Hi");
  const HttpFake::Request sent = server.requests().at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/v1/chat/completions");
  EXPECT_EQ(sent.headers.at("authorization"), "Bearer sk-secret");
  EXPECT_EQ(sent.headers.at("content-type"), "application/json");
  EXPECT_EQ(Json::parse(sent.body)["model"], "big-1");
  EXPECT_EQ(Json::parse(sent.body)["messages"][0]["content"], "Say hi.");
}

TEST_F(OpenaiModelTest, KeepsItsConnectionBetweenCalls) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  const auto model = make(server.url("/v1"));
  ask(*model);
  ask(*model);
  EXPECT_EQ(server.requests().size(), 2);
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(OpenaiModelTest, PassesTheTableOfHostileStreams) {
  for (const HostileStream& stream : hostile_streams()) {
    SCOPED_TRACE(stream.name);
    HttpFake server([&stream](const HttpFake::Request&) {
      return HttpFake::events({stream.bytes.substr(0, stream.bytes.size() / 2),
                               stream.bytes.substr(stream.bytes.size() / 2)});
    });
    options_.retry.attempts = 1;
    const auto model = make(server.url("/v1"));
    const Reply reply = ask(*model);
    const StreamOutcome& expected = stream.expected;
    const auto code = reply.error ? std::optional(reply.error->code) : std::nullopt;
    EXPECT_EQ(code, expected.error);
    EXPECT_EQ(reply.usage, expected.usage);
    if (reply.error) {
      EXPECT_TRUE(!reply.message || reply.message->tool_calls.empty());
      continue;
    }
    ASSERT_TRUE(reply.message);
    EXPECT_EQ(reply.message->text, expected.text + expected.refusal);
    EXPECT_EQ(reply.message->reasoning, expected.reasoning);
    ASSERT_EQ(reply.message->tool_calls.size(), expected.tool_calls.size());
    for (std::size_t i = 0; i < expected.tool_calls.size(); ++i) {
      EXPECT_EQ(reply.message->tool_calls[i].name, expected.tool_calls[i].name);
      EXPECT_EQ(reply.message->tool_calls[i].arguments, expected.tool_calls[i].arguments);
      EXPECT_NE(reply.message->tool_calls[i].id, "");
    }
  }
}

TEST_F(OpenaiModelTest, RetriesUntilTheServerAnswers) {
  std::atomic<int> count = 0;
  HttpFake server([&count](const HttpFake::Request&) {
    switch (++count) {
      case 1:
        return status(503, R"({"error":{"code":503,"message":"Loading model"}})");
      case 2:
        return status(429, "slow down");
      case 3:
        return HttpFake::Reply{.ending = HttpFake::Ending::reset};
      default:
        return good();
    }
  });
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_FALSE(reply.error) << reply.error->message;
  EXPECT_EQ(reply.attempts, 4);
  EXPECT_EQ(reply.usage, kUsed);
  const auto requests = server.requests();
  for (const auto& sent : requests) EXPECT_EQ(sent.body, requests[0].body);
}

TEST_F(OpenaiModelTest, GivesUpAfterTheLastAttempt) {
  HttpFake server([](const HttpFake::Request&) { return status(500, "<h1>oops</h1>"); });
  options_.retry.attempts = 3;
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_EQ(reply.attempts, 3);
  EXPECT_EQ(reply.error->code, ErrorCode::unavailable);
  EXPECT_THAT(reply.error->message, HasSubstr("answered 500 after 3 attempts: <h1>oops</h1>"));
  EXPECT_FALSE(reply.usage) << "what a failing server has done is not known";
  EXPECT_TRUE(reply.sent);
}

TEST_F(OpenaiModelTest, DoesNotRepeatWhatHasBegunToArrive) {
  HttpFake server([](const HttpFake::Request&) {
    HttpFake::Reply reply = HttpFake::events({kChunk});
    reply.ending = HttpFake::Ending::cut;
    return reply;
  });
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_EQ(reply.attempts, 1);
  EXPECT_EQ(reply.error->code, ErrorCode::unavailable);
  EXPECT_EQ(reply.message->text, "Hi");
  EXPECT_FALSE(reply.usage);
}

TEST_F(OpenaiModelTest, ReportsUsageWithAnError) {
  HttpFake server([](const HttpFake::Request&) {
    return HttpFake::events(
        {kChunk,
         "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4}}\n\n",
         "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"});
  });
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_EQ(reply.usage, kUsed);
  EXPECT_EQ(reply.error->code, ErrorCode::unavailable);
  EXPECT_EQ(reply.attempts, 1);
}

struct Refusal {
  int status;
  std::string body;
  ErrorCode code;
  std::string says;
};

TEST_F(OpenaiModelTest, ExplainsRefusalsForWhichNothingIsOwed) {
  const std::vector<Refusal> refusals{
      {401, R"({"error":{"message":"Incorrect API key provided: sk-secret","type":"auth"}})",
       ErrorCode::denied, "check the variable BIG_API_KEY"},
      {404, R"({"error":{"message":"no such model"}})", ErrorCode::not_found,
       "a model named \"big-1\""},
      {400, R"({"error":{"message":"bad temperature","type":"invalid_request_error"}})",
       ErrorCode::invalid, "bad temperature"},
      {400, R"({"error":{"message":"too long","type":"exceed_context_size_error"}})",
       ErrorCode::limit, "shorten the prompt"},
      {429, R"({"error":{"message":"no money","code":"insufficient_quota"}})", ErrorCode::limit,
       "no money"},
      {422, R"({"detail":"field required"})", ErrorCode::invalid, "field required"},
      {418, "I'm a teapot\n", ErrorCode::invalid, "I'm a teapot"}};
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.body);
    HttpFake server(
        [&refusal](const HttpFake::Request&) { return status(refusal.status, refusal.body); });
    options_.api_key = "sk-secret";
    options_.api_key_env = "BIG_API_KEY";
    const auto model = make(server.url("/v1"));
    const Reply reply = ask(*model);
    ASSERT_TRUE(reply.error);
    EXPECT_EQ(reply.error->code, refusal.code);
    EXPECT_THAT(reply.error->message, HasSubstr("model \"big\""));
    EXPECT_THAT(reply.error->message, HasSubstr(refusal.says));
    EXPECT_THAT(reply.error->message, Not(HasSubstr("sk-secret")));
    EXPECT_EQ(reply.usage, Usage{});
    EXPECT_EQ(reply.attempts, 1);
    EXPECT_FALSE(reply.message);
  }
}

TEST_F(OpenaiModelTest, KnowsWhenNothingWasSent) {
  const auto model = make("http://127.0.0.1:" + std::to_string(fakes::unused_port()) + "/v1");
  options_.retry.attempts = 2;
  const Reply reply = ask(*model);
  EXPECT_EQ(reply.error->code, ErrorCode::unavailable);
  EXPECT_FALSE(reply.sent);
  EXPECT_FALSE(reply.usage);
}

TEST_F(OpenaiModelTest, HoldsTheDeadline) {
  HttpFake server([](const HttpFake::Request&) {
    HttpFake::Reply reply = HttpFake::events({kChunk});
    reply.ending = HttpFake::Ending::hang;
    return reply;
  });
  const auto model = make(server.url("/v1"));
  Request hurried = request();
  hurried.deadline = Deadline::in(Milliseconds(300), clock_.now());
  const Reply reply = ask(*model, hurried);
  EXPECT_EQ(reply.error->code, ErrorCode::timeout);
  EXPECT_EQ(reply.message->text, "Hi");
  EXPECT_TRUE(server.wait_for_hangups(1));
}

TEST_F(OpenaiModelTest, DoesNotWaitPastTheDeadlineToRetry) {
  HttpFake server([](const HttpFake::Request&) {
    HttpFake::Reply reply = status(429, "later");
    reply.headers.emplace_back("Retry-After", "3600");
    return reply;
  });
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_EQ(reply.attempts, 1);
  EXPECT_EQ(reply.error->code, ErrorCode::unavailable);
}

TEST_F(OpenaiModelTest, DoesNotWaitForAServerThatForgetsToEnd) {
  HttpFake server([](const HttpFake::Request&) {
    HttpFake::Reply reply = good();
    reply.ending = HttpFake::Ending::hang;
    return reply;
  });
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_FALSE(reply.error);
  EXPECT_EQ(reply.message->text, "Hi");
  EXPECT_TRUE(server.wait_for_hangups(1));
}

TEST_F(OpenaiModelTest, CutsAnEndlessReply) {
  HttpFake server([](const HttpFake::Request&) {
    std::vector<std::string> pieces(3'000, "data: {\"choices\":[{\"delta\":{\"content\":\"" +
                                               std::string(1'000, 'y') + "\"}}]}\n\n");
    return HttpFake::events(std::move(pieces));
  });
  const auto model = make(server.url("/v1"));
  const Reply reply = ask(*model);
  EXPECT_EQ(reply.error->code, ErrorCode::limit);
  EXPECT_LT(reply.message->text.size(), 70'000);
}

TEST_F(OpenaiModelTest, DestroyingTheOperationClosesTheConnection) {
  HttpFake server([](const HttpFake::Request&) {
    HttpFake::Reply reply = HttpFake::events({kChunk});
    reply.ending = HttpFake::Ending::hang;
    return reply;
  });
  const auto model = make(server.url("/v1"));
  const auto conversation = model->open_conversation();
  bool replied = false;
  auto call = model->start(
      *conversation, request(), [this](const Delta& delta) { heard_ += delta.text; },
      [&replied](const Reply&) { replied = true; });
  loop_.run_until([this] { return !heard_.empty(); });
  call = nullptr;
  loop_.run();
  EXPECT_FALSE(replied);
  EXPECT_TRUE(server.wait_for_hangups(1));
}

TEST_F(OpenaiModelTest, AListenerMayDestroyTheOperation) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  const auto model = make(server.url("/v1"));
  const auto conversation = model->open_conversation();
  bool replied = false;
  std::unique_ptr<Operation> call;
  call = model->start(
      *conversation, request(), [&call](const Delta&) { call = nullptr; },
      [&replied](const Reply&) { replied = true; });
  loop_.run();
  EXPECT_EQ(call, nullptr);
  EXPECT_FALSE(replied);
}

TEST_F(OpenaiModelTest, AReplyHandlerMayDestroyTheOperation) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  const auto model = make(server.url("/v1"));
  const auto conversation = model->open_conversation();
  std::unique_ptr<Operation> call;
  call = model->start(*conversation, request(), {}, [&call](const Reply&) { call = nullptr; });
  loop_.run();
  EXPECT_EQ(call, nullptr);
}

TEST_F(OpenaiModelTest, AsksForTheServerOnceItIsNeeded) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  int asked = 0;
  const auto model = make("", [&](Deadline, Handler<std::string> done) {
    ++asked;
    done(server.url("/v1"));
  });
  EXPECT_EQ(asked, 0);
  EXPECT_FALSE(ask(*model).error);
  EXPECT_FALSE(ask(*model).error);
  EXPECT_EQ(asked, 1);
}

TEST_F(OpenaiModelTest, AsksAgainWhenTheServerIsGone) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  int asked = 0;
  const auto model = make("", [&](Deadline, Handler<std::string> done) {
    // The first answer is out of date.
    const bool first = ++asked == 1;
    loop_.post([&server, first, done = std::move(done)]() mutable {
      done(first ? "http://127.0.0.1:" + std::to_string(fakes::unused_port()) + "/v1"
                 : server.url("/v1"));
    });
  });
  const Reply reply = ask(*model);
  EXPECT_FALSE(reply.error);
  EXPECT_EQ(reply.attempts, 2);
  EXPECT_EQ(asked, 2);
}

TEST_F(OpenaiModelTest, ReportsThatNoServerCouldBeFound) {
  for (const bool at_once : {true, false}) {
    const auto model = make("", [&](Deadline, Handler<std::string> done) {
      auto answer = [done = std::move(done)]() mutable {
        done(fail(ErrorCode::not_found, "weights are missing; run: pareto models pull local"));
      };
      if (at_once) return answer();
      loop_.post(std::move(answer));
    });
    const Reply reply = ask(*model);
    EXPECT_EQ(reply.error->code, ErrorCode::not_found);
    EXPECT_THAT(reply.error->message, HasSubstr("pareto models pull local"));
    EXPECT_FALSE(reply.sent);
  }
}

TEST_F(OpenaiModelTest, ALateResolverFindsNobody) {
  std::vector<Handler<std::string>> waiting;
  const auto model =
      make("", [&](Deadline, Handler<std::string> done) { waiting.push_back(std::move(done)); });
  const auto conversation = model->open_conversation();
  auto call = model->start(*conversation, request(), {}, [](const Reply&) { FAIL(); });
  call = nullptr;
  ASSERT_EQ(waiting.size(), 1);
  waiting[0]("http://127.0.0.1:1/v1");
  loop_.run();
}

// A server that is told the slot, while that slot is busy, mixes up the replies (llama.cpp of
// 2026); it finds the slot of a run by itself, by the longest common prefix.
TEST_F(OpenaiModelTest, ALlamaServerIsAskedForItsCacheButTakesTheSlotItself) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  options_.llama = true;
  const auto model = make(server.url("/v1"));
  ask(*model, request());
  const Json body = Json::parse(server.requests().at(0).body);
  EXPECT_EQ(body["cache_prompt"], true);
  EXPECT_EQ(body["temperature"], 0);
  EXPECT_FALSE(body.contains("id_slot"));
}

TEST_F(OpenaiModelTest, WithoutSharedPromptsOnlyTheRunsOwnAreTakenFromTheCache) {
  HttpFake server([](const HttpFake::Request&) { return good(); });
  options_.llama = true;
  options_.share_prompts = false;
  const auto model = make(server.url("/v1"));
  const auto conversation = model->open_conversation();
  for (int i = 0; i < 2; ++i) {
    bool over = false;
    const auto call =
        model->start(*conversation, request(), {}, [&over](const Reply&) { over = true; });
    loop_.run_until([&over] { return over; });
  }
  EXPECT_EQ(Json::parse(server.requests().at(0).body)["cache_prompt"], false);
  EXPECT_EQ(Json::parse(server.requests().at(1).body)["cache_prompt"], true);
}

TEST_F(OpenaiModelTest, RefusesOptionsThatCannotWork) {
  const auto error = [this](auto change) {
    OpenaiOptions options = options_;
    change(options);
    const auto model = OpenaiModel::make(
        options, {.loop = loop_, .http = http_, .clock = clock_, .random = random_});
    return model ? std::string("none") : model.error().message;
  };
  EXPECT_THAT(error([](OpenaiOptions&) {}), HasSubstr("needs a base_url"));
  EXPECT_THAT(error([](OpenaiOptions& o) { o.base_url = "example.com/v1"; }),
              HasSubstr("example.com/v1"));
  EXPECT_THAT(error([](OpenaiOptions& o) { o.base_url = "https://me:secret@example.com/v1"; }),
              testing::AllOf(HasSubstr("without user"), Not(HasSubstr("secret"))));
  EXPECT_THAT(error([](OpenaiOptions& o) {
                o.base_url = "https://example.com/v1";
                o.extra_body = "[1]";
              }),
              HasSubstr("extra body"));
  EXPECT_NE(error([](OpenaiOptions& o) {
              o.base_url = "https://example.com/v1";
              o.api_key = "a\nb: c";
            }),
            "none");
}

}  // namespace
}  // namespace pareto
