#include "apps/bench/readers/math500.h"

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

Result<Task> task_of(JsonFields& fields, std::size_t number) {
  const std::string gold = filled_text(fields, "answer");
  Task task{.id = fields.text_or("unique_id", numbered("math500", number)), .label = "math"};
  task.prompt = filled_text(fields, "problem") + "\n\nPut the final answer into \\boxed{}.";
  task.score = answers_score("math", {gold});
  Json metadata = {{"solution", "\\boxed{" + gold + "}"}};
  if (const std::string subject = fields.text_or("subject", ""); !subject.empty()) {
    metadata["subject"] = subject;
  }
  task.metadata = dump_json(metadata);
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"problem", "answer"}) &&
         (first.contains("unique_id") || first.contains("solution") || first.contains("level"));
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {}); !known) return std::unexpected(known.error());
  auto tasks = tasks_of(json_records(source.text), "math500", task_of);
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kMath500{"math500", "problem, answer, unique_id", recognises, read};

}  // namespace pareto
