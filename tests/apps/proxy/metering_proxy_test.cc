#include "apps/proxy/metering_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/io/system_clock.h"
#include "agent/io/system_random.h"
#include "tests/support/http_fake.h"

namespace pareto {
namespace {

using fakes::HttpFake;
using testing::AnyOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* kKey = "sk-secret-4711";
constexpr const char* kAsk =
    R"({"model": "gpt-9", "messages": [{"role": "user", "content": "hi"}]})";
constexpr const char* kAskStream =
    R"({"model": "gpt-9", "stream": true, "messages": [{"role": "user", "content": "hi"}]})";
constexpr const char* kCompletion =
    R"({"choices":[{"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":20,"completion_tokens":5}})";

std::string chunk(const std::string& text) {
  return R"(data: {"choices":[{"delta":{"content":")" + text + "\"}}]}\n\n";
}
constexpr const char* kStop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
std::string usage(int prompt, int completion) {
  return "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":" + std::to_string(prompt) +
         ",\"completion_tokens\":" + std::to_string(completion) + "}}\n\n";
}
constexpr const char* kDone = "data: [DONE]\n\n";

struct Answer {
  int status = 0;
  std::string type;
  std::string body;
  bool done = false;
  bool whole = false;
};

// An agent's client, the proxy, and a provider that does as the test says.
class MeteringProxyTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(log_path); }
  void TearDown() override { std::filesystem::remove(log_path); }

  void make(HttpFake::Handler provider, Limits limits = {.usd = Money::parse("1").value()}) {
    upstream.emplace(std::move(provider));
    connect(upstream->url("/v1"), std::move(limits));
  }

  void connect(const std::string& base_url, Limits limits = {}) {
    ModelEndpoint endpoint{.info = {.name = "local",
                                    .max_output_tokens = 100,
                                    .price = Price{.input = Money::nanos(1'000'000),
                                                   .cached_input = Money::nanos(1'000'000),
                                                   .cache_write = Money::nanos(1'000'000),
                                                   .output = Money::nanos(10'000'000)}},
                           .model = "real-1",
                           .base_url = base_url,
                           .api_key = kKey,
                           .llama = llama,
                           .share_prompts = false};
    MeteringProxy::Options options{.endpoint = std::move(endpoint), .limits = std::move(limits)};
    options.on_call = [this](const std::optional<Refusal>& refusal) {
      ++(refusal ? refused : admitted);
    };
    auto log = CallLog::open(log_path);
    ASSERT_TRUE(log);
    proxy = std::make_unique<MeteringProxy>(MeteringProxy::Ports{loop, http, clock, random},
                                            std::move(options), std::move(*log));
    auto listening = HttpServer::listen(
        loop,
        [] {
          HttpServerOptions server_options = MeteringProxy::server_options();
          server_options.port = 0;
          return server_options;
        }(),
        [this](HttpExchange exchange) { proxy->handle(std::move(exchange)); });
    ASSERT_TRUE(listening);
    server = std::move(*listening);
  }

  // The answers to requests that are all under way at once.
  std::vector<Answer> ask_all(const std::vector<std::string>& bodies,
                              const std::string& path = "/v1/chat/completions",
                              HttpMethod method = HttpMethod::post) {
    std::vector<Answer> answers(bodies.size());
    std::vector<std::unique_ptr<Operation>> operations;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      HttpRequest request{.method = method,
                          .url = "http://127.0.0.1:" + std::to_string(server->port()) + path};
      if (method == HttpMethod::post) request.body.push_back({nullptr, bodies[i]});
      request.affinity = i;
      HttpHandlers handlers;
      handlers.on_response = [&answer = answers[i]](const HttpHead& head) {
        answer.status = head.status;
        answer.type = head.header("Content-Type");
      };
      handlers.on_data = [&answer = answers[i]](std::string_view bytes) { answer.body += bytes; };
      handlers.on_done = [&answer = answers[i]](const Result<void>& result) {
        answer.done = true;
        answer.whole = result.has_value();
      };
      operations.push_back(http.send(std::move(request), std::move(handlers)));
    }
    loop.run_until([&] { return std::ranges::all_of(answers, &Answer::done); });
    return answers;
  }
  Answer ask(const std::string& body, const std::string& path = "/v1/chat/completions") {
    return ask_all({body}, path).front();
  }

  std::vector<Json> logged() const {
    std::vector<Json> lines;
    std::ifstream file(log_path);
    for (std::string line; std::getline(file, line);) lines.push_back(parse_json(line).value());
    return lines;
  }

  const std::string log_path = testing::TempDir() + "/pareto-proxy-" + std::to_string(getpid());
  Loop loop;
  HttpClient http{loop};
  SystemClock clock;
  SystemRandom random;
  std::optional<HttpFake> upstream;
  std::unique_ptr<MeteringProxy> proxy;
  std::unique_ptr<HttpServer> server;
  bool llama = false;
  int admitted = 0;
  int refused = 0;
};

