#include "agent/models/local/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/models/local/local_fixture.h"

namespace pareto {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Result<CommandOutput> shell(const std::string& script, Milliseconds limit = Milliseconds(10'000)) {
  return run_command({"sh", "-c", script}, Deadline::in(limit, wall_now()));
}

TEST(CommandTest, GivesStatusAndBothStreams) {
  const Result<CommandOutput> done = shell("echo one; echo two >&2; exit 3");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->status, 3);
  EXPECT_EQ(done->output, "one\ntwo\n");
}

TEST(CommandTest, ASignalIsAStatusAbove128) { EXPECT_EQ(shell("kill -9 $$")->status, 137); }

TEST(CommandTest, StdinIsEmpty) { EXPECT_EQ(shell("cat")->output, ""); }

TEST(CommandTest, KeepsTheEndOfALongOutput) {
  const Result<CommandOutput> done = shell("seq 1 100000");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output.size(), 64U * 1024);
  EXPECT_THAT(done->output, EndsWith("99999\n100000\n"));
}

TEST(CommandTest, TheWholeGroupEndsAtTheDeadline) {
  const testing::TemporaryFolder folder;
  const std::string file = folder.path() + "/pid";
  const Result<CommandOutput> done =
      shell("sleep 600 & echo $! > " + file + "; wait", Milliseconds(300));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::timeout);
  const int child = std::atoi(testing::read_all(file).c_str());
  ASSERT_GT(child, 1);
  EXPECT_TRUE(testing::eventually([&] { return !testing::alive(child); }));
}

TEST(CommandTest, AnUnknownProgramIsNotFound) {
  const Result<CommandOutput> done = run_command({"/nonexistent/program"}, Deadline::never());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::not_found);
  EXPECT_THAT(done.error().message, HasSubstr("/nonexistent/program"));
}

}  // namespace
}  // namespace pareto
