#include "apps/bench/foreign_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "apps/bench/bench.h"
#include "apps/bench/foreign_run.h"
#include "tests/support/http_fake.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using fakes::HttpFake;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* kKey = "sk-secret-4711";
constexpr const char* kCompletion =
    R"({"choices":[{"message":{"role":"assistant","content":"4"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":20,"completion_tokens":5}})";
// An agent that prints what the model says to its prompt.
constexpr const char* kAgent = R"(
import json, os, sys, urllib.request
def ask(text):
    body = json.dumps({"model": "gpt-9", "messages": [{"role": "user", "content": text}]}).encode()
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body,
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]
)";

// Whether a process of this machine has the text in its command line.
bool is_running(const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.contains(text)) return true;
  }
  return false;
}

class ForeignAgentTest : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
    setenv("PARETO_TEST_AGENT_KEY", kKey, 1);
    provider.emplace([this](const HttpFake::Request&) { return HttpFake::text(completion); });
    base_url = provider->url("/v1");
    task = {{"id", "t"},
            {"prompt", "What is 2 + 2?"},
            {"files", {{"agent.py", kAgent}}},
            {"score", {{"type", "number"}, {"answer", 4}}}};
    plan.models = {"m"};
  }

  Config config() const {
    const auto set = [](const char* path, Json value) {
      return Setting{path, std::move(value), "test"};
    };
    auto made = make_config(
        {{{set("models.m.engine", "openai"), set("models.m.base_url", base_url),
           set("models.m.model", "real-1"), set("models.m.api_key_env", "PARETO_TEST_AGENT_KEY"),
           set("models.m.price.input", "1"), set("models.m.price.output", "2"),
           set("models.m.max_output_tokens", 256), set("policy.default_model", "m"),
           set("limits.usd", "0.05"), set("limits.turns", 10), set("limits.seconds", 60),
           set("state", folder / "state")}}});
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }

  // The row of the task when `command` works on it.
  Json run(const std::string& command, const std::vector<std::string>& paths = {}) {
    folder.write("tasks.jsonl", task.dump() + "\n");
    auto suite = read_suite(folder / "tasks.jsonl").value();
    std::filesystem::create_directories(folder / "state");
    auto rows = ResultRows::open(folder / "state/results.jsonl", suite.hash);
    EXPECT_TRUE(rows) << rows.error().message;
    auto system = System::open(config(), {.models = {"m"}, .memory = false});
    EXPECT_TRUE(system) << system.error().message;
    auto agent = make_agent_plan(command, "tester", paths);
    EXPECT_TRUE(agent) << agent.error().message;
    plan.agent = *agent;
    plan.modes = {agent_mode(*agent)};
    Bench bench(**system, suite, plan, *rows);
    stop = [&] {
      (*system)->loop().post([&] {
        bench.stop();
        bench.stop();
      });
    };
    auto done = bench.run([](const BenchProgress&) {});
    EXPECT_TRUE(done) << done.error().message;
    spent = bench.spent();
    const auto row = rows->rows().find({"t", "agent:tester", "m", 0});
    return row == rows->rows().end() ? Json() : row->second;
  }
  // A python program after `kAgent`.
  Json python(const std::string& text) {
    return run("python3 - <<'END'\n" + std::string(kAgent) + text + "\nEND");
  }

  TempFolder folder;
  std::optional<HttpFake> provider;
  std::string completion = kCompletion;
  std::string base_url;
  Json task;
  BenchPlan plan;
  std::function<void()> stop;  // at once; from any thread
  Money spent;                 // by all benches
};

TEST_F(ForeignAgentTest, GivesARowAsOurOwnRunsDo) {
  Json row = python("print('thinking'); print(ask(os.environ['PARETO_PROMPT']))");
  for (const char* key : {"run", "seconds", "model_seconds", "seed", "suite_hash"}) row.erase(key);
  const Json expected = {{"schema", 1},
                         {"suite", "tasks"},
                         {"task", "t"},
                         {"class", nullptr},
                         {"repeat", 0},
                         {"mode", "agent:tester"},
                         {"model", "m"},
                         {"mode_used", nullptr},
                         {"model_used", nullptr},
                         {"effort_used", nullptr},
                         {"status", "success"},
                         {"reason", "unverified"},
                         {"score", 1.0},
                         {"answer", "thinking\n4"},
                         {"turns", 1},
                         {"tool_calls", 0},
                         {"model_calls", 1},
                         {"prompt_tokens", 20},
                         {"cached_prompt_tokens", 0},
                         {"completion_tokens", 5},
                         {"reasoning_tokens", 0},
                         {"cost_usd", "0.000030000"},
                         {"cost_known", true},
                         {"cost_estimated", false},
                         {"overhead_cost_usd", "0.000000000"},
                         {"cost_without_cache_usd", "0.000030000"},
                         {"propensity", nullptr},
                         {"recalled", 0},
                         {"error", nullptr}};
  EXPECT_EQ(row, expected);
  const auto requests = provider->requests();
  ASSERT_THAT(requests, SizeIs(1));
  EXPECT_EQ(requests[0].headers.at("authorization"), std::string("Bearer ") + kKey);
  EXPECT_EQ(Json::parse(requests[0].body)["model"], "real-1");
}