TEST_F(MeteringProxyTest, PassesACompletionOnWithTheModelsKeyAndCountsIt) {
  make([](const HttpFake::Request&) { return HttpFake::text(kCompletion); });
  const Answer answer = ask(kAsk);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, kCompletion);
  const auto requests = upstream->requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].target, "/v1/chat/completions");
  EXPECT_EQ(requests[0].headers.at("authorization"), std::string("Bearer ") + kKey);
  const Json sent = Json::parse(requests[0].body);
  EXPECT_EQ(sent["model"], "real-1");
  EXPECT_EQ(sent["max_tokens"], 100);
  Receipt expected;
  expected.usage[0] = {.prompt_tokens = 20, .completion_tokens = 5};
  expected.cost[0] = Money::nanos(70);
  expected.turns = 1;
  expected.model_calls = 1;
  expected.model_seconds = proxy->receipt().model_seconds;
  EXPECT_EQ(proxy->receipt(), expected);
  EXPECT_EQ(admitted, 1);
  ASSERT_THAT(logged(), SizeIs(2));
  EXPECT_EQ(logged()[0]["asked_model"], "gpt-9");
  EXPECT_EQ(logged()[0]["model"], "local");
  EXPECT_EQ(logged()[1]["settled_usd"], "0.000000070");
  EXPECT_EQ(cost_of_log(log_path), Money::nanos(70));
}

TEST_F(MeteringProxyTest, AStreamPassesByteByByte) {
  // Cut in the middle of a line, with a comment and odd line ends: none of the proxy's business.
  const std::string whole =
      ": hello\r\n\r\n" + chunk("a") + chunk("\\u00e9") + kStop + usage(20, 5) + kDone;
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < whole.size(); at += 7) pieces.push_back(whole.substr(at, 7));
  make([&](const HttpFake::Request&) { return HttpFake::events(pieces); });
  const Answer answer = ask(kAskStream);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.type, HasSubstr("text/event-stream"));
  EXPECT_EQ(answer.body, whole);
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(proxy->settled(), Money::nanos(70));
  EXPECT_FALSE(proxy->receipt().cost_estimated);
  EXPECT_EQ(Json::parse(upstream->requests()[0].body)["stream_options"]["include_usage"], true);
}

TEST_F(MeteringProxyTest, OfSeveralUsagesTheLastCounts) {
  make([](const HttpFake::Request&) {
    return HttpFake::events({usage(20, 1), chunk("a"), usage(20, 3), kStop, usage(20, 4), kDone});
  });
  EXPECT_EQ(ask(kAskStream).status, 200);
  EXPECT_EQ(proxy->settled(), Money::nanos(60));
}

