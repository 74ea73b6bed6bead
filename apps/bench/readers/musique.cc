#include "apps/bench/readers/musique.h"

#include <fmt/format.h>

#include "agent/core/json_text.h"
#include "apps/bench/readers/passages.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

struct Paragraph {
  ContextPassage passage;
  bool supports = false;
};

Result<Paragraph> paragraph_of(const Json& json) {
  JsonFields fields(json, "paragraph");
  Paragraph paragraph{{fields.text("title"), fields.text("paragraph_text")},
                      fields.flag_or("is_supporting", false)};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return paragraph;
}

Result<Task> task_of(JsonFields& fields, Passages& passages, const std::string& metric) {
  Task task{.id = filled_text(fields, "id"), .label = "questions"};
  task.prompt = filled_text(fields, "question") +
                "\n\nAnswer with the name, number or date alone, without a sentence.";
  std::vector<std::string> golds{filled_text(fields, "answer")};
  for (std::string& alias :
       fields.texts(fields.find("answer_aliases") != nullptr ? "answer_aliases" : "aliases")) {
    golds.push_back(std::move(alias));
  }
  if (!fields.flag_or("answerable", true)) {
    fields.add_error("answerable", "is false: take the file of answerable questions");
  }
  const auto paragraphs = fields.list<Paragraph>("paragraphs", paragraph_of);
  std::vector<std::string> required = fields.texts("supporting_titles");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());

  std::vector<ContextPassage> context;
  for (const Paragraph& paragraph : paragraphs) context.push_back(paragraph.passage);
  const Passages::Added added = passages.add(task.id, context);
  task.corpus = added.corpus;
  for (std::size_t i = 0; i < paragraphs.size(); ++i) {
    if (paragraphs[i].supports) required.push_back(added.ids[i]);
  }
  task.score = normalised_score(metric, golds);
  task.metadata = dump_json(Json{{"solution", golds.front()}, {"required", required}});
  return task;
}

bool recognises(const Source&, const Json& first) {
  if (!has_keys(first, {"question", "answer"})) return false;
  return has_keys(first, {"paragraphs"}) || has_keys(first, {"decomposition", "supporting_titles"});
}

Result<ForeignTasks> read(const Source& source) {
  return questions_with_context(source, "musique", task_of);
}

}  // namespace

const Reader kMusique{"musique", "id, question, paragraphs, answer, answer_aliases", recognises,
                      read};

}  // namespace pareto
