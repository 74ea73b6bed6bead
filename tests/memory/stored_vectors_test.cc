#include "memory/stored_vectors.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/memory/memory_fixture.h"

namespace pareto {
namespace {

TEST(BlobTest, IsReadBackAsItWas) {
  const Embedding embedding = embed("Fix gcd.py");
  EXPECT_EQ(from_blob(to_blob(embedding)), embedding);
  EXPECT_EQ(from_blob(to_blob(Embedding{})), Embedding{});
}

TEST(BlobTest, WhatIsNoEmbeddingIsNotRead) {
  const std::string blob = to_blob(embed("Fix gcd.py"));
  EXPECT_EQ(from_blob(""), std::nullopt);
  EXPECT_EQ(from_blob(blob.substr(1)), std::nullopt);
  EXPECT_EQ(from_blob(blob + blob), std::nullopt);
  EXPECT_EQ(from_blob(std::string(blob.size(), '\xff')), std::nullopt);  // NaN
  Embedding too_long = embed("Fix gcd.py");
  for (float& value : too_long) value *= 2;
  EXPECT_EQ(from_blob(to_blob(too_long)), std::nullopt);
}

class StoredVectorsTest : public MemoryFixture {
 protected:
  std::vector<std::int64_t> seqs() {
    EXPECT_TRUE(vectors_.refresh(reader_));
    std::vector<std::int64_t> seqs;
    for (const IndexedVector& row : vectors_.rows()) seqs.push_back(row.seq);
    return seqs;
  }

  SqliteConnection reader_ = reader();
  StoredVectors vectors_;
};

TEST_F(StoredVectorsTest, SeesWhatIsAddedAndForgotten) {
  using Seqs = std::vector<std::int64_t>;
  EXPECT_EQ(seqs(), Seqs{});
  insert(experience("A", "one"));
  insert(experience("B", "two"));
  EXPECT_EQ(seqs(), (Seqs{1, 2}));
  EXPECT_EQ(vectors_.rows()[1].vector, embed("two"));
  EXPECT_EQ(vectors_.task_at(1), StoredVectors::task_hash("task-B"));
  insert(experience("C", "three"));
  EXPECT_EQ(seqs(), (Seqs{1, 2, 3}));
  EXPECT_EQ(vectors_.removals(), 0U);
  execute("DELETE FROM experiences WHERE run = 'B'");
  EXPECT_EQ(seqs(), (Seqs{1, 3}));
  EXPECT_EQ(vectors_.removals(), 1U);
}

TEST_F(StoredVectorsTest, SeesARowThatTookThePlaceOfAnother) {
  insert(experience("A", "one"));
  seqs();
  execute("DELETE FROM experiences");
  insert(experience("B", "two"));
  EXPECT_EQ(seqs(), (std::vector<std::int64_t>{2}));
}

TEST_F(StoredVectorsTest, MakesVectorsThatAreMissingDamagedOrOfAnotherEmbedding) {
  for (const char* run : {"A", "B", "C", "D"}) insert(experience(run, std::string("text ") + run));
  execute("UPDATE experiences SET vector = NULL WHERE run = 'A'");
  execute("UPDATE experiences SET vector = x'0102' WHERE run = 'B'");
  execute("UPDATE experiences SET vector_model = 'other/1' WHERE run = 'C'");
  execute("UPDATE experiences SET vector = zeroblob(1024), vector_model = NULL WHERE run = 'D'");
  ASSERT_TRUE(vectors_.refresh(reader_));
  ASSERT_EQ(vectors_.rows().size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(vectors_.rows()[i].vector, embed(std::string("text ") + "ABCD"[i]));
  }
}

}  // namespace
}  // namespace pareto
