#include "planners/instant.h"

#include "planners/extraction.h"
#include "planners/single_call.h"

namespace pareto {
namespace {

constexpr SingleCallWords kWords{
    .answer = "Reply with the answer alone, as short as it can be, without an explanation.",
    .files = "Reply with",
    .either = "If files have to change, reply with",
    .otherwise = "Else reply with the answer alone, as short as it can be.",
    .repair = "Reply with the complete corrected text in the same form.",
    .first = FileForm::edits};
// An answer is short; files take what the model can give.
constexpr std::int64_t kAnswerTokens = 1'024;

}  // namespace

Planned InstantPlanner::plan(const Run& run) const { return single_call_plan(run, kWords); }

Action InstantPlanner::next(const Run& run) const {
  const std::int64_t most = product_of(run) == Product::answer ? kAnswerTokens : 0;
  Action action = single_call_next(run, kWords, most);
  if (auto* finish = std::get_if<Finish>(&action)) finish->answer = answer(run);
  return action;
}

std::optional<CallModel> InstantPlanner::wrap_up(const Run&) const { return std::nullopt; }

std::string InstantPlanner::answer(const Run& run) const {
  const Message* reply = last_reply(run);
  if (reply == nullptr) return {};
  const std::vector<BriefedFile> files = reply_files(run);
  if (!files.empty()) return changes_told(run, files);
  if (is_cut(run)) {
    if (auto answer = answer_before_cut(reply->text)) return *answer;
  }
  return plain_answer(reply->text);
}

}  // namespace pareto
