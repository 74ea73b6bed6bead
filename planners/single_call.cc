#include "planners/single_call.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/text/features.h"
#include "agent/text/words.h"
#include "planners/briefing_prompt.h"
#include "planners/edit_blocks.h"
#include "planners/extraction.h"

namespace pareto {
namespace {

constexpr std::size_t kPassagesShown = 5;
constexpr std::string_view kWriteTool = "write";

// The form is asked for here because a small model does not follow it at the end of the prompt.
std::string edit_system() {
  return fmt::format(
      "{} You repair programs. Reply with the faulty line and what must stand there instead, and "
      "nothing else, in this form:\n<<<<<<< name.py\nthe faulty line as it stands in the file\n"
      "=======\nthe line or lines that replace it\n>>>>>>>",
      kDataRule);
}

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

// A check that fails because of a bug in the files shown, with a model that is better at naming the
// faulty line than at writing everything again.
bool repairs_a_program(const Run& run) {
  const Briefing& briefing = run->recall->briefing;
  if (!run->model.small || !run.task().verify || briefing.check_output.empty()) return false;
  if (std::ranges::all_of(briefing.files, is_test_file, &BriefedFile::path)) return false;
  const TaskFeatures features = features_of(run.task(), briefing);
  return features.repair_words > 0 && features.repair_words >= features.writing_words;
}

bool asks_for_edits(const Run& run) {
  return run->history.messages().front()->text == edit_system();
}

std::vector<Message> prompt(const Run& run, const SingleCallWords& words, FileForm form) {
  const Briefing& briefing = run->recall->briefing;
  const std::string files = files_section(briefing, file_room(run->model));
  const std::string passages = passages_section(briefing, kPassagesShown);
  const std::string check = check_section(run.task(), briefing.check_output);
  std::string text = fmt::format("{}\n\n{}{}{}", run.task().prompt, files, passages, check);
  if (form == FileForm::whole) text += wish(run, words);
  while (text.ends_with('\n')) text.pop_back();
  std::string system = form == FileForm::edits
                           ? edit_system()
                           : fmt::format("You are a careful expert. {}", kDataRule);
  return {{.role = Role::system, .text = std::move(system)},
          {.role = Role::user, .text = std::move(text)}};
}

// The prompt of the other form, from the files as they were, in the place of the whole history; one
// message at a time.
Action start_over(const Run& run, const SingleCallWords& words) {
  const auto messages = run->history.messages();
  const FileForm second = words.first == FileForm::edits ? FileForm::whole : FileForm::edits;
  std::vector<Message> wanted = prompt(run, words, second);
  if (*messages.front() != wanted[0]) return Decide{Compacted{0, 1, std::move(wanted[0])}};
  return Decide{Compacted{1, static_cast<std::int64_t>(messages.size()), std::move(wanted[1])}};
}

// The second reply starts from the files as they were: what the first one changed besides goes
// back.
std::vector<BriefedFile> with_restored(const Run& run, std::vector<BriefedFile> files) {
  if (run->receipt.turns < 2 || !repairs_a_program(run)) return files;
  for (const BriefedFile& original : run->recall->briefing.files) {
    const auto use = run->files.find(original.path);
    if (use == run->files.end() || !use->second.edited) continue;
    const bool given = std::ranges::find(files, original.path, &BriefedFile::path) != files.end();
    if (!given) files.push_back(original);
  }
  return files;
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
  return {.messages = prompt(run, words, repairs_a_program(run) ? words.first : FileForm::whole)};
}

Action single_call_next(const Run& run, const SingleCallWords& words,
                        std::int64_t max_output_tokens) {
  CallModel call{.max_output_tokens = max_output_tokens};
  if (run->history.back().role != Role::assistant) return call;
  if (!run->step_from_planner) {
    const std::vector<BriefedFile> files = reply_files(run);
    if (!files.empty()) return CallTools{write_calls(with_restored(run, files)), true};
  }
  if (may_repair(run)) {
    if (repairs_a_program(run)) return start_over(run, words);
    call.append = {{.role = Role::user, .text = repair_message(*run->verdict, words.repair)}};
    return call;
  }
  if (cut_off(run)) return cut_off_end(run);
  return Finish{.status = Status::success, .reason = Reason::unverified};
}

std::string changes_told(const Run& run, const std::vector<BriefedFile>& files) {
  const Message* reply = last_reply(run);
  std::string told = asks_for_edits(run) ? std::string() : prose_of(reply->text);
  if (!told.empty()) return told;
  std::vector<std::string_view> paths;
  for (const BriefedFile& file : files) paths.emplace_back(file.path);
  return fmt::format("Changed {}.", fmt::join(paths, ", "));
}

std::vector<BriefedFile> reply_files(const Run& run) {
  const Message* reply = last_reply(run);
  const Product product = product_of(run);
  if (reply == nullptr || product == Product::answer) return {};
  const std::vector<BriefedFile> candidates = candidates_of(run);
  const ReplyEnd end = is_cut(run) ? ReplyEnd::cut : ReplyEnd::complete;
  std::vector<BriefedFile> files;
  if (asks_for_edits(run)) files = edited_files(reply->text, candidates);
  if (files.empty()) files = extract_files(reply->text, candidates, end);
  if (files.empty() && product == Product::files) {
    if (auto guess = guess_file(reply->text, candidates, end)) files.push_back(std::move(*guess));
  }
  std::erase_if(files, [&run, product](const BriefedFile& file) {
    return belongs_to_check(run, file.path) ||
           (product == Product::either && !may_be_whole(run, file));
  });
  return files;
}

bool cut_off(const Run& run) {
  const Message* reply = last_reply(run);
  return reply != nullptr && is_cut(run) && !answer_before_cut(reply->text) &&
         (run->route->mode == Mode::agentic || reply_files(run).empty());
}

Finish cut_off_end(const Run& run) {
  const std::string tokens =
      "the model's reply was cut off at its bound of tokens before it came to an answer; try "
      "another "
      "mode or model, or raise the model's max_output_tokens";
  Finish end{.status = Status::failure, .reason = Reason::model, .answer = {}, .error = tokens};
  if (!run->call_error) return end;
  end.error = run->call_error->message;
  if (run->call_error->code != ErrorCode::limit && !run.task().verify) end.status = Status::error;
  return end;
}

bool is_cut(const Run& run) {
  return run->finish_reason == FinishReason::length || run->call_error.has_value();
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