TEST_F(ForeignAgentTest, GetsItsTaskInEveryWayThatIsDocumented) {
  task["class"] = "label";
  task["metadata"] = {{"gold", "4"}};
  task["verify"] = {{"command", "test -e done"}, {"seconds", 5}};
  const Json row = run(R"sh(
    [ "$PARETO_PROMPT" = "What is 2 + 2?" ] && [ "$(cat)" = "$PARETO_PROMPT" ] &&
    [ "$(cat $PARETO_PROMPT_FILE)" = "$PARETO_PROMPT" ] && touch done $HOME/scratch &&
    [ "$PWD" = /workspace ] && cat $PARETO_TASK > $PARETO_ANSWER)sh");
  EXPECT_EQ(row["status"], "success");
  EXPECT_EQ(row["reason"], "verified");
  Json seen = Json::parse(row["answer"].get<std::string>());
  EXPECT_EQ(seen["limits"]["turns"], 10);
  seen.erase("limits");
  EXPECT_EQ(seen, Json::parse(R"({"id": "t", "prompt": "What is 2 + 2?",
                                  "verify": {"command": "test -e done", "seconds": 5.0}})"));
}

TEST_F(ForeignAgentTest, NeverSeesTheKeyNorAnotherNetwork) {
  const std::string direct = "127.0.0.1/" + std::to_string(provider->port());
  const Json row =
      run("(env; cat /proc/1/environ /proc/self/environ) > $PARETO_ANSWER 2>&1; "
          "(: < /dev/tcp/" +
          direct +
          ") 2> /dev/null && echo reached >> $PARETO_ANSWER; "
          "(: < /dev/tcp/192.0.2.1/80) 2> /dev/null && echo reached >> $PARETO_ANSWER; "
          "(: < /dev/tcp/127.0.0.1/18766) && echo proxied >> $PARETO_ANSWER");
  const std::string seen = row["answer"].get<std::string>();
  EXPECT_THAT(seen, HasSubstr("OPENAI_BASE_URL=http://127.0.0.1:18766/v1\n"));
  EXPECT_THAT(seen, HasSubstr("OPENAI_API_KEY=pareto\n"));
  EXPECT_THAT(seen, Not(HasSubstr(kKey)));
  EXPECT_THAT(seen, Not(HasSubstr("reached")));
  EXPECT_THAT(seen, testing::EndsWith("proxied\n"));
  EXPECT_EQ(provider->connections(), 0);
}

TEST_F(ForeignAgentTest, IsKilledWithItsTreeAtItsLimitAndScoredAllTheSame) {
  task["limits"] = {{"seconds", 1}};
  const std::string marker = "86400.4711" + std::to_string(getpid());
  const Json row = run("echo 4 > $PARETO_ANSWER; setsid sleep " + marker + " & (sleep " + marker +
                       " &); trap '' TERM; sleep " + marker);
  EXPECT_EQ(row["status"], "limit");
  EXPECT_EQ(row["reason"], "seconds");
  EXPECT_EQ(row["score"], 1.0);
  EXPECT_FALSE(is_running(marker));
}

TEST_F(ForeignAgentTest, ACrashIsAFailureThatIsScored) {
  const Json row = run("echo 4; echo boom >&2; exit 3");
  EXPECT_EQ(row["status"], "failure");
  EXPECT_EQ(row["reason"], "unverified");
  EXPECT_EQ(row["score"], 1.0);
  EXPECT_THAT(row["error"].get<std::string>(), HasSubstr("exit code 3"));
}

TEST_F(ForeignAgentTest, ACommandThatIsNotThereIsNoFailureOfAnAgent) {
  const Json row = run("no-such-agent --now");
  EXPECT_EQ(row["status"], "error");
  EXPECT_THAT(row["error"].get<std::string>(), HasSubstr("no-such-agent"));
}

