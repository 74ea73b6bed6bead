#include "policies/routing/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/core/json_text.h"
#include "tests/policies/routing/router_fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;
using testing::Not;

RouterOptions greedy() {
  RouterOptions options;
  options.exploration = 0;
  return options;
}

TEST(PriorRouterTest, RepairsInOneCallAndThinksAboutWordProblemsOnASmallModel) {
  const PriorRouter router(greedy());
  EXPECT_EQ(router.route(repair_question().question(), 1)->mode, Mode::instant);
  EXPECT_EQ(router.route(word_problem().question(), 1)->mode, Mode::reasoning);
}

TEST(PriorRouterTest, ARouteIsFullyExplained) {
  Asked asked = repair_question();
  asked.limits = {.usd = usd("0.5"), .turns = 20};
  const Result<Route> route = PriorRouter(greedy()).route(asked.question(), 7);
  ASSERT_TRUE(route);
  EXPECT_EQ(route->mode, Mode::instant);
  EXPECT_EQ(route->model, "local");
  EXPECT_EQ(route->effort, Effort::low);
  EXPECT_EQ(route->limits, asked.limits);
  EXPECT_EQ(route->propensity, 1);
  EXPECT_FALSE(route->forced);
  EXPECT_EQ(route->kind, "repair");
  EXPECT_THAT(route->reason, HasSubstr("instant/local/low: 0.05 x 0.52 - 0.0"));
  EXPECT_EQ(route->seed, 7U);
  EXPECT_EQ(route->policy_version, "prior/1");
  EXPECT_EQ(route->price_version, price_version(asked.models));
  const Result<Json> features = parse_json(route->features);
  ASSERT_TRUE(features);
  EXPECT_EQ(features->at("version"), kFeaturesVersion);
  EXPECT_EQ(features->at("has_verifier"), 1);
  ASSERT_EQ(route->arms.size(), 3U);
  for (const Arm& arm : route->arms) {
    EXPECT_TRUE(arm.eligible) << arm.why;
    ASSERT_TRUE(arm.cost);
    EXPECT_NEAR(arm.score, 0.05 * arm.success - static_cast<double>(arm.cost->to_nanos()) * 1e-9,
                1e-12);
  }
}

TEST(PriorRouterTest, ExplorationIsSharedByAllEligibleArmsAndDrawnAsOften) {
  const PriorRouter router;
  const Asked asked = repair_question();
  std::map<Mode, int> drawn;
  constexpr int kDraws = 4'000;
  for (int seed = 0; seed < kDraws; ++seed) {
    const Result<Route> route = router.route(asked.question(), static_cast<std::uint64_t>(seed));
    ASSERT_TRUE(route);
    ++drawn[route->mode];
    EXPECT_EQ(route->propensity, arm_of(*route, route->mode).propensity);
  }
  const Route route = *router.route(asked.question(), 0);
  for (const Arm& arm : route.arms) {
    const double deviation = std::sqrt(arm.propensity * (1 - arm.propensity) / kDraws);
    EXPECT_NEAR(drawn[arm.mode] / double{kDraws}, arm.propensity, 5 * deviation) << arm.name();
  }
  EXPECT_NEAR(arm_of(route, Mode::agentic).propensity, 0.05 / 3, 1e-12);
}

TEST(PriorRouterTest, SaysWhenItTriesAnotherArm) {
  RouterOptions options;
  options.exploration = 1;
  const PriorRouter router(options);
  std::set<bool> tried;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Route route = *router.route(repair_question().question(), seed);
    const bool explored = route.mode != Mode::instant;
    tried.insert(explored);
    EXPECT_EQ(route.reason.find("tried to learn") != std::string::npos, explored) << route.reason;
  }
  EXPECT_EQ(tried.size(), 2U);
}

TEST(PriorRouterTest, NeverExploresOnASensitiveTask) {
  RouterOptions options;
  options.local_models = {"local"};
  Asked asked = repair_question();
  asked.task.sensitive = true;
  asked.models = {large_model(), small_model()};
  const Route route = *PriorRouter(options).route(asked.question(), 1);
  EXPECT_EQ(route.propensity, 1);
  EXPECT_EQ(route.model, "local");
  EXPECT_THAT(arm_of(route, Mode::instant, "big").why, HasSubstr("sensitive"));
}

