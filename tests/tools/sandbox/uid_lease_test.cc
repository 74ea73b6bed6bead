#include "tools/sandbox/uid_lease.h"

#include <gtest/gtest.h>

namespace pareto::sandbox {
namespace {

// A range that no real sandbox uses, so that this test may run beside others.
constexpr unsigned kFirst = 4'000'000'000;

TEST(UidLeaseTest, GivesEachHolderAnotherUid) {
  auto one = UidLease::take(kFirst, 2);
  ASSERT_TRUE(one);
  auto two = UidLease::take(kFirst, 2);
  ASSERT_TRUE(two);
  EXPECT_EQ(one->uid(), kFirst);
  EXPECT_EQ(two->uid(), kFirst + 1);
  EXPECT_FALSE(UidLease::take(kFirst, 2));
  one.reset();
  EXPECT_EQ(UidLease::take(kFirst, 2)->uid(), kFirst);
}

}  // namespace
}  // namespace pareto::sandbox
