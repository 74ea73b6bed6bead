#include "policies/concerns/catalogue.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

using Names = std::vector<std::string>;

Names names(const Result<std::vector<Concern>>& chosen) {
  Names names;
  if (!chosen) return {chosen.error().message};
  for (const Concern& concern : *chosen) names.emplace_back(concern.name);
  return names;
}

TEST(ConcernCatalogueTest, ListsWhatTheConfigurationCanName) {
  EXPECT_EQ(default_concern_order(),
            (Names{"turn_limit", "loop", "compaction", "reminder", "approval"}));
  EXPECT_EQ(names(concerns(default_concern_order(), {})), default_concern_order());
}

TEST(ConcernCatalogueTest, KeepsTheOrderAndLeavesOutTheDisabled) {
  const Names order{"approval", "turn_limit", "loop"};
  const Names disabled{"turn_limit"};
  EXPECT_EQ(names(concerns(order, disabled)), (Names{"approval", "loop"}));
  const Names not_in_order{"reminder"};
  EXPECT_EQ(names(concerns(order, not_in_order)), order);
  EXPECT_EQ(names(concerns({}, {})), Names());
}

TEST(ConcernCatalogueTest, NamesTheNearestForAMistypedOne) {
  const Names typo{"turn_limits"};
  EXPECT_EQ(names(concerns(typo, {})),
            (Names{"unknown concern \"turn_limits\"; did you mean \"turn_limit\"?"}));
  EXPECT_EQ(names(concerns({}, typo)),
            (Names{"unknown concern \"turn_limits\"; did you mean \"turn_limit\"?"}));
  const Names strange{"zzz"};
  EXPECT_EQ(names(concerns(strange, {})),
            (Names{"unknown concern \"zzz\"; known are turn_limit, loop, compaction, reminder, "
                   "approval"}));
}

TEST(ConcernCatalogueTest, RefusesTheSameTwice) {
  const Names twice{"loop", "loop"};
  EXPECT_EQ(names(concerns(twice, {})), (Names{"concern \"loop\" is named twice; name each once"}));
  EXPECT_EQ(names(concerns({}, twice)), (Names{"concern \"loop\" is named twice; name each once"}));
}

TEST(ConcernCatalogueTest, TheBudgetGuardIsNotForSwitching) {
  const Names guard{"budget_guard"};
  const Names refusal{
      "budget_guard is no concern to order or to switch off: it is always on and first"};
  EXPECT_EQ(names(concerns(guard, {})), refusal);
  EXPECT_EQ(names(concerns({}, guard)), refusal);
}

}  // namespace
}  // namespace pareto
