#include "agent/models/local/engine_install.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/models/local/local_fixture.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class EngineInstallTest : public ::testing::Test {
 protected:
  EngineInstallTest() {
    std::string script = testing::read_all(PARETO_TEST_FOLDER "/fake_python.sh");
    script.replace(script.find("@folder@"), 8, folder_.path());
    options_.python = folder_.write("python3", script);
    fs::permissions(options_.python, fs::perms::owner_all);
  }

  Result<void> install() {
    return install_engine(cache_, package_, options_, [](const std::string&) {});
  }

  std::string calls() const { return testing::read_all(folder_.path() + "/calls"); }

  testing::TemporaryFolder folder_;
  std::string cache_ = folder_.path() + "/cache";
  EnginePackage package_{"some_engine", "1.2", "MIT", 5};
  EngineInstallOptions options_;
};

TEST_F(EngineInstallTest, InstallsThePinnedVersionOnce) {
  EXPECT_FALSE(engine_installed(cache_, package_));
  const Result<void> done = install();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(engine_installed(cache_, package_));
  EXPECT_THAT(calls(), HasSubstr("some_engine==1.2"));
  const std::string before = calls();
  EXPECT_TRUE(install());
  EXPECT_EQ(calls(), before);
}

TEST_F(EngineInstallTest, AnotherPinnedVersionReplacesTheInstalledOne) {
  ASSERT_TRUE(install());
  package_.version = "1.3";
  EXPECT_FALSE(engine_installed(cache_, package_));
  ASSERT_TRUE(install());
  EXPECT_TRUE(engine_installed(cache_, package_));
}

TEST_F(EngineInstallTest, AFailureLeavesTheEarlierInstallationUntouched) {
  ASSERT_TRUE(install());
  const EnginePackage earlier = package_;
  package_.version = "1.3";
  for (const char* step : {"venv", "pip", "import"}) {
    folder_.write("fail", step);
    const Result<void> done = install();
    ASSERT_FALSE(done) << step;
    EXPECT_EQ(done.error().code, ErrorCode::unavailable);
    EXPECT_THAT(done.error().message, HasSubstr("it went wrong"));
    EXPECT_TRUE(engine_installed(cache_, earlier));
  }
}

TEST_F(EngineInstallTest, AMissingPythonIsNamed) {
  options_.python = "/nonexistent/python3";
  EXPECT_EQ(install().error().code, ErrorCode::not_found);
}

TEST_F(EngineInstallTest, RemoveTakesItAway) {
  ASSERT_TRUE(install());
  EXPECT_EQ(remove_engine(cache_), true);
  EXPECT_FALSE(engine_installed(cache_, package_));
  EXPECT_EQ(remove_engine(cache_), false);
}

}  // namespace
}  // namespace pareto
