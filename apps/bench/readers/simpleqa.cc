#include "apps/bench/readers/simpleqa.h"

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

Result<Task> task_of(JsonFields& fields, std::size_t number, bool judged) {
  Task task{.id = numbered("simpleqa", number), .label = "questions"};
  task.prompt = filled_text(fields, "problem") +
                "\n\nAnswer with the name, number or date alone, without a sentence.";
  const std::string gold = filled_text(fields, "answer");
  task.score = judged ? answers_score("judge", {gold}) : normalised_score("exact", {gold});
  task.metadata = dump_json(Json{{"solution", gold}});
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"metadata", "problem", "answer"}) && !first.contains("canary");
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {"score"}); !known) return std::unexpected(known.error());
  auto score = option_of(source, "score", {"exact", "judge"});
  if (!score) return std::unexpected(score.error());
  const auto read_task = [judged = *score == "judge"](JsonFields& fields, std::size_t number) {
    return task_of(fields, number, judged);
  };
  auto tasks = tasks_of(csv_records(source.text), "simpleqa", read_task);
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kSimpleQa{"simpleqa", "CSV: metadata, problem, answer", recognises, read};

}  // namespace pareto
