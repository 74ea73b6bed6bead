#include "planners/reasoning.h"

#include "planners/extraction.h"
#include "planners/single_call.h"

namespace pareto {
namespace {

// Any word about shortness makes a small model answer without thinking: measured on 12 word problems
// with Qwen2.5-Coder-1.5B, these words solve 10, and with "one short line a step" 2.
constexpr SingleCallWords kWords{
    .answer =
        "Solve the problem step by step. End with a line \"Answer: \" and the answer alone.",
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

}  // namespace

Planned ReasoningPlanner::plan(const Run& run) const { return single_call_plan(run, kWords); }

Action ReasoningPlanner::next(const Run& run) const {
  Action action = single_call_next(run, kWords, 0);
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
  return files.empty() ? extract_answer(reply->text) : changes_told(run, files);
}

}  // namespace pareto
