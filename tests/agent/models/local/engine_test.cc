#include "agent/models/local/engine.h"

#include <curl/curl.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "agent/models/local/engine_place.h"
#include "tests/agent/models/local/engine_fixture.h"

namespace pareto {
namespace {

using testing::alive;
using testing::EngineTest;
using testing::eventually;
using ::testing::HasSubstr;

std::size_t append(char* data, std::size_t, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(data, count);
  return count;
}

std::string get(const std::string& url) {
  std::string text;
  CURL* handle = curl_easy_init();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &append);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &text);
  curl_easy_perform(handle);
  curl_easy_cleanup(handle);
  return text;
}

TEST_F(EngineTest, StartsAnEngineWithTheContextOfAllSlotsTogether) {
  EngineSpec wanted = spec();
  wanted.slots = 3;
  const Result<EngineLease> lease = acquire(wanted);
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_EQ(get(lease->base_url() + "/health"), R"({"context": 3072, "slots": 3, "threads": 1})");
}

TEST_F(EngineTest, WaitsUntilTheWeightsAreLoaded) {
  const Result<EngineLease> lease = acquire(spec("loading 0.4"));
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_THAT(get(lease->base_url() + "/health"), HasSubstr("context"));
}

TEST_F(EngineTest, AnEngineThatLoadsTooLongIsATimeout) {
  const Result<EngineLease> lease = acquire(spec("loading 60"), 1);
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, ErrorCode::timeout);
}

TEST_F(EngineTest, AnEngineThatEndsAtOnceShowsTheEndOfItsLog) {
  const Result<EngineLease> lease = acquire(spec("broken"));
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, ErrorCode::unavailable);
  EXPECT_THAT(lease.error().message, HasSubstr("the weights are broken"));
}

TEST_F(EngineTest, ASecondOwnerSharesARunningEngineThatIsLargeEnough) {
  EngineSpec large = spec();
  large.slots = 2;
  const Result<EngineLease> first = acquire(large);
  const Result<EngineLease> second = acquire(spec());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->status().pid, second->status().pid);
  EXPECT_EQ(Engine::running(folder_.path()).size(), 1U);
}

TEST_F(EngineTest, AnOwnerThatNeedsMoreGetsAnEngineOfItsOwn) {
  const Result<EngineLease> first = acquire(spec());
  EngineSpec large = spec();
  large.context = 4096;
  const Result<EngineLease> second = acquire(large);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->status().pid, second->status().pid);
  EXPECT_EQ(Engine::running(folder_.path()).size(), 2U);
}

TEST_F(EngineTest, WithoutKeepAliveTheEngineEndsWithItsLastOwner) {
  EngineStatus engine;
  {
    const Result<EngineLease> first = acquire(spec());
    ASSERT_TRUE(first) << first.error().message;
    engine = first->status();
    {
      const Result<EngineLease> second = acquire(spec());
    }
    EXPECT_TRUE(alive(engine.pid));
  }
  EXPECT_TRUE(eventually([&] { return !alive(engine.pid) && !alive(engine.supervisor_pid); }));
  EXPECT_TRUE(Engine::running(folder_.path()).empty());
}

TEST_F(EngineTest, WithKeepAliveTheNextOwnerFindsTheSameEngine) {
  EngineSpec wanted = spec();
  wanted.keep_alive = 60;
  int pid = 0;
  {
    const Result<EngineLease> lease = acquire(wanted);
    ASSERT_TRUE(lease) << lease.error().message;
    pid = lease->status().pid;
  }
  const Result<EngineLease> again = acquire(wanted);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->status().pid, pid);
}

TEST_F(EngineTest, StopIdleEndsEnginesWithoutAnOwnerOnly) {
  EngineSpec wanted = spec();
  wanted.keep_alive = 60;
  {
    const Result<EngineLease> lease = acquire(wanted);
    ASSERT_TRUE(lease) << lease.error().message;
    EXPECT_EQ(Engine::stop_idle(folder_.path()), 0);
  }
  EXPECT_EQ(Engine::stop_idle(folder_.path()), 1);
  EXPECT_TRUE(Engine::running(folder_.path()).empty());
}

