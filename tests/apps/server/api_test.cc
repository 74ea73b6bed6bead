#include <algorithm>
#include <numeric>

#include "apps/server/openapi.h"
#include "tests/apps/server/api_fixture.h"

namespace pareto {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST_F(ApiTest, StartsARunAndShowsHowItEnded) {
  open();
  const Json begun = json("POST", "/v1/runs", R"({"prompt": "Say hello."})");
  EXPECT_EQ(answer->status, 201);
  const std::string run = begun["run"];
  EXPECT_THAT(answer->headers, ElementsAre(Pair("Location", "/v1/runs/" + run)));
  EXPECT_EQ(begun["status"], "running");
  EXPECT_EQ(begun["origin"], "serve");

  const Json shown = ended(run);
  EXPECT_EQ(shown["status"], "success");
  EXPECT_EQ(shown["outcome"]["answer"], "Hello to you all.");
  EXPECT_EQ(shown["receipt"]["model_calls"], 1);
}

TEST_F(ApiTest, SpendsOnThePolicysModelsUnlessARunNamesAnother) {
  open();
  EXPECT_EQ(ended(start(R"({"prompt": "Say hello."})"))["model"], "s");
  EXPECT_EQ(ended(start(R"({"prompt": "Say hello.", "model": "costly"})"))["model"], "costly");
}

TEST_F(ApiTest, AKeyStandsForOneRun) {
  open();
  const std::string body = R"({"prompt": "Say hello."})";
  const std::string run = start(body, {{"idempotency-key", "k"}});
  EXPECT_EQ(start(body, {{"idempotency-key", "k"}}), run);
  EXPECT_EQ(answer->status, 200);
  EXPECT_NE(start(body, {{"idempotency-key", "other"}}), run);
  EXPECT_EQ(status("POST", "/v1/runs", R"({"prompt": "Say more."})", {{"idempotency-key", "k"}}),
            409);
  EXPECT_EQ(json("GET", "/v1/runs")["runs"].size(), 2U);
}

TEST_F(ApiTest, AKeyOfARequestThatIsBeingWorkedOnIsAConflict) {
  open();
  const std::string body = R"({"prompt": "Say hello."})";
  send("POST", "/v1/runs", body, {{"idempotency-key", "k"}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(status("POST", "/v1/runs", body, {{"idempotency-key", "k"}}), 409);
}

TEST_F(ApiTest, RefusesBodiesAndSaysWhatIsWrong) {
  open();
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{", "line 1"},
      {"[]", "object"},
      {"{}", "task"},
      {R"({"prompt": ""})", "prompt"},
      {R"({"prompt": "x", "task": {"id": "a", "prompt": "x"}})", "either"},
      {R"({"promt": "x"})", "promt"},
      {R"({"prompt": "x", "mode": "fast"})", "mode"},
      {R"({"prompt": "x", "model": "S"})", "s"},
      {R"({"prompt": "x", "effort": "most"})", "effort"},
      {R"({"prompt": "x", "limits": {"usd": "-1"}})", "usd"},
      {R"({"prompt": "x", "seed": 9007199254740992})", "2^53"},
      {R"({"task": {"id": "a", "prompt": "x", "workspace": "here"}})", "absolute"},
      {R"({"task": {"id": "a", "prompt": "x", "workspace": "/not/there"}})", "/not/there"},
      {R"({"task": {"id": "a", "prompt": "x", "tools": ["fini"]}})", "fini"},
      {R"({"task": {"id": "a", "prompt": "x", "files": {"../a": ""}}})", "../a"},
      {R"({"prompt": )" + std::string(5'000, '[') + "}", "deep"}};
  for (const auto& [body, named] : cases) {
    const HttpAnswer& refused = call("POST", "/v1/runs", body);
    EXPECT_EQ(refused.status, 422) << body.substr(0, 80);
    EXPECT_EQ(refused.content_type, "application/problem+json");
    EXPECT_THAT(parse_json(refused.body)->at("detail").get<std::string>(), HasSubstr(named));
  }
  EXPECT_EQ(json("GET", "/v1/runs")["runs"].size(), 0U);
  EXPECT_EQ(status("POST", "/v1/runs", R"({"prompt": "x"})", {{"content-type", "text/plain"}}),
            415);
}

TEST_F(ApiTest, AnswersOnlyThoseWhoMeanThisMachine) {
  open();
  const auto with = [this](const char* name, const char* value) {
    return status("GET", "/v1/runs", "", {{name, value}});
  };
  for (const char* host : {"localhost", "localhost:1", "127.0.0.1", "127.8.9.1:80", "[::1]:8766"}) {
    EXPECT_EQ(with("host", host), 200) << host;
  }
  for (const char* host : {"", "evil.example", "127.0.0.1.evil.example", "127.evil.example:80",
                           "localhost.evil.example", "10.0.0.1", "[::2]", "[", "::1"}) {
    EXPECT_EQ(with("host", host), 403) << host;
  }
  EXPECT_EQ(with("origin", "http://localhost:3000"), 200);
  EXPECT_EQ(with("origin", "https://evil.example"), 403);
  EXPECT_EQ(with("origin", "null"), 403);
}

TEST_F(ApiTest, AsksForTheTokenEverywhereButWhereHealthIsShown) {
  open({.token = "secret", .loopback_only = false});
  for (const char* wrong : {"", "secret", "Bearer ", "Bearer secre", "Bearer secret2"}) {
    EXPECT_EQ(status("GET", "/v1/runs", "", {{"authorization", wrong}}), 401) << wrong;
    EXPECT_THAT(answer->headers, ElementsAre(Pair("WWW-Authenticate", "Bearer")));
  }
  EXPECT_EQ(status("GET", "/v1/runs", "", {{"authorization", "Bearer secret"}}), 200);
  EXPECT_EQ(status("GET", "/v1/runs", "",
                   {{"host", "machine.example"}, {"authorization", "Bearer secret"}}),
            200);
  EXPECT_EQ(status("GET", "/healthz"), 200);
  EXPECT_EQ(status("GET", "/readyz"), 200);
}

TEST_F(ApiTest, SaysWhatIsNotThereAndWhatIsNotOffered) {
  open();
  const std::string run = start(R"({"prompt": "Say hello."})");
  ended(run);
  const std::string none = "/v1/runs/01JD0000000000000000000000";
  for (const std::string& path :
       {std::string("/"), std::string("/v1"), std::string("/v1/runs/"), std::string("/v1/runs/x"),
        std::string("/healthz/"), none, none + "/events", "/v1/runs/" + run + "/",
        "/v1/runs/" + run + "/event", "/v1/runs/" + run + "/events/"}) {
    EXPECT_EQ(status("GET", path), 404) << path;
  }
  EXPECT_EQ(status("POST", none + "/cancel"), 404);
  const auto allowed = [this](const std::string& method, const std::string& path) {
    const HttpAnswer& refused = call(method, path);
    return refused.status == 405 ? refused.headers.at(0).second : "";
  };
  EXPECT_EQ(allowed("DELETE", "/v1/runs"), "GET, POST");
  EXPECT_EQ(allowed("DELETE", "/v1/runs/" + run), "GET");
  EXPECT_EQ(allowed("GET", "/v1/runs/" + run + "/cancel"), "POST");
  EXPECT_EQ(allowed("HEAD", "/healthz"), "GET");
}

TEST_F(ApiTest, ListsRunsNewestFirstInPages) {
  open();
  std::vector<std::string> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(start(R"({"prompt": "Say hello."})"));
  for (const std::string& run : runs) ended(run);
  const Json first = json("GET", "/v1/runs?limit=2");
  ASSERT_EQ(first["runs"].size(), 2U);
  const Json second = json("GET", "/v1/runs?cursor=" + first["next"].get<std::string>());
  std::vector<std::string> seen;
  for (const Json& page : {first, second}) {
    for (const Json& run : page["runs"]) seen.push_back(run["run"]);
  }
  std::ranges::sort(runs, std::greater());
  EXPECT_EQ(seen, runs);
  EXPECT_TRUE(second["next"].is_null());

  EXPECT_EQ(json("GET", "/v1/runs?status=success")["runs"].size(), 3U);
  EXPECT_EQ(json("GET", "/v1/runs?status=error")["runs"].size(), 0U);
  EXPECT_EQ(json("GET", "/v1/runs?model=costly")["runs"].size(), 0U);
  for (const char* wrong :
       {"limit=0", "limit=1001", "limit=1x", "status=good", "status=", "mode=auto", "cursor=1"}) {
    EXPECT_EQ(status("GET", std::string("/v1/runs?") + wrong), 400) << wrong;
  }
}

TEST_F(ApiTest, AFollowerGetsEveryEventOnceThenTheEnd) {
  open();
  const std::string run = start(R"({"prompt": "Say hello."})");
  const auto live = follow(run);
  ended(run);
  EXPECT_TRUE(live->finished);
  EXPECT_THAT(live->received, HasSubstr("event: delta\ndata: {\"kind\":\"text\",\"text\":\"Hello"));

  const auto last = system->journal().last_seq(RunId{run});
  std::vector<int> all(static_cast<std::size_t>(*last));
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(live->ids(), all);

  const auto late = follow(run);
  EXPECT_TRUE(late->finished);
  EXPECT_EQ(late->ids(), all);
  // Durable events only: what a late follower gets is the live stream without deltas.
  EXPECT_THAT(late->received, ::testing::Not(HasSubstr("event: delta")));

  const auto back = follow(run, "3");
  EXPECT_EQ(back->ids(), std::vector<int>(all.begin() + 3, all.end()));
}

TEST_F(ApiTest, AFollowerThatHasEverythingIsToldNotToComeBack) {
  open();
  const std::string run = start(R"({"prompt": "Say hello."})");
  ended(run);
  const auto last = std::to_string(*system->journal().last_seq(RunId{run}));
  EXPECT_EQ(status("GET", "/v1/runs/" + run + "/events", "", {{"last-event-id", last}}), 204);
  for (const char* wrong : {"x", "-1", "1x", "99999999999999999999"}) {
    EXPECT_EQ(status("GET", "/v1/runs/" + run + "/events", "", {{"last-event-id", wrong}}), 400);
  }
}

TEST_F(ApiTest, ALongPastIsSentAsFastAsItIsRead) {
  open();
  // Ten events of 100 kB each, as a run with large results has them.
  const RunId run = RunId::make(system->clock().now(), system->random());
  std::vector<Event> events;
  for (int i = 1; i <= 10; ++i) {
    events.push_back({i, system->clock().now(), Nudged{"test", std::string(100'000, 'x')}});
  }
  events.front().payload = Started{.run = run, .task = {.id = "a", .prompt = "a"}};
  bool stored = false;
  system->journal().append(run, events,
                           [&stored](Result<void> done) { stored = done.has_value(); });
  system->loop().run_until([&stored] { return stored; });

  const auto reader = std::make_shared<FakeStream>();
  reader->slow = true;
  RunHub hub(*system, 1);
  hub.follow(run, 0, reader);
  EXPECT_FALSE(reader->finished);
  for (int reads = 0; reads < 10 && !reader->finished; ++reads) reader->drain();
  EXPECT_TRUE(reader->finished);
  EXPECT_THAT(reader->ids(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_LT(reader->most_waiting, 512U * 1024);
}

TEST_F(ApiTest, ACancelledRunWrapsUp) {
  open();
  const std::string run = start(kEndless);
  until(run, [](const Json& shown) { return shown["receipt"]["turns"] == 1; });
  EXPECT_EQ(status("POST", "/v1/runs/" + run + "/cancel"), 202);
  const Json shown = ended(run);
  EXPECT_EQ(shown["status"], "cancelled");
  EXPECT_EQ(shown["outcome"]["answer"], "stopped");
  EXPECT_EQ(status("POST", "/v1/runs/" + run + "/cancel"), 409);
}

TEST_F(ApiTest, AnotherProcessMayAskARunToStop) {
  open();
  const std::string run = start(kEndless);
  std::optional<Result<void>> asked;
  system->leases().request_cancel(RunId{run}, [&asked](Result<void> done) { asked = done; });
  EXPECT_EQ(ended(run)["status"], "cancelled");
  EXPECT_TRUE(asked && asked->has_value());
}

constexpr const char* kAsking = R"({"task": {"id": "a", "prompt": "outside", "tools": ["outside",
    "finish"]}, "mode": "agentic", "limits": {"seconds": 60}})";

TEST_F(ApiTest, ARunThatAsksGoesOnOnceItIsAnswered) {
  open();
  const std::string run = start(kAsking);
  until(run, [](const Json& shown) { return shown["status"] == "waiting"; });
  EXPECT_EQ(status("POST", "/v1/runs/" + run + "/approve", R"({"approved": "yes"})"), 422);
  EXPECT_EQ(status("POST", "/v1/runs/" + run + "/approve", "{}"), 422);
  EXPECT_EQ(status("POST", "/v1/runs/" + run + "/approve", R"({"approved": true})"), 200);
  const Json shown = ended(run);
  EXPECT_EQ(shown["outcome"]["answer"], "asked");
  EXPECT_EQ(shown["status"], "success");
  EXPECT_THAT(follow(run)->received, HasSubstr("has been outside"));
  EXPECT_EQ(status("POST", "/v1/runs/" + run + "/approve", R"({"approved": true})"), 409);
}

TEST_F(ApiTest, ARunThatNobodyAnswersEndsWhenItsTimeIsUp) {
  open();
  std::string asking = kAsking;
  asking.replace(asking.find("60"), 2, "1");
  const std::string run = start(asking);
  const Json shown = ended(run);
  EXPECT_EQ(shown["status"], "limit");
  EXPECT_EQ(shown["reason"], "seconds");
  EXPECT_THAT(follow(run)->received, HasSubstr("nobody: the time of the run was up"));
  EXPECT_THAT(stream->received, ::testing::Not(HasSubstr("has been outside")));
}

TEST_F(ApiTest, TakesNoMoreRunsThanAllowedAtATime) {
  open({.most_runs = 1});
  const std::string run = start(kEndless);
  EXPECT_EQ(status("POST", "/v1/runs", R"({"prompt": "hello"})", {{"idempotency-key", "k"}}), 429);
  EXPECT_THAT(answer->headers, ElementsAre(Pair("Retry-After", "5")));
  call("POST", "/v1/runs/" + run + "/cancel");
  ended(run);
  // The key of a run that was refused is free again.
  EXPECT_EQ(status("POST", "/v1/runs", R"({"prompt": "hello"})", {{"idempotency-key", "k"}}), 201);
}

TEST_F(ApiTest, AServerThatGoesAwayLetsItsRunsWrapUpAndStartsNoMore) {
  open();
  const std::string run = start(kEndless);
  api->drain("the test");
  EXPECT_EQ(status("GET", "/readyz"), 503);
  EXPECT_EQ(status("GET", "/healthz"), 200);
  EXPECT_EQ(status("POST", "/v1/runs", R"({"prompt": "hello"})"), 503);
  EXPECT_EQ(ended(run)["status"], "cancelled");
  EXPECT_EQ(api->active(), 0U);
}

TEST_F(ApiTest, AServerThatEndsAtOnceStopsItsToolsAndLeavesItsRunsToBeResumed) {
  open();
  const std::string run = start(kEndless);
  until(run, [this, &run](const Json&) {
    const auto events = system->journal().load(RunId{run});
    return events && std::holds_alternative<StepBegun>(events->back().payload);
  });
  api.reset();
  system.reset();
  open();
  EXPECT_EQ(json("GET", "/v1/runs/" + run)["status"], "running");
  const auto holder = system->leases().holder(RunId{run});
  EXPECT_TRUE(holder && !*holder) << "somebody still works on the run";
}

TEST_F(ApiTest, EveryDescribedOperationExistsAndEveryOtherMethodIsRefused) {
  open();
  const std::string run = start(R"({"prompt": "Say hello."})");
  ended(run);
  const auto document = parse_json(openapi_document());
  ASSERT_TRUE(document);
  for (const auto& [path, operations] : document->at("paths").items()) {
    std::string at = path;
    if (const std::size_t id = at.find("{id}"); id != std::string::npos) at.replace(id, 4, run);
    for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) {
      std::string lower = method;
      std::ranges::transform(lower, lower.begin(), [](char c) { return std::tolower(c); });
      stream.reset();
      send(method, at, "{}");
      if (stream) continue;
      system->loop().run_until([this] { return answer.has_value(); });
      EXPECT_EQ(answer->status != 405, operations.contains(lower)) << method << " " << path;
      EXPECT_NE(answer->status, 404) << method << " " << path;
    }
  }
  EXPECT_EQ(json("GET", "/openapi.json"), *document);
}

TEST_F(ApiTest, ShowsToolsAndModels) {
  open();
  const Json tools = json("GET", "/v1/tools")["tools"];
  EXPECT_TRUE(std::ranges::any_of(tools, [](const Json& one) { return one["name"] == "outside"; }));
  const Json models = json("GET", "/v1/models")["models"];
  const auto model =
      std::ranges::find_if(models, [](const Json& one) { return one["name"] == "s"; });
  ASSERT_NE(model, models.end());
  EXPECT_EQ((*model)["engine"], "scripted");
  EXPECT_EQ((*model)["available"], true);
}

}  // namespace
}  // namespace pareto
