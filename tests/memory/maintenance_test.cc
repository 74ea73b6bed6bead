#include "memory/maintenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/text/embedding.h"
#include "memory/stored_vectors.h"
#include "tests/memory/memory_fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

class MaintenanceTest : public MemoryFixture {
 protected:
  MaintenanceTest() {
    for (const char* run : {"A", "B", "C"}) insert(experience(run, std::string("text ") + run));
  }
  MemoryCheck check() {
    SqliteConnection connection = reader();
    return check_memory(connection, index_path_of(state_file())).value();
  }
};

TEST_F(MaintenanceTest, ASoundStoreIsSound) {
  SqliteConnection connection = reader();
  ASSERT_TRUE(rebuild_index(connection, index_path_of(state_file())));
  EXPECT_EQ(check(), (MemoryCheck{.rows = 3, .index = "sound"}));
  insert(experience("D", "text D"));
  EXPECT_EQ(check().index, "sound") << "later rows are compared one by one";
}

TEST_F(MaintenanceTest, FindsAndMendsVectors) {
  execute("UPDATE experiences SET vector = NULL WHERE run = 'A'");
  execute(
      "UPDATE experiences SET vector = (SELECT vector FROM experiences WHERE run = 'C') "
      "WHERE run = 'B'");
  MemoryCheck found = check();
  EXPECT_THAT(found.index, HasSubstr("no index"));
  EXPECT_EQ(found.stale_vectors, 1);
  EXPECT_EQ(found.damaged_vectors, 1);
  EXPECT_FALSE(found.sound());
  std::int64_t mended = 0;
  ASSERT_TRUE(writer_->run([&](SqliteConnection& connection) -> Result<void> {
    mended = rebuild_vectors(connection).value();
    return {};
  }));
  EXPECT_EQ(mended, 2);
  EXPECT_TRUE(check().sound());
  EXPECT_EQ(check().stale_vectors, 0);
}

TEST_F(MaintenanceTest, SaysWhyAnIndexIsNotUsed) {
  SqliteConnection connection = reader();
  ASSERT_TRUE(rebuild_index(connection, index_path_of(state_file())));
  execute("DELETE FROM experiences WHERE run = 'A'");
  EXPECT_THAT(check().index, HasSubstr("stale"));
  EXPECT_TRUE(check().sound());
}

TEST(IndexPathTest, LiesBesideTheStateFile) {
  EXPECT_EQ(index_path_of("/a/b/pareto.db"), "/a/b/vectors.hnsw");
  EXPECT_EQ(index_path_of("pareto.db"), "vectors.hnsw");
}

}  // namespace
}  // namespace pareto