TEST_F(EngineTest, ManyOwnersAtOnceStartOneEngine) {
  std::vector<std::optional<EngineLease>> leases(8);
  const EngineSpec wanted = spec();
  {
    std::vector<std::jthread> threads;
    for (auto& lease : leases) {
      threads.emplace_back([&] {
        if (auto got = acquire(wanted)) lease.emplace(*std::move(got));
      });
    }
  }
  for (const auto& lease : leases) {
    ASSERT_TRUE(lease);
    EXPECT_EQ(lease->status().pid, leases[0]->status().pid);
  }
}

TEST_F(EngineTest, AStaleRecordIsNotBelieved) {
  const EngineSpec wanted = spec();
  const EnginePlace place = place_of(folder_.path(), wanted);
  std::filesystem::create_directories(place.folder);
  ASSERT_TRUE(write_record(place, {1, ::getpid(), ::getpid(), wanted, "gone"}));
  EXPECT_TRUE(Engine::running(folder_.path()).empty());
  const Result<EngineLease> lease = acquire(wanted);
  ASSERT_TRUE(lease) << lease.error().message;
  EXPECT_NE(lease->status().pid, ::getpid());
}

TEST_F(EngineTest, MissingWeightsAreNamed) {
  EngineSpec wanted = spec();
  wanted.weights += ".missing";
  const Result<EngineLease> lease = acquire(wanted);
  ASSERT_FALSE(lease);
  EXPECT_EQ(lease.error().code, ErrorCode::not_found);
  EXPECT_THAT(lease.error().message, HasSubstr(wanted.weights));
}

TEST(EngineRecordTest, ComesBackAsItWasWritten) {
  const testing::TemporaryFolder folder;
  const EnginePlace place{folder.path()};
  const EngineStatus status{8080, 12, 13, {"/w/x.gguf", 1, 2, 3, 4}, "llama-server"};
  ASSERT_TRUE(write_record(place, status));
  const std::optional<EngineStatus> read = read_record(place);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->port, status.port);
  EXPECT_EQ(read->pid, status.pid);
  EXPECT_EQ(read->supervisor_pid, status.supervisor_pid);
  EXPECT_EQ(read->spec, status.spec);
  for (const char* text : {"", "[]", "{}", R"({"port": 70000, "pid": 2, "supervisor": 3})"}) {
    folder.write("engine.json", text);
    EXPECT_FALSE(read_record(place)) << text;
  }
}

class LocateTest : public ::testing::Test {
 protected:
  LocateTest() : path_(std::getenv("PATH")) { ::setenv("PATH", folder_.path().c_str(), 1); }
  ~LocateTest() override { ::setenv("PATH", path_.c_str(), 1); }

  std::string program(const std::string& name) const {
    const std::string path = folder_.write(name, "#!/bin/sh\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }

  testing::TemporaryFolder folder_;
  std::string path_;
};

TEST_F(LocateTest, PrefersTheConfiguredProgramThenPathThenTheWheel) {
  const EngineOptions options{folder_.path(), "", {}};
  const Result<EngineCommand> none = Engine::locate(options);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("pareto models engine install"));

  const std::string python = program("engine/venv/bin/python3");
  EXPECT_EQ(Engine::locate(options)->kind, EngineCommand::Kind::wheel);
  EXPECT_EQ(Engine::locate(options)->argv[0], python);

  const std::string on_path = program("llama-server");
  EXPECT_EQ(Engine::locate(options)->kind, EngineCommand::Kind::llama_server);
  EXPECT_EQ(Engine::locate(options)->argv[0], on_path);

  const std::string configured = program("own/server");
  EXPECT_EQ(Engine::locate({folder_.path(), configured, {}})->argv[0], configured);
  EXPECT_EQ(Engine::locate({folder_.path(), "/nonexistent/server", {}}).error().code,
            ErrorCode::not_found);
}

}  // namespace
}  // namespace pareto
