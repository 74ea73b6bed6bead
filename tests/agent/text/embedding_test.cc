#include "agent/text/embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace pareto {
namespace {

TEST(EmbeddingTest, HasLengthOne) {
  double squares = 0;
  for (const float value : embed("tests.py fails. Find and fix the bug in gcd.py.")) {
    squares += static_cast<double>(value) * value;
  }
  EXPECT_NEAR(squares, 1, 1e-6);
}

TEST(EmbeddingTest, ATextWithoutCharactersIsAllZerosAndLikeNothing) {
  EXPECT_EQ(embed(" \n"), Embedding{});
  EXPECT_EQ(cosine(embed(""), embed("")), 0);
  EXPECT_EQ(cosine(embed(""), embed("text")), 0);
}

TEST(EmbeddingTest, ATextIsMostLikeItself) {
  const Embedding text = embed("Which singer is American, Mark King or Nick Hexum?");
  EXPECT_NEAR(cosine(text, text), 1, 1e-9);
  EXPECT_EQ(text, embed("  which SINGER is American,\nMark King or Nick Hexum? "));
}

TEST(EmbeddingTest, NearDuplicatesAreNearerThanTasksOfOneKindAndThoseNearerThanOthers) {
  const Embedding task = embed("tests.py fails. Find and fix the bug in gcd.py.");
  const double duplicate = cosine(task, embed("Tests.py fails. Find and fix the bug in gcd.py!"));
  const double same_kind = cosine(task, embed("tests.py fails. Find and fix the bug in sieve.py."));
  const double other = cosine(task, embed("Who composed the opera that opened in Milan in 1887?"));
  EXPECT_GT(duplicate, 0.9);
  EXPECT_GT(duplicate, same_kind + 0.05);
  EXPECT_GT(same_kind, other + 0.3);
  EXPECT_LT(other, 0.3);
}

}  // namespace
}  // namespace pareto
