#include "policies/routing/estimate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/policies/routing/router_fixture.h"

namespace pareto {
namespace {

class EstimateTest : public testing::Test {
 protected:
  Estimate of(const std::vector<Neighbour>& neighbours, const std::vector<KindOutcomes>& outcomes) {
    Situation situation;
    situation.kind = TaskKind::repair;
    situation.single_tokens = 500;
    situation.agent_tokens = 900;
    return estimate(arm_, small_model(), situation, neighbours, outcomes, weights_);
  }
  Neighbour neighbour(double similarity, double success) const {
    return {.similarity = similarity,
            .mode = arm_.mode,
            .model = arm_.model,
            .success = success,
            .cost = usd("0.01")};
  }

  Arm arm_{.mode = Mode::instant, .model = "local"};
  EvidenceWeights weights_;
};

TEST_F(EstimateTest, WithoutEvidenceItIsThePrior) {
  const Estimate estimate = of({}, {});
  EXPECT_DOUBLE_EQ(estimate.success, 0.52);
  // 500 tokens at 0.926 and 220 at 3.70 USD a million.
  EXPECT_EQ(estimate.cost, usd("0.001277"));
  EXPECT_EQ(estimate.source, "prior 0.52 (10)");
}

TEST_F(EstimateTest, ARunOfTheSameTaskCountsAsTwoOutcomes) {
  const Estimate estimate = of({neighbour(1, 1)}, {});
  EXPECT_DOUBLE_EQ(estimate.success, (10 * 0.52 + 2) / 12);
  EXPECT_EQ(estimate.source, "prior 0.52 (10), 1 similar run 1.00 (2.0)");
  EXPECT_EQ(estimate.cost, usd("0.0056385"));  // the prior's cost counts as two runs
}

TEST_F(EstimateTest, EvidenceFadesWithSimilarity) {
  const double near = of({neighbour(0.95, 1)}, {}).success;
  const double far = of({neighbour(0.5, 1)}, {}).success;
  EXPECT_GT(near, far);
  EXPECT_DOUBLE_EQ(far, (10 * 0.52 + 2 * std::exp(-0.5 / 0.15)) / (10 + 2 * std::exp(-0.5 / 0.15)));
}

TEST_F(EstimateTest, OtherArmsRunsAreNoEvidence) {
  Neighbour mode = neighbour(1, 1);
  mode.mode = Mode::agentic;
  Neighbour model = neighbour(1, 1);
  model.model = "big";
  EXPECT_DOUBLE_EQ(of({mode, model}, {}).success, 0.52);
}

TEST_F(EstimateTest, ManyNeighboursCountForNoMoreThanTheCap) {
  const std::vector<Neighbour> many(100, neighbour(1, 1));
  EXPECT_DOUBLE_EQ(of(many, {}).success, (10 * 0.52 + 16) / 26);
}

TEST_F(EstimateTest, NeighboursBeyondTheirRangeAreBroughtBack) {
  const double success = of({neighbour(7, 1e9), neighbour(-3, -5)}, {}).success;
  EXPECT_GT(success, 0);
  EXPECT_LT(success, 1);
}

TEST_F(EstimateTest, RunsOfTheSameKindShiftThePrior) {
  const std::vector<KindOutcomes> outcomes = {{TaskKind::repair, Mode::instant, "local", 20, 15},
                                              {TaskKind::lookup, Mode::instant, "local", 50, 50},
                                              {TaskKind::repair, Mode::agentic, "local", 50, 50},
                                              {TaskKind::repair, Mode::instant, "big", 50, 50}};
  const Estimate estimate = of({}, outcomes);
  EXPECT_DOUBLE_EQ(estimate.success, (5.2 + 15) / 30);
  EXPECT_EQ(estimate.source, "prior 0.52 (10), 20 runs of this kind 0.75 (20.0)");
}

TEST_F(EstimateTest, OldSuccessesOfAKindNeverOutweighEverythingElse) {
  const std::vector<KindOutcomes> outcomes = {
      {TaskKind::repair, Mode::instant, "local", 10'000, 10'000}};
  EXPECT_DOUBLE_EQ(of({}, outcomes).success, (5.2 + 40) / 50);
}

TEST(PriorsTest, EveryCellIsAProbabilityAndCosts) {
  for (const TaskKind kind : kAllTaskKinds) {
    for (const Mode mode : {Mode::instant, Mode::reasoning, Mode::agentic}) {
      for (const bool small : {false, true}) {
        for (const Passages passages : {Passages::none, Passages::at_hand}) {
          const Prior prior = prior_of(kind, mode, small, passages);
          EXPECT_GT(prior.success, 0);
          EXPECT_LT(prior.success, 1);
          EXPECT_EQ(prior.evidence, 10);
          EXPECT_GT(prior.completion_tokens, 0);
          EXPECT_EQ(prior.turns > 1, mode == Mode::agentic);
        }
      }
    }
  }
}

TEST(PriorsTest, ASingleCallWithoutPassagesAnswersFromMemory) {
  EXPECT_LT(prior_of(TaskKind::multi_hop, Mode::instant, true, Passages::none).success,
            prior_of(TaskKind::multi_hop, Mode::instant, true, Passages::at_hand).success);
}

TEST(PriorsTest, UsageOfOneCallIsItsPromptAndItsReply) {
  const Prior prior{.success = 0.5, .turns = 1, .completion_tokens = 100};
  EXPECT_EQ(expected_usage(prior, Effort::low, 500, Effort::low),
            (Usage{.prompt_tokens = 500, .completion_tokens = 100}));
}

TEST(PriorsTest, UsageOfSeveralTurnsIsTheSumOverTheTurns) {
  const Prior prior{.success = 0.5, .turns = 4, .completion_tokens = 400};
  // Summed turn by turn: each step adds 100 + 260 tokens to the history.
  std::int64_t prompt = 0;
  for (int turn = 0; turn < 4; ++turn) prompt += 500 + turn * 360;
  const Usage usage = expected_usage(prior, Effort::low, 500, Effort::low);
  EXPECT_EQ(usage.prompt_tokens, prompt);
  EXPECT_EQ(usage.prompt_tokens - usage.cached_prompt_tokens, 500 + 3 * 360);
  EXPECT_EQ(usage.completion_tokens, 400);
}

}  // namespace
}  // namespace pareto
