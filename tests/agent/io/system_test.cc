#include <gtest/gtest.h>

#include <set>

#include "agent/io/system_clock.h"
#include "agent/io/system_random.h"

namespace pareto {
namespace {

TEST(SystemRandomTest, DoesNotRepeat) {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.next());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(SystemClockTest, CountsFromTheUnixEpoch) {
  EXPECT_GT(SystemClock().now(), instant_from_ms(1'700'000'000'000));
}

}  // namespace
}  // namespace pareto
