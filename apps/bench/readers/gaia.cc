#include "apps/bench/readers/gaia.h"

#include <fmt/format.h>

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

// "1", or 1 in some copies.
std::string level_of(JsonFields& fields) {
  const Json* level = fields.find("Level");
  if (level == nullptr) return "";
  return level->is_number_integer() ? dump_json(*level) : fields.text("Level");
}

Result<Task> task_of(JsonFields& fields, std::map<std::string, std::string>& attachments) {
  Task task{.id = filled_text(fields, "task_id"), .label = "questions"};
  const std::string gold = filled_text(fields, "Final answer");
  const std::string level = level_of(fields);
  task.prompt = filled_text(fields, "Question");
  const std::string attached = fields.text_or("file_name", "");
  if (attached.contains('/') || attached == "..") {
    fields.add_error("file_name", "expected the name of a file without \"/\"");
  }
  if (!attached.empty()) {
    task.prompt += fmt::format("\n\nThe file {} is in the workspace.", attached);
    attachments[task.id] = attached;
  }
  task.prompt +=
      "\n\nAnswer with a number, as few words as possible, or a list with commas. Numbers without "
      "separators and units unless they are asked for; words without articles and abbreviations.";
  if (gold != "?") task.score = answers_score("gaia", {gold});
  Json metadata = {{"level", level}};
  if (gold != "?") metadata["solution"] = gold;
  task.metadata = dump_json(metadata);
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"task_id", "Question", "Final answer"});
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {}); !known) return std::unexpected(known.error());
  ForeignTasks foreign;
  auto tasks = tasks_of(json_records(source.text), "gaia", [&](JsonFields& fields, std::size_t) {
    return task_of(fields, foreign.attachments);
  });
  if (!tasks) return std::unexpected(tasks.error());
  foreign.tasks = std::move(*tasks);
  return foreign;
}

}  // namespace

const Reader kGaia{"gaia", "task_id, Question, Level, Final answer, file_name", recognises, read};

}  // namespace pareto
