#include "apps/bench/readers/browsecomp.h"

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"
#include "apps/bench/rules/canary_cipher.h"

namespace pareto {
namespace {

std::string opened(JsonFields& fields, std::string_view key, const std::string& canary) {
  std::string text = fields.keep<std::string>(key, open_with_canary(fields.text(key), canary));
  // A wrong canary gives bytes at random.
  if (parse_json(dump_json(text)).value_or(Json()) != Json(text)) {
    fields.add_error(key, "is no text when it is decrypted with this canary");
  }
  if (text.empty()) fields.add_error(key, "must not be empty");
  return text;
}

Result<Task> task_of(JsonFields& fields, std::size_t number, bool judged) {
  const std::string canary = filled_text(fields, "canary");
  Task task{.id = numbered("browsecomp", number), .label = "questions", .sensitive = true};
  task.prompt =
      opened(fields, "problem", canary) +
      "\n\nAnswer in this form:\nExplanation: why\nExact Answer: the answer alone, in few "
      "words\nConfidence: how sure you are, 0% to 100%";
  opened(fields, "answer", canary);  // read only to be checked
  const std::vector<std::string> sealed{fields.text("answer") + " " + canary};
  task.score = judged ? dump_json(Json{{"type", "judge"}, {"answers", sealed}, {"sealed", true}})
                      : answers_score("browsecomp", sealed);
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"problem", "answer", "canary"});
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {"score"}); !known) return std::unexpected(known.error());
  auto score = option_of(source, "score", {"exact", "judge"});
  if (!score) return std::unexpected(score.error());
  const auto read_task = [judged = *score == "judge"](JsonFields& fields, std::size_t number) {
    return task_of(fields, number, judged);
  };
  auto tasks = tasks_of(csv_records(source.text), "browsecomp", read_task);
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kBrowseComp{"browsecomp", "CSV: problem, answer (encrypted), canary", recognises,
                         read};

}  // namespace pareto
