#include "apps/report/json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace pareto::reporting {
namespace {

using offline::ArmSummary;
using offline::Comparison;
using offline::Estimated;
using offline::Interval;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

Json interval(const std::optional<Interval>& value) {
  if (!value) return {};
  return Json::array({number(value->low), number(value->high)});
}

Json estimated(const Estimated& value) {
  return {{"value", number(value.value)}, {"interval", interval(value.interval)}};
}

Json estimated(const std::optional<Estimated>& value) { return value ? estimated(*value) : Json(); }

Json proportion(const offline::Proportion& share) {
  if (share.runs == 0) return {};
  return {{"passes", share.passes},
          {"runs", share.runs},
          {"share", share.share},
          {"interval", interval(share.interval)}};
}

Json cost_of_pass(const std::optional<offline::CostOfPass>& cost) {
  if (!cost) return {};
  return {{"tasks", cost->tasks},
          {"passes", cost->passes},
          {"ratio_of_means", number(cost->ratio_of_means)},
          {"interval", interval(cost->delta)},
          {"bootstrap", interval(cost->bootstrap)},
          {"mean_of_tasks", number(cost->mean_of_tasks)},
          {"mean_of_passed_tasks", number(cost->mean_of_passed_tasks)},
          {"share_infinite", cost->share_infinite},
          {"few_data", cost->few_data}};
}

Json retried(const std::optional<offline::Retried>& value) {
  if (!value) return {};
  return {{"tasks", value->tasks},
          {"success", value->success},
          {"usd_per_task", number(value->usd_per_task)},
          {"usd_per_success", number(value->usd_per_success)}};
}

Json arm_json(const ArmSummary& arm) {
  return {{"arm", arm.arm.name()},
          {"mode", arm.arm.mode},
          {"model", arm.arm.model},
          {"class", arm.task_class ? Json(*arm.task_class) : Json()},
          {"tasks", arm.tasks},
          {"runs", arm.runs},
          {"errors", arm.errors},
          {"unpriced", arm.unpriced},
          {"success_of_all", proportion(arm.success_of_all)},
          {"success_of_attempted", proportion(arm.success_of_attempted)},
          {"usd_per_task", estimated(arm.usd)},
          {"cost_of_pass", cost_of_pass(arm.cost_of_pass)},
          {"retried", retried(arm.retried)},
          {"prompt_tokens", estimated(arm.prompt_tokens)},
          {"cached_tokens", estimated(arm.cached_tokens)},
          {"completion_tokens", estimated(arm.completion_tokens)},
          {"seconds", estimated(arm.seconds)},
          {"turns", estimated(arm.turns)}};
}

Json frontier_json(const offline::Frontier& frontier) {
  Json arms = Json::array();
  for (const offline::Essentialness& arm : frontier.arms) {
    arms.push_back({{"arm", arm.arm.name()},
                    {"essentialness", number(arm.share)},
                    {"only_solver_of", arm.only_solver_of}});
  }
  return {{"tasks", frontier.tasks},
          {"dropped", frontier.dropped},
          {"usd_per_success", number(frontier.value)},
          {"usd_per_success_of_solved", number(frontier.solved_value)},
          {"share_infinite", frontier.share_infinite},
          {"arms", std::move(arms)}};
}

Json success_json(const offline::SuccessDifference& success) {
  return {{"arm", success.arm},
          {"baseline", success.baseline},
          {"difference", estimated(success.difference)},
          {"correlation", success.correlation},
          {"p", success.p},
          {"holm_p", success.holm_p},
          {"non_inferiority_p", success.non_inferiority_p},
          {"holm_non_inferiority_p", success.holm_non_inferiority_p}};
}

Json cost_json(const std::optional<offline::CostDifference>& cost) {
  if (!cost) return {};
  return {{"tasks", cost->tasks},
          {"free_tasks", cost->free_tasks},
          {"geometric_change", estimated(cost->geometric_change)},
          {"p", cost->p},
          {"holm_p", cost->holm_p},
          {"ratio_of_totals", estimated(cost->ratio_of_totals)},
          {"cost_of_pass_ratio", estimated(cost->cost_of_pass_ratio)}};
}

Json comparison_json(const Comparison& comparison) {
  Json dropped = Json::array();
  for (const offline::Dropped& each : comparison.dropped) {
    dropped.push_back({{"why", each.why}, {"tasks", each.tasks}});
  }
  Json mcnemar;
  if (comparison.mcnemar) {
    mcnemar = {{"only_arm", comparison.mcnemar->only_arm},
               {"only_baseline", comparison.mcnemar->only_baseline},
               {"p", comparison.mcnemar->p}};
  }
  return {{"arm", comparison.arm.name()},
          {"baseline", comparison.baseline.name()},
          {"tasks", comparison.tasks},
          {"dropped", std::move(dropped)},
          {"success", success_json(comparison.success)},
          {"mcnemar", std::move(mcnemar)},
          {"cost", cost_json(comparison.cost)},
          {"advice_success", comparison.success_split.advice},
          {"advice_cost", comparison.cost_split ? Json(comparison.cost_split->advice) : Json()},
          {"verdict", comparison.sentence}};
}

const char* name_of(offline::Metric metric) {
  switch (metric) {
    case offline::Metric::success:
      return "success";
    case offline::Metric::log_cost:
      return "cost";
    case offline::Metric::cost_of_pass:
      break;
  }
  return "cost_of_pass";
}

Json plan_json(const PlannedSample& planned) {
  return {{"arm", planned.arm.name()},
          {"metric", name_of(planned.metric)},
          {"effect", planned.effect},
          {"pilot_tasks", planned.sample ? Json(planned.sample->pilot_tasks) : Json()},
          {"paired_tasks", planned.sample ? Json(planned.sample->paired_tasks) : Json()},
          {"unpaired_tasks", planned.sample ? Json(planned.sample->unpaired_tasks) : Json()},
          {"why_not", planned.sample ? Json() : Json(planned.why_not)}};
}

template <class T, class Write>
Json list(const std::vector<T>& values, Write write) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(write(value));
  return array;
}

