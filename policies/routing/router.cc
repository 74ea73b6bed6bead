#include "policies/routing/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"
#include "agent/text/nearest_name.h"
#include "policies/routing/situation.h"

namespace pareto {
namespace {

// Exploration never takes more than half, however many arms there are.
constexpr double kMostExploration = 0.5;

double usd(Money money) { return static_cast<double>(money.to_nanos()) * 1e-9; }

struct Candidate {
  const ModelInfo* model = nullptr;
  Arm arm;
  std::optional<Obstacle> obstacle;
};

Result<void> check_models(const Router::Question& question) {
  if (question.models.empty()) {
    return fail(ErrorCode::invalid, "no model is configured; expected at least one in [models]");
  }
  if (!question.model) return {};
  std::vector<std::string> names;
  for (const ModelInfo& model : question.models) names.push_back(model.name);
  if (std::ranges::find(names, *question.model) != names.end()) return {};
  const auto nearest = nearest_name(*question.model, names);
  return fail(ErrorCode::invalid,
              fmt::format("no model is named \"{}\"; {}", *question.model,
                          nearest ? fmt::format("did you mean \"{}\"?", *nearest)
                                  : fmt::format("known: {}", fmt::join(names, ", "))));
}

Candidate candidate(Mode mode, const ModelInfo& model, const Situation& situation,
                    const Router::Question& question, const RouterOptions& options) {
  Candidate candidate;
  candidate.model = &model;
  Arm& arm = candidate.arm;
  arm.mode = mode;
  arm.model = model.name;
  arm.effort = question.effort.value_or(usual_effort(mode));
  const Estimate guess = estimate(arm, model, situation, question.recall.neighbours,
                                  options.outcomes, options.evidence);
  arm.success = guess.success;
  arm.cost = guess.cost;
  arm.score = usd(options.quality_weight) * guess.success - guess.ranked_cost;
  arm.why = guess.source;
  if (!guess.cost) arm.why += ", price unknown";
  candidate.obstacle =
      obstacle_of(arm, model, situation, question, {.local_models = options.local_models});
  if (candidate.obstacle) {
    arm.eligible = false;
    arm.why = candidate.obstacle->why;
  }
  return candidate;
}

std::size_t count_eligible(const std::vector<Candidate>& candidates) {
  return static_cast<std::size_t>(std::ranges::count_if(
      candidates, [](const Candidate& candidate) { return candidate.arm.eligible; }));
}

// The best arm, or nothing; the first of equals, so that the order of preference decides.
std::size_t best_of(const std::vector<Candidate>& candidates) {
  std::size_t best = candidates.size();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].arm.eligible) continue;
    if (best == candidates.size() || candidates[i].arm.score > candidates[best].arm.score) best = i;
  }
  return best;
}

void set_propensities(std::vector<Candidate>& candidates, std::size_t best, double exploration,
                      double floor) {
  const auto eligible = static_cast<double>(count_eligible(candidates));
  const double share = std::min(std::max(exploration / eligible, exploration > 0 ? floor : 0),
                                kMostExploration / eligible);
  double others = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].arm.eligible || i == best) continue;
    candidates[i].arm.propensity = share;
    others += share;
  }
  candidates[best].arm.propensity = 1 - others;
}

std::size_t draw(const std::vector<Candidate>& candidates, std::size_t best, std::uint64_t seed) {
  SeededRandom random(seed);
  double left = uniform(random);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    left -= candidates[i].arm.propensity;
    if (left < 0 && candidates[i].arm.eligible) return i;
  }
  return best;  // rounding
}

Error nothing_eligible(const std::vector<Candidate>& candidates) {
  std::string text = "no way to work on this task is left:";
  bool only_limits = true;
  for (const Candidate& candidate : candidates) {
    if (candidate.obstacle->kind == Obstacle::Kind::not_asked_for) continue;
    only_limits = only_limits && candidate.obstacle->kind == Obstacle::Kind::limit;
    text += fmt::format(" {}: {};", candidate.arm.name(), candidate.obstacle->why);
  }
  text.back() = '.';
  return {only_limits ? ErrorCode::limit : ErrorCode::invalid, std::move(text)};
}

std::string value_text(const Arm& arm, const RouterOptions& options) {
  const double value = usd(options.quality_weight);
  const std::string cost =
      arm.cost ? fmt::format("{:.4f}", usd(*arm.cost)) : std::string("unknown cost");
  return fmt::format("{}: {:.4g} x {:.2f} - {} = {:.4f} USD", arm.name(), value, arm.success, cost,
                     arm.score);
}

std::string reason_of(const std::vector<Candidate>& candidates, std::size_t chosen,
                      std::size_t best, const RouterOptions& options) {
  const Arm& arm = candidates[chosen].arm;
  const std::size_t eligible = count_eligible(candidates);
  std::string text = value_text(arm, options);
  if (eligible == 1) return text + ", the only one that may be chosen";
  if (chosen == best) return text + fmt::format(", the most of {}", eligible);
  return text + fmt::format(", tried to learn with probability {:.3f}; best is {}", arm.propensity,
                            value_text(candidates[best].arm, options));
}

std::string features_text(const Situation& situation, const Router::Question& question) {
  Json json = to_json(situation.features);
  json["neighbours"] = question.recall.neighbours.size();
  json["single_tokens"] = situation.single_tokens;
  return dump_json(json);
}

}  // namespace

PriorRouter::PriorRouter(RouterOptions options) : options_(std::move(options)) {}

Result<Route> PriorRouter::route(const Question& question, std::uint64_t seed) const {
  if (auto checked = check_models(question); !checked) return std::unexpected(checked.error());
  const Situation situation = situation_of(question, options_.brief_bytes);
  std::vector<Candidate> candidates;
  for (const ModelInfo& model : question.models) {
    for (const Mode mode : {Mode::instant, Mode::reasoning, Mode::agentic}) {
      candidates.push_back(candidate(mode, model, situation, question, options_));
    }
  }
  const std::size_t best = best_of(candidates);
  if (best == candidates.size()) return std::unexpected(nothing_eligible(candidates));
  // A sensitive task is nothing to learn on.
  const double exploration =
      question.task.sensitive ? 0 : std::clamp(options_.exploration, 0.0, 1.0);
  set_propensities(candidates, best, exploration, options_.exploration_floor);
  const std::size_t chosen = draw(candidates, best, seed);

  Route route;
  route.mode = candidates[chosen].arm.mode;
  route.model = candidates[chosen].arm.model;
  route.effort = candidates[chosen].arm.effort;
  route.limits = question.limits;
  route.propensity = candidates[chosen].arm.propensity;
  route.forced = question.mode.has_value() && count_eligible(candidates) == 1;
  route.kind = to_string(situation.kind);
  route.reason = reason_of(candidates, chosen, best, options_);
  for (Candidate& candidate : candidates) route.arms.push_back(std::move(candidate.arm));
  route.features = features_text(situation, question);
  route.seed = seed;
  route.policy_version = options_.policy_version;
  route.price_version = price_version(question.models);
  return route;
}

std::string price_version(std::span<const ModelInfo> models) {
  std::string text;
  for (const ModelInfo& model : models) {
    text += model.name + "=";
    if (model.price) {
      text += fmt::format("{}/{}/{}/{}", model.price->input.to_nanos(),
                          model.price->cached_input.to_nanos(), model.price->cache_write.to_nanos(),
                          model.price->output.to_nanos());
    }
    text += "\n";
  }
  return "prices/" + to_hex(hash64(text));
}

}  // namespace pareto
