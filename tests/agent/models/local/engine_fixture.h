#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/models/local/engine.h"
#include "tests/agent/models/local/local_fixture.h"

namespace pareto::testing {

// Engines of fake_engine.py under a cache folder of the test's own.
class EngineTest : public ::testing::Test {
 protected:
  ~EngineTest() override {
    for (const EngineStatus& engine : Engine::running(folder_.path())) {
      ::kill(engine.supervisor_pid, SIGTERM);
      EXPECT_TRUE(eventually([&] { return !alive(engine.supervisor_pid) && !alive(engine.pid); }));
    }
  }

  EngineOptions options() const {
    return {folder_.path(), "", {PARETO_ENGINE_HELPER, "engine-supervisor"}};
  }

  static EngineCommand command() {
    return {EngineCommand::Kind::custom,
            {"python3", PARETO_TEST_FOLDER "/fake_engine.py", "{weights}", "{port}", "{context}",
             "{slots}", "{threads}"}};
  }

  EngineSpec spec(const std::string& behaviour = "ready") const {
    return {folder_.write(behaviour.substr(0, behaviour.find(' ')) + ".gguf", behaviour), 1024, 1,
            1, 0};
  }

  Result<EngineLease> acquire(const EngineSpec& wanted, int seconds = 60) const {
    return Engine::acquire(options(), command(), wanted,
                           Deadline::in(std::chrono::seconds(seconds), wall_now()));
  }

  TemporaryFolder folder_;
};

}  // namespace pareto::testing
