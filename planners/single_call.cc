#include "planners/single_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/text/words.h"
#include "planners/briefing_prompt.h"
#include "planners/extraction.h"

namespace pareto {
namespace {

constexpr std::size_t kPassagesShown = 5;
constexpr std::string_view kWriteTool = "write";

// The files shown, and those that the prompt names but that don't exist yet.
std::vector<BriefedFile> candidates_of(const Run& run) {
  std::vector<BriefedFile> candidates = run->recall->briefing.files;
  for (const std::string_view name : file_names_in(run.task().prompt)) {
    const bool known = std::ranges::find(candidates, name, &BriefedFile::path) != candidates.end();
    if (!known && is_workspace_path(name)) candidates.push_back({std::string(name), ""});
  }
  return candidates;
}

// A test that the check runs: changing it would only fool the check.
bool belongs_to_check(const Run& run, const std::string& path) {
  return run.task().verify && is_test_file(path) && run.task().verify->command.contains(path);
}

// Whether a block may be a whole file rather than a quotation from it.
bool may_be_whole(const Run& run, const BriefedFile& file) {
  const auto& shown = run->recall->briefing.files;
  const auto old = std::ranges::find(shown, file.path, &BriefedFile::path);
  if (old == shown.end()) return true;
  return std::ranges::count(file.text, '\n') * 2 >= std::ranges::count(old->text, '\n');
}

// The form in which files are asked for. A single one needs no path, which small models forget.
std::string file_form(const Run& run) {
  std::vector<BriefedFile> candidates = candidates_of(run);
  std::erase_if(candidates, [](const BriefedFile& file) { return is_test_file(file.path); });
  if (product_of(run) == Product::files && candidates.size() == 1) {
    return fmt::format("the complete new text of {} in one fenced block.", candidates[0].path);
  }
  return "the complete new text of each file that has to change: a line \"File PATH\", then a "
         "fenced block.";
}

std::string wish(const Run& run, const SingleCallWords& words) {
  switch (product_of(run)) {
    case Product::answer:
      return std::string(words.answer);
    case Product::files:
      return fmt::format("{} {}", words.files, file_form(run));
    case Product::either:
      break;
  }
  return fmt::format("{} {} {}", words.either, file_form(run), words.otherwise);
}

std::vector<ToolCall> write_calls(const std::vector<BriefedFile>& files) {
  std::vector<ToolCall> calls;
  for (const BriefedFile& file : files) {
    calls.push_back({.id = fmt::format("file-{}", calls.size() + 1),
                     .name = std::string(kWriteTool),
                     .arguments = dump_json({{"path", file.path}, {"text", file.text}})});
  }
  return calls;
}

bool may_repair(const Run& run) {
  return check_fails(run) && run->receipt.turns == 1 && has_turn(run);
}

}  // namespace

Product product_of(const Run& run) {
  if (run.task().verify) return Product::files;
  const Briefing& briefing = run->recall->briefing;
  const bool files = !briefing.files.empty() || !briefing.omitted.empty() ||
                     !file_names_in(run.task().prompt).empty();
  return files ? Product::either : Product::answer;
}

Planned single_call_plan(const Run& run, const SingleCallWords& words) {
  const Briefing& briefing = run->recall->briefing;
  std::string text = run.task().prompt + "\n\n";
  text += files_section(briefing, file_room(run->model));
  text += passages_section(briefing, kPassagesShown);
  text += check_section(run.task(), briefing.check_output);
  text += wish(run, words);
  return {.messages = {{.role = Role::system,
                        .text = fmt::format("You are a careful expert. {}", kDataRule)},
                       {.role = Role::user, .text = std::move(text)}}};
}

Action single_call_next(const Run& run, std::int64_t max_output_tokens, std::string_view repair) {
  CallModel call{.max_output_tokens = max_output_tokens};
  if (run->history.back().role != Role::assistant) return call;
  if (!run->step_from_planner) {
    const std::vector<BriefedFile> files = reply_files(run);
    if (!files.empty()) return CallTools{write_calls(files), true};
  }
  if (may_repair(run)) {
    call.append = {{.role = Role::user, .text = repair_message(*run->verdict, repair)}};
    return call;
  }
  return Finish{.status = Status::success, .reason = Reason::unverified};
}

std::vector<BriefedFile> reply_files(const Run& run) {
  const Message* reply = last_reply(run);
  const Product product = product_of(run);
  if (reply == nullptr || product == Product::answer) return {};
  const std::vector<BriefedFile> candidates = candidates_of(run);
  const ReplyEnd end =
      run->finish_reason == FinishReason::length ? ReplyEnd::cut : ReplyEnd::complete;
  std::vector<BriefedFile> files = extract_files(reply->text, candidates, end);
  if (files.empty() && product == Product::files) {
    if (auto guess = guess_file(reply->text, candidates, end)) files.push_back(std::move(*guess));
  }
  std::erase_if(files, [&run, product](const BriefedFile& file) {
    return belongs_to_check(run, file.path) ||
           (product == Product::either && !may_be_whole(run, file));
  });
  return files;
}

const Message* last_reply(const Run& run) {
  const auto messages = run->history.messages();
  for (auto at = messages.rbegin(); at != messages.rend(); ++at) {
    if ((*at)->role == Role::assistant) return at->get();
  }
  return nullptr;
}

bool has_turn(const Run& run) {
  return !run->limits.turns || run->receipt.turns < *run->limits.turns;
}

bool check_fails(const Run& run) {
  return run->verdict && run->verdict->error.empty() && !run->verdict->passed &&
         run->verified_revision == run->revision;
}

}  // namespace pareto
