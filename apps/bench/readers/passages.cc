#include "apps/bench/readers/passages.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_text.h"
#include "apps/bench/readers/records.h"

namespace pareto {

Passages::Added Passages::add(const std::string& task, const std::vector<ContextPassage>& context) {
  Added added;
  if (context.empty()) return added;
  const bool shared = sharing_ == Sharing::shared;
  added.corpus = shared ? name_ : name_ + "/" + task;
  std::string& lines = corpora_[added.corpus];
  for (std::size_t i = 0; i < context.size(); ++i) {
    const auto& [title, text] = context[i];
    std::string id = std::to_string(shared ? ids_.size() : i);
    if (shared) {
      const auto [known, is_new] = ids_.try_emplace(title + "\n" + text, id);
      id = known->second;
      if (!is_new) {
        added.ids.push_back(id);
        continue;
      }
    }
    lines += dump_json(Json{{"id", id}, {"title", title}, {"text", text}}) + "\n";
    added.ids.push_back(std::move(id));
  }
  return added;
}

std::map<std::string, std::string> Passages::corpora() && { return std::move(corpora_); }

Result<ForeignTasks> questions_with_context(const Source& source, const std::string& format,
                                            const MakeQuestion& make) {
  if (auto known = only_options(source, {"corpus", "metric"}); !known) {
    return std::unexpected(known.error());
  }
  auto corpus = option_of(source, "corpus", {"task", "shared"});
  if (!corpus) return std::unexpected(corpus.error());
  auto metric = option_of(source, "metric", {"exact", "f1"});
  if (!metric) return std::unexpected(metric.error());
  Passages passages(format,
                    *corpus == "shared" ? Passages::Sharing::shared : Passages::Sharing::per_task);
  auto tasks = tasks_of(json_records(source.text), format, [&](JsonFields& fields, std::size_t) {
    return make(fields, passages, *metric);
  });
  if (!tasks) return std::unexpected(tasks.error());
  return ForeignTasks{.tasks = std::move(*tasks), .corpora = std::move(passages).corpora()};
}

}  // namespace pareto
