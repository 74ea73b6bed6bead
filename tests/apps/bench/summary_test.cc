#include "apps/bench/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

using testing::HasSubstr;
using testing::Not;

Json row(const Json& changes) {
  Json row = {{"task", "a"},
              {"class", "repair"},
              {"mode", "auto"},
              {"model", "m"},
              {"mode_used", "instant"},
              {"status", "success"},
              {"score", nullptr},
              {"turns", 2},
              {"prompt_tokens", 100},
              {"seconds", 1.5},
              {"completion_tokens", 10},
              {"cost_usd", "0.010000000"},
              {"cost_known", true}};
  row.merge_patch(changes);
  return row;
}

Tally tally_of(const std::vector<Json>& rows) {
  std::vector<const Json*> pointers;
  for (const Json& one : rows) pointers.push_back(&one);
  return tally(pointers);
}

TEST(SuccessOfTest, TheScoreGoesBeforeWhatTheAgentKnew) {
  EXPECT_EQ(success_of(row({{"score", 0.0}, {"status", "success"}})), 0);
  EXPECT_EQ(success_of(row({{"score", 0.5}, {"status", "failure"}})), 0.5);
  EXPECT_EQ(success_of(row({{"status", "success"}})), 1) << "without a scorer";
  EXPECT_EQ(success_of(row({{"status", "failure"}})), 0);
  EXPECT_EQ(success_of(row({{"status", "limit"}})), 0);
}

TEST(TallyTest, CostOfPassIsTheRatioOfMeans) {
  const Tally sum = tally_of({row({{"score", 1.0}, {"cost_usd", "0.010000000"}}),
                              row({{"score", 0.0}, {"cost_usd", "0.020000000"}}),
                              row({{"score", 1.0}, {"cost_usd", "0.030000000"}})});
  EXPECT_EQ(sum.cost_of_pass(), Money::nanos(30'000'000)) << "0.06 for 2 successes, not 0.01+0.03";
  EXPECT_EQ(tally_of({row({{"score", 0.0}})}).cost_of_pass(), std::nullopt);
  EXPECT_EQ(tally_of({}).cost_of_pass(), std::nullopt);
}

TEST(TallyTest, ErrorsAreAttemptedAndPaidButNotScored) {
  const Tally sum =
      tally_of({row({{"score", 1.0}}),
                row({{"status", "error"}, {"score", nullptr}, {"cost_usd", "0.005000000"}})});
  EXPECT_EQ(sum.rows, 2);
  EXPECT_EQ(sum.errors, 1);
  EXPECT_EQ(sum.scored(), 1);
  EXPECT_EQ(sum.successes, 1);
  EXPECT_EQ(sum.cost, Money::nanos(15'000'000));
  EXPECT_EQ(sum.turns, 2);
}

TEST(TallyTest, OneUnknownPriceMakesTheSumUnknown) {
  EXPECT_TRUE(tally_of({row({})}).cost_known);
  EXPECT_FALSE(tally_of({row({}), row({{"cost_known", false}})}).cost_known);
}

TEST(SummaryTablesTest, ShowsBothDenominatorsWhereThereAreErrors) {
  const std::string text = summary_tables(
      {row({{"task", "a"}, {"score", 1.0}}), row({{"task", "b"}, {"score", 0.0}}),
       row({{"task", "c"}, {"status", "error"}}), row({{"task", "d"}, {"status", "error"}})});
  EXPECT_THAT(text, HasSubstr("auto / m                     1/2    50 %    25 %"));
  EXPECT_THAT(text, HasSubstr("2 of 4 rows are infrastructure errors"));
}

TEST(SummaryTablesTest, GroupsByArmAndByClassAndSaysWhatAutoChose) {
  const std::string text = summary_tables(
      {row({{"score", 1.0}}), row({{"task", "b"}, {"class", "math"}, {"mode_used", "reasoning"}}),
       row({{"task", "c"}, {"mode", "agentic"}, {"mode_used", "agentic"}, {"score", 0.0}})});
  EXPECT_THAT(text, HasSubstr("auto / m                     2/2   100 %   100 %"));
  EXPECT_THAT(text, HasSubstr("agentic / m                  0/1     0 %     0 %"));
  EXPECT_THAT(text, HasSubstr("\nmath "));
  EXPECT_THAT(text, HasSubstr("\nrepair "));
  EXPECT_THAT(text, HasSubstr("What auto chose:\n  math                 reasoning 1\n"
                              "  repair               instant 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("infrastructure")));
}

TEST(SummaryTablesTest, MarksMoneyThatIsNotKnown) {
  EXPECT_THAT(summary_tables({row({{"cost_known", false}})}), HasSubstr("0.010000?"));
  EXPECT_THAT(summary_tables({row({{"score", 0.0}})}), HasSubstr("none")) << "no success to divide";
  EXPECT_THAT(summary_tables({}), HasSubstr("mode / model"));
}

}  // namespace
}  // namespace pareto
