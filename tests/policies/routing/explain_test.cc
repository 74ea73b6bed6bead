#include "policies/routing/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

Route route() {
  Route route;
  route.mode = Mode::instant;
  route.model = "local";
  route.effort = Effort::low;
  route.kind = "repair";
  route.reason = "instant/local/low: 0.05 x 0.27 - 0.0009 = 0.0126 USD, the most of 2";
  route.arms = {{.mode = Mode::instant,
                 .model = "local",
                 .effort = Effort::low,
                 .why = "prior 0.27 (10)",
                 .success = 0.27,
                 .cost = Money::nanos(900'000),
                 .score = 0.0126,
                 .propensity = 1},
                {.mode = Mode::agentic,
                 .model = "local",
                 .effort = Effort::low,
                 .eligible = false,
                 .why = "needs 2 turns, the limit is 1",
                 .success = 0.15,
                 .score = 0.0041}};
  return route;
}

TEST(ExplainTest, IsATableWithOneLineAnArm) {
  EXPECT_EQ(
      explain(route()),
      "instant/local/low for a task of kind repair\n"
      "instant/local/low: 0.05 x 0.27 - 0.0009 = 0.0126 USD, the most of 2\n"
      "\n"
      "  arm                eligible      p   cost USD     score  propensity  why\n"
      "* instant/local/low       yes   0.27   0.000900    0.0126      1.0000  prior 0.27 (10)\n"
      "  agentic/local/low        no   0.15    unknown    0.0041      0.0000  "
      "needs 2 turns, the limit is 1\n");
}

TEST(ExplainTest, SaysWhenTheRouteWasAskedFor) {
  Route forced = route();
  forced.forced = true;
  EXPECT_THAT(explain(forced), testing::StartsWith("instant/local/low for a task of kind repair, "
                                                   "as asked for\n"));
}

TEST(ExplainTest, JsonHasTheKeysOfADryRun) {
  EXPECT_EQ(
      explain_json(route()).dump(),
      R"json({"mode":"instant","model":"local","effort":"low","arms":[)json"
      R"json({"arm":"instant/local/low","eligible":true,"why":"prior 0.27 (10)","p":0.27,)json"
      R"json("cost_usd":"0.000900000","score":0.0126,"propensity":1.0},)json"
      R"json({"arm":"agentic/local/low","eligible":false,"why":"needs 2 turns, the limit is 1",)json"
      R"json("p":0.15,"cost_usd":null,"score":0.0041,"propensity":0.0}]})json");
}

}  // namespace
}  // namespace pareto