TEST(PriorRouterTest, WhatWasAskedForIsTakenWithCertainty) {
  Asked asked = repair_question();
  asked.models = {small_model(), large_model()};
  asked.mode = Mode::agentic;
  asked.model = "big";
  asked.effort = Effort::high;
  const Route route = *PriorRouter().route(asked.question(), 3);
  EXPECT_EQ(route.mode, Mode::agentic);
  EXPECT_EQ(route.model, "big");
  EXPECT_EQ(route.effort, Effort::high);
  EXPECT_EQ(route.propensity, 1);
  EXPECT_TRUE(route.forced);
  EXPECT_EQ(arm_of(route, Mode::instant, "big").why, "mode agentic was asked for");
  EXPECT_EQ(arm_of(route, Mode::agentic, "local").why, "model big was asked for");
}

TEST(PriorRouterTest, AHigherEffortCostsMore) {
  Asked asked = word_problem();
  const Route usual = *PriorRouter(greedy()).route(asked.question(), 1);
  asked.effort = Effort::high;
  const Route high = *PriorRouter(greedy()).route(asked.question(), 1);
  EXPECT_GT(arm_of(high, Mode::reasoning).cost, arm_of(usual, Mode::reasoning).cost);
}

TEST(PriorRouterTest, AnUnknownModelNamesTheNearest) {
  Asked asked = repair_question();
  asked.model = "locla";
  const Result<Route> route = PriorRouter().route(asked.question(), 1);
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().code, ErrorCode::invalid);
  EXPECT_THAT(route.error().message, HasSubstr("did you mean \"local\"?"));
}

TEST(PriorRouterTest, WithoutModelsThereIsNoRoute) {
  Asked asked = repair_question();
  asked.models.clear();
  EXPECT_EQ(PriorRouter().route(asked.question(), 1).error().code, ErrorCode::invalid);
}

TEST(PriorRouterTest, WhenNothingIsLeftTheErrorListsEveryReason) {
  Asked asked = repair_question();
  asked.limits.usd = usd("0.0001");
  const Result<Route> route = PriorRouter().route(asked.question(), 1);
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().code, ErrorCode::limit);
  EXPECT_THAT(route.error().message, HasSubstr("instant/local/low: one call may cost 0.00"));
  EXPECT_THAT(route.error().message, HasSubstr("reasoning/local/medium: one call"));
  EXPECT_THAT(route.error().message, HasSubstr("agentic/local/low: one call"));
}

TEST(PriorRouterTest, AReasonThatIsNoLimitIsInvalid) {
  Asked asked = repair_question();
  asked.task.sensitive = true;
  EXPECT_EQ(PriorRouter().route(asked.question(), 1).error().code, ErrorCode::invalid);
}

TEST(PriorRouterTest, RunsOfSimilarTasksMoveTheChoice) {
  Asked asked = word_problem();
  for (int i = 0; i < 4; ++i) {
    asked.recall.neighbours.push_back({.similarity = 0.99,
                                       .mode = Mode::instant,
                                       .model = "local",
                                       .success = 1,
                                       .cost = usd("0.0003")});
    asked.recall.neighbours.push_back({.similarity = 0.99,
                                       .mode = Mode::reasoning,
                                       .model = "local",
                                       .success = 0,
                                       .cost = usd("0.002")});
  }
  const Route route = *PriorRouter(greedy()).route(asked.question(), 1);
  EXPECT_EQ(route.mode, Mode::instant);
  EXPECT_THAT(arm_of(route, Mode::instant).why, HasSubstr("4 similar runs 1.00"));
}

TEST(PriorRouterTest, WithoutAPriceTheCostIsUnknownAndNeverZero) {
  Asked asked = repair_question();
  asked.models[0].price.reset();
  const Route route = *PriorRouter(greedy()).route(asked.question(), 1);
  for (const Arm& arm : route.arms) {
    EXPECT_EQ(arm.cost, std::nullopt);
    EXPECT_LT(arm.score, 0.05 * arm.success);
    EXPECT_THAT(arm.why, HasSubstr("price unknown"));
  }
  EXPECT_THAT(route.reason, HasSubstr("unknown cost"));
}

TEST(PriorRouterTest, ThePriceVersionChangesWithAnyPrice) {
  std::vector<ModelInfo> models = {small_model(), large_model()};
  const std::string before = price_version(models);
  EXPECT_EQ(price_version(models), before);
  models[1].price->output += Money::nanos(1);
  EXPECT_NE(price_version(models), before);
  models[1].price.reset();
  EXPECT_THAT(price_version(models), Not(before));
}

