#include "agent/text/hashing.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pareto {
namespace {

TEST(HashingTest, StaysTheSameInEveryVersionBecauseHashesAreStored) {
  EXPECT_EQ(to_hex(hash64("")), to_hex(mix64(0xcbf29ce484222325U)));
  EXPECT_EQ(to_hex(hash64("pareto")), "5a817473934e57f3");
  EXPECT_EQ(to_hex(hash64("pareto", 1)), "4d303837508d2a0a");
}

TEST(HashingTest, HasNoCollisionsAmongShortTexts) {
  std::set<std::uint64_t> hashes;
  for (int i = 0; i < 20'000; ++i) hashes.insert(hash64(std::to_string(i)));
  EXPECT_EQ(hashes.size(), 20'000U);
}

TEST(HashingTest, HexHasSixteenDigits) {
  EXPECT_EQ(to_hex(0), "0000000000000000");
  EXPECT_EQ(to_hex(0x0123456789abcdefU), "0123456789abcdef");
}

}  // namespace
}  // namespace pareto
