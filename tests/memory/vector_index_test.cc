#include "memory/vector_index.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <set>

#include "agent/core/random.h"
#include "memory/index_file.h"
#include "tests/memory/memory_fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

Embedding random_vector(Random& random) {
  Embedding vector;
  double squares = 0;
  for (float& value : vector) {
    value = static_cast<float>(uniform(random) + uniform(random) + uniform(random) - 1.5);
    squares += static_cast<double>(value) * value;
  }
  for (float& value : vector) value = static_cast<float>(value / std::sqrt(squares));
  return vector;
}

std::vector<IndexedVector> random_rows(std::size_t count, std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<IndexedVector> rows;
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back({static_cast<std::int64_t>(3 * i + 1), random_vector(random)});
  }
  return rows;
}

TEST(ExactNearestTest, SortsByCosineAndTakesTheLaterOfEquals) {
  std::vector<IndexedVector> rows(4);
  rows[0] = {1, {}};
  rows[0].vector[0] = 1;
  rows[1] = {2, {}};
  rows[1].vector[1] = 1;
  rows[2] = {3, rows[0].vector};
  rows[3] = {4, {}};
  rows[3].vector[0] = -1;
  Embedding query{};
  query[0] = 1;
  EXPECT_EQ(exact_nearest(rows, query, 3),
            (std::vector<VectorMatch>{{3, 1.0}, {1, 1.0}, {2, 0.0}}));
  EXPECT_EQ(exact_nearest(rows, query, 9).size(), 4U);
  EXPECT_TRUE(exact_nearest({}, query, 3).empty());
}

TEST(ExactNearestTest, AgreesWithTheCosine) {
  SeededRandom random(5);
  const std::vector<IndexedVector> rows = random_rows(50, 4);
  const Embedding query = random_vector(random);
  for (const VectorMatch& match : exact_nearest(rows, query, 50)) {
    EXPECT_NEAR(match.similarity,
                cosine(rows[static_cast<std::size_t>(match.seq / 3)].vector, query), 1e-5);
  }
}

TEST(VectorIndexTest, FindsNearlyAllThatAnExactScanFinds) {
  const std::vector<IndexedVector> rows = random_rows(600, 1);
  const auto index = VectorIndex::build(rows);
  ASSERT_TRUE(index);
  SeededRandom random(2);
  int found = 0;
  constexpr int kQueries = 50;
  constexpr std::size_t kNearest = 8;
  for (int i = 0; i < kQueries; ++i) {
    // Near a stored vector, as prompts of recurring tasks are.
    Embedding query = rows[random.next() % rows.size()].vector;
    const Embedding noise = random_vector(random);
    for (std::size_t j = 0; j < query.size(); ++j) query[j] = 0.8F * query[j] + 0.6F * noise[j];
    std::set<std::int64_t> exact;
    for (const VectorMatch& match : exact_nearest(rows, query, kNearest)) exact.insert(match.seq);
    for (const VectorMatch& match : (*index)->nearest(query, kNearest))
      found += exact.count(match.seq);
  }
  EXPECT_GE(found, kQueries * static_cast<int>(kNearest) * 8 / 10);
}

TEST(VectorIndexTest, AnEmptyIndexFindsNothing) {
  const auto index = VectorIndex::build({});
  ASSERT_TRUE(index);
  EXPECT_TRUE((*index)->nearest(embed("x"), 3).empty());
  EXPECT_EQ((*index)->stamp(), stamp_of({}));
}

TEST(VectorIndexTest, BuildingStopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  const auto index = VectorIndex::build(random_rows(3, 1), source.get_token());
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().code, ErrorCode::cancelled);
}

