#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "agent/core/random.h"
#include "memory/index_file.h"
#include "memory/vector_index.h"
#include "tests/memory/memory_fixture.h"

namespace pareto {
namespace {

std::vector<IndexedVector> rows_of(int count) {
  std::vector<IndexedVector> rows;
  for (int i = 1; i <= count; ++i) rows.push_back({i, embed("task " + std::to_string(i))});
  return rows;
}

// A process that stores the index of these rows over and over, until it is killed.
pid_t start_writer(const std::string& path, const std::vector<IndexedVector>& rows) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto index = VectorIndex::build(rows);
    for (;;) {
      const Result<void> saved = (*index)->save(path);
      if (!saved && saved.error().code != ErrorCode::unavailable) ::_exit(1);
    }
  }
  return child;
}

void kill_writer(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself";
}

TEST(IndexCrashTest, AKilledWriterLeavesAWholeIndexOrNone) {
  const TemporaryFolder folder;
  const std::string path = folder.file("vectors.hnsw");
  const std::vector<IndexedVector> rows = rows_of(30);
  const auto index = VectorIndex::build(rows);
  SeededRandom random(1);
  int left_behind = 0;
  for (int i = 0; i < 60; ++i) {
    const pid_t writer = start_writer(path, rows);
    ::usleep(static_cast<useconds_t>(random.next() % 20'000));
    kill_writer(writer);
    if (std::filesystem::exists(path + ".tmp")) ++left_behind;
    if (std::filesystem::exists(path)) {
      const auto loaded = VectorIndex::load(path, stamp_of(rows));
      ASSERT_TRUE(loaded) << loaded.error().message;
    }
    // The dead writer's lock and leftovers are in nobody's way.
    const Result<void> saved = (*index)->save(path);
    ASSERT_TRUE(saved) << saved.error().message;
    ASSERT_FALSE(std::filesystem::exists(path + ".tmp"));
  }
  EXPECT_GT(left_behind, 0) << "no writer was hit while it wrote";
}

TEST(IndexCrashTest, AReaderBesideTwoWritersAlwaysSeesAWholeIndex) {
  const TemporaryFolder folder;
  const std::string path = folder.file("vectors.hnsw");
  const std::array<std::vector<IndexedVector>, 2> rows = {rows_of(20), rows_of(40)};
  ASSERT_TRUE(VectorIndex::build(rows[0]).value()->save(path));
  const pid_t first = start_writer(path, rows[0]);
  const pid_t second = start_writer(path, rows[1]);
  std::array<int, 2> seen{};
  // On a busy machine one writer may wait long for its first turn.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (int i = 0; i < 300 || seen[0] == 0 || seen[1] == 0; ++i) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << seen[0] << " and " << seen[1] << " seen";
    const auto file = read_index_file(path);
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(file->stamp == stamp_of(rows[0]) || file->stamp == stamp_of(rows[1]));
    ++seen[file->stamp == stamp_of(rows[0]) ? 0 : 1];
  }
  kill_writer(first);
  kill_writer(second);
}

}  // namespace
}  // namespace pareto
