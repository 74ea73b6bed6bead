#include "apps/system/learned_router.h"

#include <gmock/gmock.h>

#include "tests/memory/memory_fixture.h"
#include "tests/policies/routing/router_fixture.h"

namespace pareto {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A server's router, and a writer of the same state file such as another process has.
class LearnedRouterTest : public MemoryFixture {
 protected:
  LearnedRouterTest() {
    const Asked asked = repair_question();
    kind_ = PriorRouter().route(asked.question(), 1).value().kind;
    auto router = LearnedRouter::open({}, state_file());
    EXPECT_TRUE(router) << (router ? "" : router.error().message);
    router_ = std::move(*router);
  }
  void learn(const std::string& run, double success) {
    Experience row = experience(run, "Another bug.", success);
    row.kind = kind_;
    insert(row);
  }
  Arm instant() const {
    const Asked asked = repair_question();
    return arm_of(router_->route(asked.question(), 1).value(), Mode::instant);
  }

  std::string kind_;
  std::unique_ptr<LearnedRouter> router_;
};

TEST_F(LearnedRouterTest, KnowsOfARunThatEndedAfterItWasOpened) {
  const Arm before = instant();
  EXPECT_THAT(before.why, Not(HasSubstr("of this kind")));
  learn("r1", 1);
  EXPECT_THAT(instant().why, HasSubstr("1 run of this kind"));
  EXPECT_GT(instant().success, before.success);
  learn("r2", 0);
  learn("r3", 0);
  EXPECT_THAT(instant().why, HasSubstr("3 runs of this kind"));
}

TEST_F(LearnedRouterTest, AgreesWithOneThatReadsEverythingAtItsStart) {
  const Asked asked = repair_question();
  for (int i = 0; i < 20; ++i) {
    learn("r" + std::to_string(i), i % 3 == 0 ? 0 : 1);
    const auto fresh = LearnedRouter::open({}, state_file());
    ASSERT_TRUE(fresh);
    EXPECT_EQ(*router_->route(asked.question(), 7), *(*fresh)->route(asked.question(), 7));
  }
}

TEST_F(LearnedRouterTest, WhatIsForgottenCountsNoMore) {
  learn("r1", 1);
  EXPECT_THAT(instant().why, HasSubstr("1 run of this kind"));
  const Result<void> done = writer_->run([](SqliteConnection& connection) -> Result<void> {
    auto gone = forget_all_experiences(connection);
    if (!gone) return std::unexpected(gone.error());
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_THAT(instant().why, Not(HasSubstr("of this kind")));
}

TEST_F(LearnedRouterTest, RoutesWithWhatItKnowsWhenTheStoreIsGone) {
  learn("r1", 1);
  const Arm known = instant();
  execute("DROP TABLE experiences");
  EXPECT_EQ(instant(), known);
}

}  // namespace
}  // namespace pareto