// Questions of every sort, at random.
Asked random_question(Random& random) {
  const char* prompts[] = {"tests.py fails. Fix the bug in gcd.py.",
                           "How many of 3 apples at 4 dollars each are left?",
                           "Prove that $x^2$ is a positive integer.",
                           "Who composed the opera whose libretto Boito wrote?",
                           "Summarise the text.",
                           "Say hello.",
                           "What is the latest news?",
                           ""};
  const auto chance = [&](double p) { return uniform(random) < p; };
  Asked asked;
  asked.task.prompt = prompts[random.next() % 8];
  if (chance(0.3)) asked.task.corpus = "/c.jsonl";
  if (chance(0.3)) asked.recall.briefing.passages = {{"1", "Title", "Some text."}};
  if (chance(0.4)) {
    asked.recall.briefing.files = {{"gcd.py", std::string(random.next() % 20'000, 'x')}};
    asked.recall.briefing.total_files = 1;
  }
  if (chance(0.2)) asked.recall.briefing.omitted = {"large.txt"};
  asked.models = {small_model(), large_model()};
  if (chance(0.2)) asked.models[1].price.reset();
  if (chance(0.3))
    asked.limits.usd = Money::nanos(static_cast<std::int64_t>(random.next() % 50'000'000));
  if (chance(0.2)) asked.limits.turns = static_cast<int>(random.next() % 4);
  if (chance(0.2)) asked.mode = static_cast<Mode>(random.next() % 3);
  for (std::uint64_t i = random.next() % 9; i > 0; --i) {
    asked.recall.neighbours.push_back(
        {.similarity = uniform(random),
         .mode = static_cast<Mode>(random.next() % 3),
         .model = chance(0.5) ? "local" : "big",
         .success = uniform(random),
         .cost = Money::nanos(static_cast<std::int64_t>(random.next() % 20'000'000))});
  }
  return asked;
}

TEST(PriorRouterPropertyTest, PropensitiesAreADistributionOverTheEligibleArms) {
  SeededRandom random(11);
  int routed = 0;
  for (int i = 0; i < 1'500; ++i) {
    const Asked asked = random_question(random);
    RouterOptions options;
    options.exploration = uniform(random);
    const Result<Route> route = PriorRouter(options).route(asked.question(), random.next());
    if (!route) continue;
    ++routed;
    double sum = 0;
    for (const Arm& arm : route->arms) {
      sum += arm.propensity;
      EXPECT_GE(arm.propensity, arm.eligible ? 0.01 : 0);
      EXPECT_LE(arm.propensity, arm.eligible ? 1 : 0);
      EXPECT_FALSE(arm.why.empty());
      EXPECT_GT(arm.success, 0);
      EXPECT_LT(arm.success, 1);
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_TRUE(arm_of(*route, route->mode, route->model).eligible);
  }
  EXPECT_GT(routed, 500);
}

TEST(PriorRouterPropertyTest, TheLabelNeverChangesARoute) {
  SeededRandom random(12);
  for (int i = 0; i < 500; ++i) {
    Asked asked = random_question(random);
    const std::uint64_t seed = random.next();
    const Result<Route> before = PriorRouter().route(asked.question(), seed);
    asked.task.label = i % 2 == 0 ? "repair" : "arithmetic";
    asked.task.id = "multi_hop-1";
    asked.task.metadata = R"({"class":"code"})";
    asked.task.score = R"({"type":"number","answer":"3"})";
    EXPECT_EQ(PriorRouter().route(asked.question(), seed), before);
  }
}

TEST(PriorRouterPropertyTest, ASuccessWorthMoreNeverLowersTheChosenProbability) {
  SeededRandom random(13);
  for (int i = 0; i < 1'000; ++i) {
    const Asked asked = random_question(random);
    RouterOptions options = greedy();
    options.quality_weight =
        Money::nanos(1 + static_cast<std::int64_t>(random.next() % 100'000'000));
    const Result<Route> once = PriorRouter(options).route(asked.question(), 1);
    options.quality_weight = options.quality_weight + options.quality_weight;
    const Result<Route> twice = PriorRouter(options).route(asked.question(), 1);
    ASSERT_EQ(once.has_value(), twice.has_value());
    if (!once) continue;
    EXPECT_GE(arm_of(*twice, twice->mode, twice->model).success,
              arm_of(*once, once->mode, once->model).success);
  }
}

TEST(PriorRouterPropertyTest, TheSameQuestionAndSeedGiveTheSameRoute) {
  SeededRandom random(14);
  for (int i = 0; i < 500; ++i) {
    const Asked asked = random_question(random);
    const std::uint64_t seed = random.next();
    EXPECT_EQ(PriorRouter().route(asked.question(), seed),
              PriorRouter().route(asked.question(), seed));
  }
}

}  // namespace
}  // namespace pareto
