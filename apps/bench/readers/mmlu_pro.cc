#include "apps/bench/readers/mmlu_pro.h"

#include <fmt/format.h>

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

// The index of the right option, or -1.
std::int64_t gold_index(JsonFields& fields, std::size_t options) {
  const std::string letter = fields.text("answer");
  const bool is_letter = letter.size() == 1 && letter[0] >= 'A' && letter[0] <= 'Z';
  const std::int64_t index = is_letter ? letter[0] - 'A' : -1;
  if (fields.find("answer") != nullptr && !is_letter) {
    fields.add_error("answer", fmt::format("expected one capital letter; found \"{}\"", letter));
  }
  if (is_letter && index >= static_cast<std::int64_t>(options)) {
    fields.add_error("answer", fmt::format("{} is none of {} options", letter, options));
  }
  if (const std::int64_t said = fields.integer_or("answer_index", index); said != index) {
    fields.add_error("answer_index", fmt::format("is {}, but the answer is {}", said, letter));
  }
  return index;
}

Result<Task> task_of(JsonFields& fields, std::size_t number) {
  std::vector<std::string> options = fields.texts("options");
  // The authors pad questions with fewer options.
  while (!options.empty() && options.back() == "N/A") options.pop_back();
  if (options.size() < 2 || options.size() > 26) {
    fields.add_error("options", fmt::format("expected 2 to 26 options; found {}", options.size()));
  }
  const std::int64_t index = gold_index(fields, options.size());
  Task task{.label = fields.text_or("category", "choice")};
  const bool has_id = fields.find("question_id") != nullptr || fields.find("qid") != nullptr;
  task.id = has_id ? fmt::format("mmlu_pro-{}",
                                 fields.integer(fields.find("qid") ? "qid" : "question_id"))
                   : numbered("mmlu_pro", number);
  task.prompt = filled_text(fields, "question") + "\n\n";
  for (std::size_t i = 0; i < options.size(); ++i) {
    task.prompt += fmt::format("{}. {}\n", static_cast<char>('A' + i), options[i]);
  }
  task.prompt +=
      "\nEnd your answer with \"The answer is (X)\", X being the letter of the right option.";
  const std::string gold(1, static_cast<char>('A' + std::max<std::int64_t>(index, 0)));
  task.score = dump_json(Json{{"type", "choice"}, {"answer", gold}});
  task.metadata = dump_json(Json{{"solution", "The answer is (" + gold + ")"}});
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"question", "options", "answer"});
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {}); !known) return std::unexpected(known.error());
  auto tasks = tasks_of(json_records(source.text), "mmlu_pro", task_of);
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kMmluPro{"mmlu_pro", "question, options, answer, answer_index", recognises, read};

}  // namespace pareto