TEST_F(MeteringProxyTest, WithoutAUsageTheReservationIsPaid) {
  make([](const HttpFake::Request&) { return HttpFake::events({chunk("a"), kStop, kDone}); });
  EXPECT_EQ(ask(kAskStream).status, 200);
  EXPECT_TRUE(proxy->receipt().cost_estimated);
  const Money reserved = Money::parse(logged()[0]["reserved_usd"].get<std::string>()).value();
  EXPECT_GT(reserved, Money::nanos(100 * 10));
  EXPECT_EQ(proxy->settled(), reserved);
  EXPECT_EQ(proxy->receipt().turns, 1);
  EXPECT_FALSE(proxy->trouble());
}

TEST_F(MeteringProxyTest, AnErrorWithinAStreamIsPassedOnAndWhatWasUsedIsPaid) {
  const std::string error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n";
  make([&](const HttpFake::Request&) {
    return HttpFake::events({chunk("a"), usage(20, 2), error});
  });
  EXPECT_EQ(ask(kAskStream).body, chunk("a") + usage(20, 2) + error);
  EXPECT_EQ(proxy->settled(), Money::nanos(40));
  EXPECT_EQ(proxy->receipt().turns, 0);
  ASSERT_TRUE(proxy->trouble());
  EXPECT_THAT(proxy->trouble()->message, HasSubstr("overloaded"));
}

TEST_F(MeteringProxyTest, AStreamThatIsCutEndsWithAnErrorAndCostsItsReservation) {
  make([](const HttpFake::Request&) {
    HttpFake::Reply reply = HttpFake::events({chunk("a"), "data: {\"cho"});
    reply.ending = HttpFake::Ending::cut;
    return reply;
  });
  const Answer answer = ask(kAskStream);
  EXPECT_THAT(answer.body, HasSubstr(chunk("a")));
  EXPECT_THAT(answer.body, HasSubstr("\n\ndata: {\"error\":{"));
  EXPECT_TRUE(proxy->receipt().cost_estimated);
  EXPECT_TRUE(proxy->trouble());
}

