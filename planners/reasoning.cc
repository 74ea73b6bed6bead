#include "planners/reasoning.h"

#include "planners/extraction.h"
#include "planners/single_call.h"

namespace pareto {
namespace {

// Any word about shortness makes a small model answer without thinking: measured on 12 word
// problems with Qwen2.5-Coder-1.5B, these words solve 10, and with "one short line a step" 2.
constexpr SingleCallWords kWords{
    .answer = "Solve the problem step by step. End with a line \"Answer: \" and the answer alone.",
    .files =
        "Think step by step: what should happen, what happens, and which line is wrong? Then "
        "give",
    .either = "Think step by step. Then, if files have to change, give",
    .otherwise = "Else end with a line \"Answer: \" and the answer alone.",
    .repair =
        "Think step by step about why. Then give the complete corrected text in the same "
        "form."};
constexpr std::string_view kAnswerNow =
    "The limit of this task is reached. Don't think any further. Reply with one line \"Answer: \" "
    "and your best answer.";
constexpr std::string_view kAnswerAfterCut =
    "You were cut off. Don't think any further. Reply with one line \"Answer: \" and your best "
    "answer.";

}  // namespace

Planned ReasoningPlanner::plan(const Run& run) const { return single_call_plan(run, kWords); }

Action ReasoningPlanner::next(const Run& run) const {
  const bool answering = run->history.back().text == kAnswerAfterCut;
  Action action = single_call_next(run, kWords, answering ? kWrapUpTokens : 0);
  // The thinking is not lost: a short call behind it may still draw the answer from it.
  const bool may_answer = run->receipt.turns == 1 && product_of(run) != Product::files;
  if (std::holds_alternative<Finish>(action) && may_answer && cut_off(run) && has_turn(run)) {
    return CallModel{.append = {{.role = Role::user, .text = std::string(kAnswerAfterCut)}},
                     .max_output_tokens = kWrapUpTokens};
  }
  if (auto* finish = std::get_if<Finish>(&action)) finish->answer = answer(run);
  return action;
}

std::optional<CallModel> ReasoningPlanner::wrap_up(const Run& run) const {
  if (last_reply(run) != nullptr || product_of(run) == Product::files) return std::nullopt;
  return CallModel{.tail = std::string(kAnswerNow), .max_output_tokens = kWrapUpTokens};
}

std::string ReasoningPlanner::answer(const Run& run) const {
  const Message* reply = last_reply(run);
  if (reply == nullptr) return {};
  const std::vector<BriefedFile> files = reply_files(run);
  if (!files.empty()) return changes_told(run, files);
  if (is_cut(run)) {
    if (auto answer = answer_before_cut(reply->text)) return *answer;
  }
  return extract_answer(reply->text);
}

}  // namespace pareto