Json section_json(const CostSection& section) {
  Json arms = list(section.arms, arm_json);
  for (std::size_t i = 0; i < section.arms.size(); ++i) {
    arms[i]["not_dominated"] = static_cast<bool>(section.not_dominated[i]);
  }
  return {{"cost_model", section.cost_model},
          {"arms", std::move(arms)},
          {"classes", list(section.classes, arm_json)},
          {"frontier", frontier_json(section.frontier)},
          {"comparisons", list(section.comparisons, comparison_json)},
          {"plan", list(section.plan, plan_json)}};
}

Json price_json(const PriceLine& line) {
  Json prices = Json::array();
  for (const PriceLine::Price& price : line.prices) {
    prices.push_back({{"cost_model", price.cost_model},
                      {"usd_per_task", number(price.usd_per_task)},
                      {"usd_per_success", number(price.usd_per_success)},
                      {"unpriced", price.unpriced}});
  }
  return {{"arm", line.arm.name()}, {"prices", std::move(prices)}};
}

Json attempt_json(const offline::AttemptScore& score) {
  return {{"k", score.k},
          {"tasks", score.tasks},
          {"dropped", score.dropped},
          {"pass_at_k", score.at_k},
          {"pass_hat_k", score.hat_k}};
}

Json repeats_json(const ArmRepeats& arm) {
  const offline::SeedNoise& seeds = arm.seeds;
  return {{"arm", arm.arm.name()},
          {"attempts", list(arm.attempts, attempt_json)},
          {"seeds",
           {{"repeats", seeds.seeds},
            {"tasks", seeds.tasks},
            {"mean", seeds.mean},
            {"deviation", seeds.deviation},
            {"signal_to_noise", number(seeds.signal_to_noise)}}},
          {"variance",
           {{"tasks_part", number(arm.split.tasks_part)},
            {"repeats_part", number(arm.split.repeats_part)},
            {"advice", arm.split.advice}}}};
}

Json selection_json(const Selection& selection) {
  return {{"k", selection.k},
          {"best", selection.top.best},
          {"mean", selection.top.mean},
          {"worst", selection.top.worst},
          {"deviation", selection.top.deviation},
          {"sharpe_ratio", number(selection.top.sharpe_ratio)}};
}

Json repeats_json(const std::optional<Repeats>& repeats) {
  if (!repeats) return {};
  Json suite;
  if (repeats->suite) {
    suite = {{"signal", repeats->suite->signal},
             {"noise", repeats->suite->noise},
             {"signal_to_noise", number(repeats->suite->signal_to_noise)}};
  }
  Json arms = Json::array();
  for (const ArmRepeats& arm : repeats->arms) arms.push_back(repeats_json(arm));
  return {{"arms", std::move(arms)},
          {"suite", std::move(suite)},
          {"choosing_by_first_repeat", list(repeats->selections, selection_json)}};
}

Json ranking_json(const std::optional<Ranking>& ranking) {
  if (!ranking) return {};
  Json arms = Json::array();
  for (std::size_t i = 0; i < ranking->fit.arms.size(); ++i) {
    const offline::Ability& arm = ranking->fit.arms[i];
    arms.push_back({{"arm", arm.arm.name()},
                    {"ability", number(arm.ability)},
                    {"standard_error", number(arm.standard_error)},
                    {"interval", interval(ranking->intervals[i])}});
  }
  Json held_out;
  if (ranking->held_out) {
    held_out = {{"log_loss", number(ranking->held_out->log_loss)},
                {"base_rate_log_loss", number(ranking->held_out->base_rate_log_loss)}};
  }
  return {{"arms", std::move(arms)},
          {"converged", ranking->fit.converged},
          {"held_out", std::move(held_out)}};
}

Json seeking_json(const ArmSeeking& arm) {
  return {{"arm", arm.arm.name()},
          {"tasks", arm.tasks},
          {"runs", arm.runs},
          {"isr", estimated(arm.isr)},
          {"ise", estimated(arm.ise)}};
}

Json suite_json(const SuiteReport& suite) {
  return {{"suite", suite.rows.suite},
          {"suite_hash", suite.rows.suite_hash},
          {"rows", suite.rows.rows.size()},
          {"tasks", suite.tasks},
          {"errors", suite.errors},
          {"estimated", suite.estimated},
          {"unscored", suite.unscored},
          {"baseline", suite.baseline.empty() ? Json() : Json(suite.baseline)},
          {"notes", suite.notes},
          {"cost_models", list(suite.costs, section_json)},
          {"prices", list(suite.prices, price_json)},
          {"repeats", repeats_json(suite.repeats)},
          {"ranking", ranking_json(suite.ranking)},
          {"required_passages", list(suite.seeking, seeking_json)},
          {"auto_chose", suite.auto_chose}};
}

}  // namespace

Json json_report(const Report& report) {
  return {{"confidence", report.options.confidence},
          {"margin", report.options.margin},
          {"notes", report.notes},
          {"suites", list(report.suites, suite_json)}};
}

}  // namespace pareto::reporting