TEST_F(MeteringProxyTest, TheCallThatWouldOverrunTheBudgetIsNotMade) {
  make([](const HttpFake::Request&) { return HttpFake::text(kCompletion); },
       {.usd = Money::nanos(1'200)});
  EXPECT_EQ(ask(kAsk).status, 200);
  EXPECT_EQ(ask(kAsk).status, 200);
  // Up to 1084 nano-dollars, and 1060 are left.
  const Answer answer = ask(kAsk);
  EXPECT_EQ(answer.status, 402);
  const Json error = Json::parse(answer.body)["error"];
  EXPECT_EQ(error["code"], "budget_exhausted");
  EXPECT_EQ(error["type"], "insufficient_quota");
  EXPECT_THAT(error["message"].get<std::string>(), HasSubstr("USD are left"));
  EXPECT_THAT(upstream->requests(), SizeIs(2));
  EXPECT_EQ(refused, 1);
  ASSERT_TRUE(proxy->refusal());
  EXPECT_EQ(proxy->refusal()->reason, Reason::usd);
  // A smaller one is borne.
  EXPECT_EQ(ask(R"({"messages": [{"content": "hi"}], "max_tokens": 5})").status, 200);
  EXPECT_FALSE(proxy->refusal());
}

TEST_F(MeteringProxyTest, CallsAtTheSameTimeNeverOverspendTogether) {
  make(
      [](const HttpFake::Request&) {
        // As much as it may.
        return HttpFake::text(
            R"({"choices":[{"message":{"content":"yes"},"finish_reason":"length"}],)"
            R"("usage":{"prompt_tokens":60,"completion_tokens":100}})");
      },
      {.usd = Money::nanos(4'500)});
  const auto answers = ask_all(std::vector<std::string>(16, kAsk));
  int served = 0;
  for (const Answer& answer : answers) {
    EXPECT_THAT(answer.status, AnyOf(200, 402));
    served += answer.status == 200 ? 1 : 0;
  }
  EXPECT_THAT(upstream->requests(), SizeIs(served));
  EXPECT_GE(served, 3);
  EXPECT_LE(proxy->settled(), Money::nanos(4'500));
  EXPECT_EQ(proxy->settled(), Money::nanos(1'060 * served));
}

TEST_F(MeteringProxyTest, RefusesAfterTheLastTurn) {
  make([](const HttpFake::Request&) { return HttpFake::text(kCompletion); }, {.turns = 1});
  EXPECT_EQ(ask(kAsk).status, 200);
  const Answer answer = ask(kAsk);
  EXPECT_EQ(answer.status, 402);
  EXPECT_EQ(Json::parse(answer.body)["error"]["code"], "turns_exhausted");
  EXPECT_THAT(upstream->requests(), SizeIs(1));
}

TEST_F(MeteringProxyTest, WhatTheProviderRefusesIsPassedOnAndCostsNothingUnlessItFailed) {
  int status = 500;
  make([&](const HttpFake::Request&) {
    return HttpFake::text(R"({"error": {"message": "no: sk-secret-4711"}})", status);
  });
  const Answer broken = ask(kAsk);
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.body, R"({"error": {"message": "no: [key]"}})");
  ASSERT_TRUE(proxy->trouble());
  EXPECT_THAT(proxy->trouble()->message, Not(HasSubstr(kKey)));
  const Money failed = proxy->settled();
  EXPECT_GT(failed, Money()) << "it may have been generated, and billed";
  EXPECT_TRUE(proxy->receipt().cost_estimated);
  status = 401;
  const Answer denied = ask(kAskStream);
  EXPECT_EQ(denied.status, 401);
  EXPECT_THAT(denied.body, Not(HasSubstr("sk-")));
  EXPECT_EQ(proxy->trouble()->code, ErrorCode::denied);
  EXPECT_EQ(proxy->settled(), failed);
  EXPECT_EQ(proxy->receipt().turns, 0);
}

TEST_F(MeteringProxyTest, APromptThatIsRefusedIsNoTroubleOfTheModels) {
  make([](const HttpFake::Request&) { return HttpFake::text(R"({"error": {}})", 400); });
  EXPECT_EQ(ask(kAsk).status, 400);
  EXPECT_FALSE(proxy->trouble());
}

TEST_F(MeteringProxyTest, AModelThatCantBeReachedIsTroubleUntilItReplies) {
  connect("http://127.0.0.1:" + std::to_string(fakes::unused_port()) + "/v1");
  const Answer answer = ask(kAsk);
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(Json::parse(answer.body)["error"]["code"], "upstream_unreachable");
  EXPECT_THAT(answer.body, Not(HasSubstr("127.0.0.1")));
  ASSERT_TRUE(proxy->trouble());
  EXPECT_EQ(proxy->trouble()->code, ErrorCode::unavailable);
  EXPECT_EQ(proxy->settled(), Money());
}

TEST_F(MeteringProxyTest, AReplyEndsTheTrouble) {
  int status = 503;
  make([&](const HttpFake::Request&) { return HttpFake::text(kCompletion, status); });
  EXPECT_EQ(ask(kAsk).status, 503);
  EXPECT_TRUE(proxy->trouble());
  status = 200;
  EXPECT_EQ(ask(kAsk).status, 200);
  EXPECT_FALSE(proxy->trouble());
}

TEST_F(MeteringProxyTest, TheAgentSeesNoKeyAndTheProviderNoHeaderOfTheAgents) {
  make([](const HttpFake::Request&) {
    HttpFake::Reply reply = HttpFake::text(kCompletion);
    reply.headers = {{"X-Echo", kKey}, {"Set-Cookie", "a=b"}};
    return reply;
  });
  std::string headers;
  bool done = false;
  auto made = HttpHeaders::make({{"Authorization", "Bearer pareto"}, {"X-Agent", "mini"}});
  HttpHandlers handlers;
  handlers.on_response = [&headers](const HttpHead& head) {
    headers = std::string(head.header("X-Echo")) + std::string(head.header("Set-Cookie"));
  };
  handlers.on_done = [&done](const Result<void>&) { done = true; };
  const auto operation = http.send(
      {.method = HttpMethod::post,
       .url = "http://127.0.0.1:" + std::to_string(server->port()) + "/v1/chat/completions",
       .headers = *made,
       .body = {{nullptr, kAsk}}},
      std::move(handlers));
  loop.run_until([&done] { return done; });
  EXPECT_EQ(headers, "");
  const auto requests = upstream->requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].headers.at("authorization"), std::string("Bearer ") + kKey);
  EXPECT_FALSE(requests[0].headers.contains("x-agent"));
  for (const Json& line : logged()) EXPECT_THAT(line.dump(), Not(HasSubstr(kKey)));
}

TEST_F(MeteringProxyTest, AnAgentsFirstCallFindsNothingThatOtherRunsHaveCached) {
  llama = true;
  make([](const HttpFake::Request&) { return HttpFake::text(kCompletion); });
  EXPECT_EQ(ask(R"({"messages": [{"content": "hi"}], "cache_prompt": true})").status, 200);
  EXPECT_EQ(ask(kAsk).status, 200);
  EXPECT_EQ(Json::parse(upstream->requests()[0].body)["cache_prompt"], false);
  EXPECT_EQ(Json::parse(upstream->requests()[1].body)["cache_prompt"], true);
}

TEST_F(MeteringProxyTest, AnswersForItsOneModel) {
  connect("http://127.0.0.1:9/v1");
  const Answer list = ask_all({""}, "/v1/models", HttpMethod::get).front();
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(Json::parse(list.body)["data"][0]["id"], "local");
  const Answer one = ask_all({""}, "/v1/models/gpt-9", HttpMethod::get).front();
  EXPECT_EQ(Json::parse(one.body)["id"], "local");
}

TEST_F(MeteringProxyTest, RefusesWhatItDoesNotSpeak) {
  make([](const HttpFake::Request&) { return HttpFake::text(kCompletion); });
  EXPECT_EQ(ask(kAsk, "/v1/embeddings").status, 404);
  EXPECT_EQ(ask(kAsk, "/chat/completions").status, 404);
  EXPECT_EQ(ask(kAsk, "/v1/models").status, 405);
  EXPECT_EQ(ask_all({""}, "/v1/chat/completions", HttpMethod::get).front().status, 405);
  EXPECT_EQ(ask("{\"messages\": ").status, 400);
  EXPECT_EQ(ask(R"({"messages": []})").status, 400);
  const Answer large = ask(std::string((16 << 20) + 1, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(Json::parse(large.body)["error"]["code"], "request_too_large");
  const Answer other = ask("{}", "/v1/messages");
  EXPECT_EQ(other.status, 501);
  EXPECT_EQ(Json::parse(other.body)["type"], "error");
  EXPECT_EQ(ask("{}", "/v1/responses").status, 501);
  EXPECT_THAT(upstream->requests(), SizeIs(0));
  EXPECT_EQ(proxy->receipt(), Receipt());
}

TEST_F(MeteringProxyTest, ACallThatIsUnderWayAtTheEndCostsItsReservation) {
  make([](const HttpFake::Request&) {
    HttpFake::Reply reply = HttpFake::events({chunk("a")});
    reply.ending = HttpFake::Ending::hang;
    return reply;
  });
  std::string body;
  HttpHandlers handlers;
  handlers.on_data = [&body](std::string_view bytes) { body += bytes; };
  const auto operation = http.send(
      {.method = HttpMethod::post,
       .url = "http://127.0.0.1:" + std::to_string(server->port()) + "/v1/chat/completions",
       .body = {{nullptr, kAskStream}}},
      std::move(handlers));
  loop.run_until([&body] { return !body.empty(); });
  proxy->finish();
  EXPECT_TRUE(proxy->receipt().cost_estimated);
  EXPECT_EQ(proxy->settled(), Money::parse(logged()[0]["reserved_usd"].get<std::string>()).value());
  EXPECT_TRUE(upstream->wait_for_hangups(1)) << "the provider is told to stop";
}

}  // namespace
}  // namespace pareto
