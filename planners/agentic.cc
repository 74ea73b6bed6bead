#include "planners/agentic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "planners/briefing_prompt.h"
#include "planners/extraction.h"
#include "planners/single_call.h"

namespace pareto {
namespace {

constexpr int kNudgesInARow = 2;
constexpr int kRepairs = 3;
constexpr int kInvalidCallsBeforeStop = 10;
// Small files are shown at once: cheaper than a turn for each.
constexpr std::int64_t kFileBytes = 8 * 1024;
constexpr std::int64_t kFileBytesSmall = 4 * 1024;
constexpr std::size_t kPassagesShown = 3;

constexpr std::string_view kSystem =
    "You work on a task with tools, one step at a time. When it is done, call finish with the "
    "answer.";
constexpr std::string_view kNudge =
    "That was no tool call. Call a tool; when the task is done, call finish with the answer.";
constexpr std::string_view kRepair = "Fix it, then call finish.";
constexpr std::string_view kWrapUp =
    "The limit of this task is reached. Call finish now with the best answer you have.";

bool is_text_reply(const Message& message) {
  return message.role == Role::assistant && message.tool_calls.empty();
}

// How many replies without a tool call the history ends in, each but the last with its nudge.
int text_replies(const Run& run) {
  const auto messages = run->history.messages();
  int count = 0;
  for (std::size_t at = messages.size(); at > 0 && is_text_reply(*messages[at - 1]); at -= 2) {
    ++count;
    if (at < 3 || messages[at - 2]->role != Role::user || messages[at - 2]->text != kNudge) break;
  }
  return count;
}

// A failed check is shown once: the messages that did so are counted against the verdicts.
bool may_repair(const Run& run) {
  if (!check_fails(run) || run->verdicts > kRepairs || !has_turn(run)) return false;
  const auto shown = std::ranges::count_if(run->history.messages(), [](const MessageRef& message) {
    return message->role == Role::user && message->text.ends_with(kRepair);
  });
  return shown < run->verdicts;
}

// A small model never stops searching by itself. Measured on two-hop questions with
// Qwen2.5-Coder-1.5B: after two searches and then `finish` alone it answers four of seven, with
// free turns none of five.
bool has_searched_enough(const Run& run) {
  constexpr int kSearches = 2;
  return run->model.small && !run.task().corpus.empty() && !run.task().verify &&
         run->receipt.turns >= kSearches;
}

// What the answer should look like, where the task is a question.
std::string_view answer_form(const Run& run) {
  if (!run.task().corpus.empty()) {
    return "Search for one fact at a time; a second search may use what the first found. The "
           "answer is a name, a number or a few words.";
  }
  if (product_of(run) == Product::answer)
    return "Give finish the answer alone, as short as it can be.";
  return {};
}

}  // namespace

Planned AgenticPlanner::plan(const Run& run) const {
  const Briefing& briefing = run->recall->briefing;
  const std::int64_t room =
      std::min(file_room(run->model), run->model.small ? kFileBytesSmall : kFileBytes);
  std::string text = run.task().prompt + "\n\n";
  text += files_section(briefing, room);
  text += passages_section(briefing, kPassagesShown);
  text += check_section(run.task(), briefing.check_output);
  text += answer_form(run);
  while (text.ends_with('\n')) text.pop_back();
  return {.messages = {{.role = Role::system, .text = fmt::format("{} {}", kSystem, kDataRule)},
                       {.role = Role::user, .text = std::move(text)}},
          .tools = run->recall->tools};
}

Action AgenticPlanner::next(const Run& run) const {
  if (run->invalid_calls >= kInvalidCallsBeforeStop) {
    return Decide{LimitReached{
        Reason::invalid_calls, "agentic",
        fmt::format("{} calls in a row that no tool understands", run->invalid_calls)}};
  }
  CallModel call{.with_tools = true};
  if (has_searched_enough(run)) call.only_tool = std::string(kFinishTool);
  const int texts = text_replies(run);
  const bool done = run->answer || texts > kNudgesInARow;
  if (done && may_repair(run)) {
    call.append = {{.role = Role::user, .text = repair_message(*run->verdict, kRepair)}};
    return call;
  }
  // Something was said to the model that it has not answered, here or before a crash.
  if (run->history.back().role == Role::user) return call;
  if (done && !run->answer && cut_off(run)) {
    Finish end = cut_off_end(run);
    end.answer = answer(run);
    return end;
  }
  if (done) {
    return Finish{.status = Status::success, .reason = Reason::unverified, .answer = answer(run)};
  }
  if (texts > 0) call.append = {{.role = Role::user, .text = std::string(kNudge)}};
  return call;
}

std::optional<CallModel> AgenticPlanner::wrap_up(const Run& run) const {
  if (run->answer) return std::nullopt;
  return CallModel{.tail = std::string(kWrapUp),
                   .only_tool = std::string(kFinishTool),
                   .with_tools = true,
                   .max_output_tokens = kWrapUpTokens};
}

std::string AgenticPlanner::answer(const Run& run) const {
  if (run->answer) return *run->answer;
  const Message* reply = last_reply(run);
  return reply != nullptr && reply->tool_calls.empty() ? extract_answer(reply->text)
                                                       : std::string();
}

}  // namespace pareto