TEST(IndexStampTest, ChangesWithAnyRow) {
  std::vector<IndexedVector> rows = random_rows(3, 1);
  const IndexStamp stamp = stamp_of(rows);
  EXPECT_EQ(stamp_of(rows), stamp);
  rows[1].seq = 5;
  EXPECT_NE(stamp_of(rows), stamp);
  rows = random_rows(3, 1);
  rows[0].vector[200] = std::nextafter(rows[0].vector[200], 2.0F);
  EXPECT_NE(stamp_of(rows), stamp);
  rows = random_rows(3, 1);
  std::swap(rows[0], rows[1]);
  EXPECT_NE(stamp_of(rows), stamp);
}

class StoredIndexTest : public testing::Test {
 protected:
  StoredIndexTest() {
    EXPECT_TRUE(VectorIndex::build(rows_).value()->save(path_));
    bytes_ = read_bytes(path_);
  }

  Result<std::unique_ptr<VectorIndex>> load() { return VectorIndex::load(path_, stamp_of(rows_)); }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("vectors.hnsw");
  std::vector<IndexedVector> rows_ = random_rows(20, 1);
  std::string bytes_;
};

TEST_F(StoredIndexTest, GivesTheSameAnswersAfterLoading) {
  const auto built = VectorIndex::build(rows_);
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->stamp(), stamp_of(rows_));
  for (const IndexedVector& row : rows_) {
    EXPECT_EQ((*loaded)->nearest(row.vector, 5), (*built)->nearest(row.vector, 5));
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + ".tmp"));
}

TEST_F(StoredIndexTest, AMissingFileIsNotFound) {
  std::filesystem::remove(path_);
  EXPECT_EQ(load().error().code, ErrorCode::not_found);
}

TEST_F(StoredIndexTest, AFileThatIsCutAnywhereIsRefused) {
  for (std::size_t size = 0; size < bytes_.size(); size += size < 300 ? 1 : 997) {
    write_bytes(path_, bytes_.substr(0, size));
    ASSERT_EQ(load().error().code, ErrorCode::invalid) << size;
  }
  write_bytes(path_, bytes_ + "x");
  EXPECT_THAT(load().error().message, HasSubstr("another length"));
}

TEST_F(StoredIndexTest, AFileWithOneBitFlippedAnywhereIsRefused) {
  for (std::size_t at = 0; at < bytes_.size(); at += at < 256 ? 1 : 1'009) {
    for (const int bit : {0, 3, 7}) {
      std::string flipped = bytes_;
      flipped[at] = static_cast<char>(flipped[at] ^ (1 << bit));
      write_bytes(path_, flipped);
      ASSERT_EQ(load().error().code, ErrorCode::invalid) << at << " " << bit;
    }
  }
}

TEST_F(StoredIndexTest, AStaleFileIsRefused) {
  std::vector<IndexedVector> more = random_rows(21, 1);
  EXPECT_THAT(VectorIndex::load(path_, stamp_of(more)).error().message, HasSubstr("stale"));
  IndexStamp other = stamp_of(rows_);
  other.embedding = "another/1";
  EXPECT_THAT(VectorIndex::load(path_, other).error().message, HasSubstr("stale"));
}

TEST_F(StoredIndexTest, AWriterThatIsAtItKeepsOthersOut) {
  const int lock = ::open((path_ + ".lock").c_str(), O_RDWR);
  ASSERT_EQ(::flock(lock, LOCK_EX), 0);
  const Result<void> saved = VectorIndex::build(rows_).value()->save(path_);
  ::close(lock);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, ErrorCode::unavailable);
  EXPECT_EQ(read_bytes(path_), bytes_);
}

TEST_F(StoredIndexTest, AFullDiskLeavesTheOldFile) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto index = VectorIndex::build(random_rows(80, 2));
    const rlimit small{.rlim_cur = 4'096, .rlim_max = 4'096};
    ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const Result<void> written = write_index_file(path_, stamp_of(rows_), std::string(9'000, 'x'));
    ::_exit(!written && written.error().code == ErrorCode::limit ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_bytes(path_), bytes_);
  EXPECT_TRUE(load());
}

}  // namespace
}  // namespace pareto
