#include "tools/sandbox/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/sandbox/folder.h"

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;

TEST(FindProgramTest, TakesTheFirstThatCanBeRun) {
  const Folder first;
  const Folder second;
  first.write("tool", "not executable");
  const fs::path tool = second.write("tool", "#!/bin/sh\n");
  fs::permissions(tool, fs::perms(0755));
  const std::string path = "relative::" + first.path().string() + ":" + second.path().string();
  EXPECT_EQ(find_program("tool", path), tool);
  EXPECT_EQ(find_program("absent", path), "");
  EXPECT_EQ(find_program(tool, ""), tool);
  EXPECT_EQ(find_program(first.path() / "tool", path), "");
}

TEST(FindMachineTest, LeavesBubblewrapEmptyWhereThereIsNone) {
  const auto machine = find_machine({.bwrap = "no-such-bwrap"});
  ASSERT_TRUE(machine) << machine.error().message;
  EXPECT_EQ(machine->bwrap, "");
  EXPECT_EQ(fs::path(machine->helper).filename(), "pareto-sandbox");
}

TEST(AdviceTest, FitsTheComplaint) {
  EXPECT_THAT(advice_for("bwrap: setting up uid map: Permission denied"),
              testing::HasSubstr("apparmor_restrict_unprivileged_userns"));
  EXPECT_THAT(advice_for("bwrap: Can't mount proc on /newroot/proc: Operation not permitted"),
              testing::HasSubstr("systempaths"));
}

}  // namespace
}  // namespace pareto::sandbox
