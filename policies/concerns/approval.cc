#include "policies/concerns/approval.h"

#include <algorithm>

namespace pareto {
namespace {

constexpr std::size_t kShownArguments = 500;

std::string shown(const ToolCall& call) {
  std::string text = call.name + " " + call.arguments.substr(0, kShownArguments);
  if (call.arguments.size() > kShownArguments) text += " ...";
  // The arguments come from a model: nothing in them may steer the terminal that shows them.
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

}  // namespace

Action review_approval(const Run& run, Action draft, Instant) {
  const auto* step = std::get_if<CallTools>(&draft);
  if (step == nullptr || !run->recall) return draft;
  AskPerson ask;
  for (const ToolCall& call : step->calls) {
    const auto& outside = run->recall->outside_tools;
    if (std::ranges::find(outside, call.name) == outside.end()) continue;
    if (std::ranges::find(run->approved, call.id) != run->approved.end()) continue;
    ask.call_ids.push_back(call.id);
    ask.question += (ask.question.empty() ? "Allow " : "; ") + shown(call);
  }
  if (ask.call_ids.empty()) return draft;
  ask.question += "?";
  return ask;
}

}  // namespace pareto
