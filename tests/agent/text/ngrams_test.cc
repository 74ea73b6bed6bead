#include "agent/text/ngrams.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/core/random.h"

namespace pareto {
namespace {

TEST(NgramsTest, NormalisesCaseAndWhiteSpace) {
  EXPECT_EQ(normalised_characters("  Fix\tTHE \n bug"), U" fix the bug ");
  EXPECT_EQ(normalised_characters("ÄÖ×ΣЖЁ"), U" äö×σжё ");
  EXPECT_EQ(normalised_characters(""), U" ");
  EXPECT_EQ(normalised_characters("\n\t "), U" ");
}

TEST(NgramsTest, EachInvalidByteIsOneReplacement) {
  EXPECT_EQ(normalised_characters("a\xff\xfe"), U" a\uFFFD\uFFFD ");
  EXPECT_EQ(normalised_characters("\xe2\x82"), U" \uFFFD\uFFFD ");            // cut short
  EXPECT_EQ(normalised_characters("\xc0\xaf"), U" \uFFFD\uFFFD ");            // overlong
  EXPECT_EQ(normalised_characters("\xed\xa0\x80"), U" \uFFFD\uFFFD\uFFFD ");  // surrogate
  EXPECT_EQ(normalised_characters("€"), U" € ");
}

TEST(NgramsTest, CountsOfEachLengthFollowFromTheLength) {
  // " abcd " has 6 characters: 4 of length 3, 3 of length 4, 2 of length 5.
  EXPECT_EQ(ngram_hashes("abcd").size(), 9U);
  EXPECT_EQ(ngram_hashes("a").size(), 1U);
  EXPECT_TRUE(ngram_hashes(" \n").empty());
}

TEST(NgramsTest, TextsThatDifferOnlyInCaseAndSpacesHaveTheSame) {
  EXPECT_EQ(ngram_hashes("Fix  the Bug"), ngram_hashes("fix the bug "));
  EXPECT_NE(ngram_hashes("fix the bug"), ngram_hashes("fix the bag"));
}

TEST(NgramsTest, ALongTextIsCutAtACharacter) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += "é";
  EXPECT_EQ(normalised_characters(text).size(), kNgramCharacters + 2);
}

TEST(NgramsTest, SurvivesRandomBytes) {
  SeededRandom random(3);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random.next() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    EXPECT_LE(normalised_characters(bytes).size(), bytes.size() + 2);
    ngram_hashes(bytes);
  }
}

}  // namespace
}  // namespace pareto
