#include "agent/core/id.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <unordered_set>

namespace pareto {
namespace {

TEST(IdTest, SortsByTimeWhateverTheRandomBits) {
  SeededRandom random(1);
  std::string before;
  for (std::int64_t ms = 1'700'000'000'000; ms < 1'700'000'000'500; ++ms) {
    std::string id = make_ulid(instant_from_ms(ms), random);
    EXPECT_TRUE(is_ulid(id)) << id;
    EXPECT_LT(before, id);
    before = std::move(id);
  }
}

TEST(IdTest, DiffersWithinOneMillisecond) {
  SeededRandom random(2);
  std::unordered_set<RunId> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(RunId::make(instant_from_ms(5), random));
  EXPECT_EQ(seen.size(), 10'000U);
}

TEST(IdTest, RefusesWhatIsNoUlid) {
  EXPECT_FALSE(is_ulid(""));
  EXPECT_FALSE(is_ulid("01JD000000000000000000000"));
  EXPECT_FALSE(is_ulid("01JD0000000000000000000000a"));
  EXPECT_FALSE(is_ulid("01JD000000000000000000000U"));  // U is not in the alphabet
  EXPECT_FALSE(is_ulid("../../../../../etc/passwd.."));
}

}  // namespace
}  // namespace pareto
