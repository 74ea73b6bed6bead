#include "apps/bench/budget_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace pareto {
namespace {

RunId run(int n) { return RunId{"run" + std::to_string(n)}; }
Money usd(std::int64_t nanos) { return Money::nanos(nanos); }

TEST(BudgetPoolTest, SetsAsideTheWholeLimitOrNothing) {
  BudgetPool pool(usd(100), usd(10));
  EXPECT_EQ(pool.left(), usd(90));
  EXPECT_TRUE(pool.reserve(run(1), usd(60)));
  EXPECT_FALSE(pool.reserve(run(2), usd(31)));
  EXPECT_TRUE(pool.waiting_helps());
  EXPECT_TRUE(pool.reserve(run(2), usd(30)));
  EXPECT_EQ(pool.left(), usd(0));
  pool.settle(run(1), usd(20));
  EXPECT_EQ(pool.left(), usd(40)) << "what is unspent comes back";
  pool.settle(run(2), usd(30));
  EXPECT_EQ(pool.spent(), usd(60));
  EXPECT_FALSE(pool.waiting_helps());
}

TEST(BudgetPoolTest, WithoutATotalNothingIsRefusedAndEverythingCounted) {
  BudgetPool pool(std::nullopt, usd(1));
  EXPECT_TRUE(pool.reserve(run(1), Money::max()));
  EXPECT_TRUE(pool.reserve(run(2), Money::max()));
  pool.settle(run(1), usd(5));
  EXPECT_EQ(pool.spent(), usd(6));
  EXPECT_EQ(pool.left(), Money::max());
}

TEST(BudgetPoolTest, ABillAboveTheReservationLeavesNothing) {
  BudgetPool pool(usd(10), usd(0));
  EXPECT_TRUE(pool.reserve(run(1), usd(10)));
  pool.settle(run(1), usd(12));
  EXPECT_EQ(pool.left(), usd(0));
  EXPECT_FALSE(pool.reserve(run(2), usd(1)));
  EXPECT_TRUE(pool.reserve(run(2), usd(0)));
}

// Beside a plain list of what every run has and may still take.
TEST(BudgetPoolTest, AgreesWithASumOverAllRuns) {
  std::mt19937 dice(7);
  const auto below = [&dice](int n) { return static_cast<std::int64_t>(dice() % n); };
  for (int round = 0; round < 200; ++round) {
    const Money total = usd(below(2'000));
    BudgetPool pool(total, Money());
    std::map<int, std::int64_t> open;
    std::int64_t spent = 0;
    for (int i = 0; i < 60; ++i) {
      std::int64_t most_spent = spent;
      for (const auto& [id, most] : open) most_spent += most;
      ASSERT_LE(usd(most_spent), total);
      if (below(2) == 0 || open.empty()) {
        const std::int64_t most = below(300);
        const bool fits = usd(most_spent + most) <= total;
        ASSERT_EQ(pool.reserve(run(i), usd(most)), fits);
        if (fits) open[i] = most;
      } else {
        auto ended = std::next(open.begin(), below(static_cast<int>(open.size())));
        const std::int64_t cost = below(static_cast<int>(ended->second) + 1);
        pool.settle(run(ended->first), usd(cost));
        spent += cost;
        open.erase(ended);
      }
      ASSERT_EQ(pool.spent(), usd(spent));
      ASSERT_EQ(pool.waiting_helps(), !open.empty());
    }
  }
}

}  // namespace
}  // namespace pareto