TEST_F(ForeignAgentTest, AModelThatIsGoneIsNoFailureOfAnAgent) {
  base_url = "http://127.0.0.1:" + std::to_string(fakes::unused_port()) + "/v1";
  const Json row = python("print(ask('hi'))");
  EXPECT_EQ(row["status"], "error");
  EXPECT_EQ(row["reason"], "model");
  EXPECT_EQ(row["cost_usd"], "0.000000000");
}

TEST_F(ForeignAgentTest, TheBudgetHoldsWhateverTheAgentAsks) {
  // A call may cost some 600 millionths; two are borne before the third could pass the budget.
  task["limits"] = {{"usd", "0.0013"}};
  completion = R"({"choices":[{"message":{"content":"4"},"finish_reason":"length"}],)"
               R"("usage":{"prompt_tokens":20,"completion_tokens":250}})";
  const Json row = python(
      "for i in range(5):\n"
      "  try: ask('hi')\n"
      "  except urllib.error.HTTPError as e: print(e.code)");
  EXPECT_EQ(row["status"], "limit");
  EXPECT_EQ(row["reason"], "usd");
  EXPECT_EQ(row["answer"], "402\n402\n402");
  EXPECT_EQ(row["cost_usd"], "0.001040000");
  EXPECT_THAT(provider->requests(), SizeIs(2));
}

TEST_F(ForeignAgentTest, ASensitiveTaskStaysOnThisMachine) {
  task["sensitive"] = true;
  const Json row = python("print(ask('hi'))");
  EXPECT_EQ(row["status"], "error");
  EXPECT_THAT(row["error"].get<std::string>(), HasSubstr("sensitive"));
  EXPECT_THAT(provider->requests(), SizeIs(0));
}

TEST_F(ForeignAgentTest, ReadsTheFoldersThatItIsGiven) {
  const TempFolder tools;
  tools.write("bin/my-agent", "#!/bin/sh\ncat $(dirname $0)/../answer\n");
  tools.write("answer", "4\n");
  namespace fs = std::filesystem;
  fs::permissions(tools / "", fs::perms(0755));
  fs::permissions(tools / "bin/my-agent", fs::perms(0755));
  const Json row = run("my-agent; touch " + (tools / "new"), {tools / ""});
  EXPECT_EQ(row["score"], 1.0);
  EXPECT_FALSE(fs::exists(tools / "new"));
}

TEST_F(ForeignAgentTest, ARunThatIsLeftStartsAnewAndWhatItSpentCounts) {
  // Its call is under way when the bench is stopped.
  provider.emplace([this](const HttpFake::Request&) {
    stop();
    HttpFake::Reply reply = HttpFake::text(kCompletion);
    reply.ending = HttpFake::Ending::hang;
    reply.framing = HttpFake::Framing::chunked;
    return reply;
  });
  base_url = provider->url("/v1");
  EXPECT_EQ(python("print(ask('hi'))"), Json()) << "no row";
  provider.emplace([](const HttpFake::Request&) { return HttpFake::text(kCompletion); });
  base_url = provider->url("/v1");
  const Json row = python("print(ask('hi'))");
  EXPECT_EQ(row["status"], "success");
  EXPECT_EQ(row["cost_usd"], "0.000030000");
  // 94 tokens in, 256 out: its reservation.
  EXPECT_EQ(spent, Money::parse("0.000636").value());
}

TEST_F(ForeignAgentTest, WhatALostRunSpentCounts) {
  const std::string lost = folder / "run";
  std::filesystem::create_directories(lost + "/agent");
  std::ofstream(lost + "/" + kAgentCalls)
      << R"({"event":"begun","call":"a","reserved_usd":"0.25"})" << "\n";
  EXPECT_EQ(spent_by_agent(lost), Money::parse("0.25").value());
  EXPECT_EQ(spent_by_agent(folder / "absent"), Money());
}

TEST(AgentPlanTest, IsNamedAfterItsProgram) {
  EXPECT_EQ(make_agent_plan("/opt/x/bin/mini --yolo", "", {}),
            (ForeignAgentPlan{.name = "mini", .command = "/opt/x/bin/mini --yolo"}));
  EXPECT_EQ(agent_mode(*make_agent_plan("mini", "swe", {})), "agent:swe");
  EXPECT_TRUE(is_agent_mode("agent:swe"));
  EXPECT_FALSE(is_agent_mode("agentic"));
}

TEST(AgentPlanTest, RefusesWhatCantBeMeant) {
  for (const char* command : {"", "  ", "\"quoted program\""}) {
    EXPECT_FALSE(make_agent_plan(command, "", {})) << command;
  }
  EXPECT_FALSE(make_agent_plan("mini", "a b", {}));
  const auto absent = make_agent_plan("mini", "", {"/absent"});
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message, HasSubstr("/absent"));
}

}  // namespace
}  // namespace pareto
