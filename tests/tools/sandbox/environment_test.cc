#include "tools/sandbox/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace pareto::sandbox {
namespace {

const Environment kFixed = {
    {"PATH", "/bin"}, {"HOME", "/tmp"},  {"LANG", "C.UTF-8"},
    {"TERM", "dumb"}, {"PAGER", "cat"},  {"GIT_PAGER", "cat"},
    {"CI", "1"},      {"NO_COLOR", "1"}, {"PYTHONDONTWRITEBYTECODE", "1"},
};

TEST(EnvironmentTest, HoldsNothingOfThisProcess) {
  setenv("PARETO_TEST_SECRET", "secret", 1);
  setenv("LD_PRELOAD_TEST", "x", 1);
  EXPECT_EQ(make_environment("/bin", {}), kFixed);
}

TEST(EnvironmentTest, AddsAndOverrides) {
  Environment expected = kFixed;
  expected[1].second = "/workspace";
  expected.emplace_back("X_1", "two words");
  EXPECT_EQ(make_environment("/bin", {{"HOME", "/workspace"}, {"X_1", "1"}, {"X_1", "two words"}}),
            expected);
}

TEST(EnvironmentTest, RefusesWhatIsNoName) {
  for (const char* name : {"", "1A", "A=B", "A B", "A-B", "Ä"}) {
    const auto result = make_environment("/bin", {{name, "x"}});
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code, ErrorCode::invalid);
  }
  EXPECT_FALSE(make_environment("/bin", {{"A", std::string("a\0b", 3)}}));
  EXPECT_FALSE(make_environment("/bin", {{std::string("A\0", 2), "a"}}));
}

}  // namespace
}  // namespace pareto::sandbox
