#include "apps/bench/readers/hotpotqa.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/json_text.h"
#include "apps/bench/readers/passages.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

constexpr const char* kWant = "expected [[title, [sentence, ...]], ...]";

Result<std::string> joined(const Json& sentences) {
  if (!sentences.is_array()) return fail(ErrorCode::invalid, kWant);
  std::string text;
  for (const Json& sentence : sentences) {
    if (!sentence.is_string()) return fail(ErrorCode::invalid, kWant);
    const auto& next = sentence.get_ref<const std::string&>();
    // HotpotQA's sentences begin with their blank, those of 2WikiMultihopQA don't.
    if (!text.empty() && !next.starts_with(' ')) text += ' ';
    text += next;
  }
  return text;
}

// [[title, [sentence, ...]], ...] as the authors have it, or the columns
// {"title": [...], "sentences": [[...], ...]} of its table form.
Result<std::vector<ContextPassage>> context_of(const Json& json) {
  const bool columns = has_keys(json, {"title", "sentences"});
  const Json& titles = columns ? json["title"] : json;
  if (!titles.is_array() ||
      (columns && (!json["sentences"].is_array() || json["sentences"].size() != titles.size()))) {
    return fail(ErrorCode::invalid, kWant);
  }
  std::vector<ContextPassage> context;
  for (std::size_t i = 0; i < titles.size(); ++i) {
    if (!columns && (!titles[i].is_array() || titles[i].size() != 2)) {
      return fail(ErrorCode::invalid, kWant);
    }
    const Json& title = columns ? titles[i] : titles[i][0];
    auto text = joined(columns ? json["sentences"][i] : titles[i][1]);
    if (!text || !title.is_string()) return fail(ErrorCode::invalid, kWant);
    context.push_back({title.get<std::string>(), std::move(*text)});
  }
  return context;
}

// The titles of [[title, sentence], ...], or of the columns {"title": [...], "sent_id": [...]}, or
// of a plain list; each once.
Result<std::vector<std::string>> titles_of(const Json& json) {
  const Json& list = has_keys(json, {"title"}) ? json["title"] : json;
  if (!list.is_array()) return fail(ErrorCode::invalid, "expected [[title, sentence], ...]");
  std::vector<std::string> titles;
  for (const Json& entry : list) {
    const Json& title = entry.is_array() && !entry.empty() ? entry[0] : entry;
    if (!title.is_string()) return fail(ErrorCode::invalid, "expected [[title, sentence], ...]");
    auto text = title.get<std::string>();
    if (std::ranges::find(titles, text) == titles.end()) titles.push_back(std::move(text));
  }
  return titles;
}

Result<Task> task_of(JsonFields& fields, Passages& passages, const std::string& metric) {
  Task task{.id = filled_text(fields, fields.find("_id") != nullptr ? "_id" : "id"),
            .label = "questions"};
  task.prompt = filled_text(fields, "question") +
                "\n\nAnswer with the name, number, date, or yes or no alone, without a sentence.";
  const std::string gold = filled_text(fields, "answer");
  std::vector<ContextPassage> context;
  if (fields.find("context") != nullptr) {
    context = fields.nested<std::vector<ContextPassage>>("context", context_of);
  }
  const char* facts =
      fields.find("supporting_facts") != nullptr ? "supporting_facts" : "supporting_titles";
  std::vector<std::string> required;
  if (fields.find(facts) != nullptr) {
    required = fields.nested<std::vector<std::string>>(facts, titles_of);
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());

  const Passages::Added added = passages.add(task.id, context);
  task.corpus = added.corpus;
  for (std::string& title : required) {
    const auto passage = std::ranges::find(context, title, &ContextPassage::title);
    // In fullwiki what a question rests on may be missing from its context: the title stays.
    if (passage != context.end()) title = added.ids[std::size_t(passage - context.begin())];
  }
  task.score = normalised_score(metric == "f1" ? "hotpot_f1" : "exact", {gold});
  task.metadata = dump_json(Json{{"solution", gold},
                                 {"required", required},
                                 {"type", fields.text_or("type", "")},
                                 {"level", fields.text_or("level", "")}});
  return done(fields, std::move(task));
}

bool recognises(const Source&, const Json& first) {
  if (!has_keys(first, {"question", "answer"})) return false;
  return has_keys(first, {"context", "supporting_facts"}) ||
         (first.contains("supporting_titles") && !first.contains("decomposition"));
}

Result<ForeignTasks> read(const Source& source) {
  return questions_with_context(source, "hotpotqa", task_of);
}

}  // namespace

const Reader kHotpotQa{"hotpotqa", "HotpotQA or 2WikiMultihopQA: _id, question, context, answer",
                       recognises, read};

}  // namespace pareto
