#include "apps/bench/agent_ending.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pareto {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

Outcome of(Status status, Reason reason, std::string error = "") {
  return {.status = status, .reason = reason, .error = std::move(error)};
}

AgentEnding ending(SandboxExit exit, int calls = 1) {
  return {.exit = std::move(exit), .model_calls = calls};
}

TEST(JudgeTest, AnAgentThatEndsWellHasSucceededUnlessItsWorkFails) {
  const Outcome good = judge(ending({}));
  EXPECT_EQ(good, of(Status::success, Reason::unverified));
  EXPECT_EQ(judge(good, {.passed = true}), of(Status::success, Reason::verified));
  EXPECT_EQ(judge(good, {.passed = false}), of(Status::failure, Reason::verify_failed));
  EXPECT_EQ(judge(good, {.error = "no sandbox"}), of(Status::error, Reason::sandbox, "no sandbox"));
}

TEST(JudgeTest, ACrashIsAFailureAndSaysHow) {
  const Outcome crash = judge(ending({.exit_code = 3, .output = "Traceback\nboom\n"}));
  EXPECT_EQ(crash, of(Status::failure, Reason::unverified,
                      "the agent ended with exit code 3: Traceback\nboom"));
  EXPECT_EQ(judge(crash, {.passed = true}).status, Status::success);
  EXPECT_EQ(
      judge(ending({.exit_code = 137, .limit = SandboxLimit::memory})),
      of(Status::failure, Reason::unverified, "the agent was killed: it used too much (memory)"));
}

TEST(JudgeTest, ACommandThatIsNotThereWasNeverTried) {
  const SandboxExit missing{.exit_code = 127, .output = "mini: command not found\n"};
  EXPECT_EQ(judge(ending(missing, 0)).status, Status::error);
  EXPECT_THAT(judge(ending(missing, 0)).error, HasSubstr("mini: command not found"));
  EXPECT_EQ(judge(ending(missing, 1)).status, Status::failure) << "it had worked before";
}

TEST(JudgeTest, ALimitIsALimitHoweverTheAgentTookIt) {
  const Outcome late =
      judge(ending({.exit_code = 137, .timed_out = true, .limit = SandboxLimit::wall}));
  EXPECT_EQ(late, of(Status::limit, Reason::seconds));
  EXPECT_EQ(judge(late, {.passed = true}), of(Status::success, Reason::seconds));
  EXPECT_EQ(judge(late, {.passed = false}), of(Status::limit, Reason::seconds));

  AgentEnding poor = ending({.exit_code = 1});
  poor.refusal = Refusal{Reason::usd, "no money"};
  EXPECT_EQ(judge(poor), of(Status::limit, Reason::usd, "no money"));
  poor.model_calls = 0;
  EXPECT_EQ(judge(poor), of(Status::limit, Reason::refused_budget, "no money"));
  poor.refusal->reason = Reason::turns;
  EXPECT_EQ(judge(poor), of(Status::limit, Reason::turns, "no money"));
  poor.exit = fail(ErrorCode::cancelled, "stopped");
  EXPECT_EQ(judge(poor), of(Status::limit, Reason::turns, "no money"));
}

TEST(JudgeTest, WhatIsNoFaultOfTheAgentsIsAnError) {
  AgentEnding broken{.exit = fail(ErrorCode::unavailable, "no bwrap")};
  EXPECT_EQ(judge(broken), of(Status::error, Reason::sandbox, "no bwrap"));
  AgentEnding alone = ending({.exit_code = 1});
  alone.trouble = Error{ErrorCode::unavailable, "no engine"};
  EXPECT_EQ(judge(alone), of(Status::error, Reason::model, "no engine"));
}

TEST(LastLinesTest, AreTheEndOfWhatWasPrinted) {
  EXPECT_EQ(last_lines(""), "");
  EXPECT_EQ(last_lines(" \n\n"), "");
  EXPECT_EQ(last_lines("thinking\n\x1b[1m42\x1b[0m\n\n"), "thinking\n42");
  std::string many;
  for (int i = 0; i < 100; ++i) many += std::to_string(i) + "\n";
  const std::string end = last_lines(many);
  EXPECT_EQ(std::ranges::count(end, '\n'), 39);
  EXPECT_THAT(end, testing::StartsWith("60\n"));
  EXPECT_THAT(end, EndsWith("\n99"));
  EXPECT_EQ(last_lines("before\n" + std::string(5'000, 'x')), std::string(4'096, 'x'));
  EXPECT_EQ(last_lines(std::string(4'000, 'y') + "\n" + std::string(4'000, 'x')),
            std::string(4'000, 'x'));
}

}  // namespace
}  // namespace pareto
