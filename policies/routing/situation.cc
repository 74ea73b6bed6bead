#include "policies/routing/situation.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/text/tokens.h"

namespace pareto {
namespace {

// The system prompt and the frame around files and passages.
constexpr std::int64_t kFrameTokens = 250;
// Specs and rules of an agent.
constexpr std::int64_t kToolTokens = 700;
// An estimate may be off by a quarter.
constexpr double kEstimateMargin = 1.25;
constexpr int kLeastAgentTurns = 2;  // one to act, one to answer

struct Size {
  std::int64_t tokens = 0;
  std::int64_t bytes = 0;

  void add(std::string_view text) {
    tokens += estimated_tokens(text);
    bytes += token_bound(text);
  }
};

Size brief_size(const Router::Question& question, const Situation& situation) {
  const Briefing& briefing = question.recall.briefing;
  Size size;
  if (situation.files_needed) {
    for (const BriefedFile& file : briefing.files) {
      size.add(file.path);
      size.add(file.text);
    }
    if (briefing.total_files == 0) {
      for (const auto& [path, text] : question.task.files) {
        size.add(path);
        size.add(text);
      }
    }
    size.add(briefing.check_output);
  }
  for (const Passage& passage : briefing.passages) {
    size.add(passage.title);
    size.add(passage.text);
  }
  return size;
}

std::int64_t omitted_bytes(const Router::Question& question, const Size& size,
                           std::int64_t brief_bytes) {
  const Briefing& briefing = question.recall.briefing;
  if (!briefing.omitted.empty()) {
    std::int64_t shown = 0;
    for (const BriefedFile& file : briefing.files) shown += token_bound(file.text);
    return std::max<std::int64_t>(1, briefing.total_bytes - shown);
  }
  return std::max<std::int64_t>(0, size.bytes - brief_bytes);
}

std::optional<Obstacle> not_asked_for(const Arm& arm, const Router::Question& question) {
  if (question.mode && *question.mode != arm.mode) {
    return Obstacle{Obstacle::Kind::not_asked_for,
                    fmt::format("mode {} was asked for", to_string(*question.mode))};
  }
  if (question.model && *question.model != arm.model) {
    return Obstacle{Obstacle::Kind::not_asked_for,
                    fmt::format("model {} was asked for", *question.model)};
  }
  return std::nullopt;
}

Money worst_case(const Arm& arm, const ModelInfo& model, const Situation& situation) {
  Usage usage;
  usage.prompt_tokens = arm.mode == Mode::agentic ? situation.agent_bound : situation.single_bound;
  usage.completion_tokens = model.max_output_tokens;
  return cost_of(usage, *model.price);
}

std::optional<Obstacle> over_limit(const Arm& arm, const ModelInfo& model,
                                   const Situation& situation, const Limits& limits) {
  const auto limit = [](std::string why) {
    return Obstacle{Obstacle::Kind::limit, std::move(why)};
  };
  const int needed = arm.mode == Mode::agentic ? kLeastAgentTurns : 1;
  if (limits.turns && *limits.turns < needed) {
    return limit(fmt::format("needs {} turn{}, the limit is {}", needed, needed == 1 ? "" : "s",
                             *limits.turns));
  }
  if (limits.seconds && limits.seconds->count() <= 0) return limit("the limit is 0 seconds");
  if (!limits.usd) return std::nullopt;
  if (!model.price) {
    return limit(fmt::format("the price of {} is unknown and the run has a budget", model.name));
  }
  const Money worst = worst_case(arm, model, situation);
  if (worst <= *limits.usd) return std::nullopt;
  return limit(fmt::format("one call may cost {} USD, the budget is {} USD", worst.to_string(),
                           limits.usd->to_string()));
}

std::optional<Obstacle> unfit(const Arm& arm, const ModelInfo& model, const Situation& situation,
                              const Router::Question& question, const ArmRules& rules) {
  const auto bar = [](std::string why) { return Obstacle{Obstacle::Kind::unfit, std::move(why)}; };
  if (question.task.sensitive &&
      std::ranges::find(rules.local_models, arm.model) == rules.local_models.end()) {
    return bar(fmt::format("the task is sensitive and {} does not run on this machine", arm.model));
  }
  const double shown = arm.mode == Mode::agentic ? situation.agent_tokens : situation.single_tokens;
  const std::int64_t room = model.context - model.max_output_tokens;
  if (shown * kEstimateMargin > static_cast<double>(room)) {
    return bar(fmt::format("about {:.0f} tokens to show, {} has room for {}", shown, arm.model,
                           std::max<std::int64_t>(room, 0)));
  }
  if (arm.mode == Mode::agentic) {
    const auto finishes = [](const std::string& tool) { return tool == kFinishTool; };
    if (!question.task.tools.empty() && std::ranges::all_of(question.task.tools, finishes)) {
      return bar("the task has no tool to act with");
    }
    return std::nullopt;
  }
  if (situation.omitted_bytes > 0 && question.mode != arm.mode) {
    return bar(fmt::format("{} bytes of files and passages do not fit into one prompt",
                           situation.omitted_bytes));
  }
  return std::nullopt;
}

}  // namespace

Situation situation_of(const Router::Question& question, std::int64_t brief_bytes) {
  Situation situation;
  situation.features = features_of(question.task, question.recall.briefing);
  situation.kind = infer_kind(situation.features);
  situation.passages =
      question.recall.briefing.passages.empty() ? Passages::none : Passages::at_hand;
  situation.files_needed = needs_files(situation.kind, situation.features);
  const Size brief = brief_size(question, situation);
  Size prompt;
  prompt.add(question.task.prompt);
  situation.single_tokens = static_cast<double>(prompt.tokens + brief.tokens + kFrameTokens);
  situation.agent_tokens = static_cast<double>(prompt.tokens + kFrameTokens + kToolTokens);
  // A frame of n tokens has no more than 8 n bytes.
  situation.single_bound = prompt.bytes + brief.bytes + kFrameTokens * 4;
  situation.agent_bound = prompt.bytes + (kFrameTokens + kToolTokens) * 4;
  const bool shows_much = situation.files_needed || situation.passages == Passages::at_hand;
  if (shows_much) situation.omitted_bytes = omitted_bytes(question, brief, brief_bytes);
  return situation;
}

std::optional<Obstacle> obstacle_of(const Arm& arm, const ModelInfo& model,
                                    const Situation& situation, const Router::Question& question,
                                    const ArmRules& rules) {
  if (auto obstacle = not_asked_for(arm, question)) return obstacle;
  if (auto obstacle = over_limit(arm, model, situation, question.limits)) return obstacle;
  return unfit(arm, model, situation, question, rules);
}

}  // namespace pareto
