#include "apps/bench/readers/gsm8k.h"

#include <re2/re2.h>

#include <algorithm>

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

// The number behind the last "####", without separators; empty when there is none.
std::string final_number(const std::string& answer) {
  const std::size_t mark = answer.rfind("####");
  if (mark == std::string::npos) return "";
  std::string number;
  if (!RE2::FullMatch(answer.substr(mark + 4), R"(\s*\$?([-+]?\d[\d,]*(?:\.\d+)?)\s*)", &number)) {
    return "";
  }
  std::erase(number, ',');
  return number;
}

Result<Task> task_of(JsonFields& fields, std::size_t number) {
  const std::string gold = final_number(fields.text("answer"));
  if (fields.find("answer") != nullptr && gold.empty()) {
    fields.add_error("answer", "expected a last line \"#### NUMBER\"");
  }
  Task task{.id = numbered("gsm8k", number), .label = "math"};
  task.prompt = filled_text(fields, "question") +
                "\n\nEnd your answer with a line that holds the number alone.";
  task.score = dump_json(Json{{"type", "number"}, {"answer", gold}});
  task.metadata = dump_json(Json{{"solution", gold}});
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"question", "answer"}) && first["answer"].is_string() &&
         first["answer"].get<std::string>().contains("####");
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {}); !known) return std::unexpected(known.error());
  auto tasks = tasks_of(json_records(source.text), "gsm8k", task_of);
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks)};
}

}  // namespace

const Reader kGsm8k{"gsm8k", "question, answer with \"#### NUMBER\"", recognises, read};

}  // namespace pareto
