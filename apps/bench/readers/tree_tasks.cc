#include "apps/bench/readers/tree_tasks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"
#include "apps/bench/answers.h"
#include "apps/bench/readers/passages.h"
#include "apps/bench/readers/records.h"

namespace pareto {
namespace {

constexpr std::size_t kMostAnswers = 20;

struct Row {
  std::string entity;
  std::string text;  // the passage on the entity
  std::map<std::string, std::vector<std::string>> attributes;
};

// What the entities of one branch have in common: "award" = "Tarn Prize".
using Trait = std::pair<std::string, std::string>;
using Members = std::set<std::size_t>;  // indexes of rows

struct Draft {
  std::string kind;
  std::string question;
  Members answers;
  Members required;  // with the entities that must be looked at on the way
};

std::vector<std::string> values_of(std::string_view cell) {
  std::vector<std::string> values;
  while (true) {
    const std::size_t end = cell.find(';');
    std::string value = trim_blanks(cell.substr(0, end));
    if (!value.empty()) values.push_back(std::move(value));
    if (end == std::string_view::npos) return values;
    cell.remove_prefix(end + 1);
  }
}

std::string passage_of(const Row& row) {
  std::string text = row.entity + ".";
  for (const auto& [name, values] : row.attributes) {
    text += fmt::format(" {}: {}.", name, fmt::join(values, ", "));
  }
  return text;
}

// A row: "entity", an optional "text", and any other key as an attribute, whose value is a text
// with ";" between several, or a list.
Result<Row> row_of(const Json& json) {
  JsonFields fields(json, "table");
  Row row{.entity = filled_text(fields, "entity"), .text = fields.text_or("text", "")};
  for (const auto& [key, value] : json.items()) {
    if (key == "entity" || key == "text" || value.is_null()) continue;
    row.attributes[key] = value.is_array()    ? fields.texts(key)
                          : value.is_number() ? std::vector<std::string>{dump_json(value)}
                                              : values_of(fields.text(key));
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  if (row.text.empty()) row.text = passage_of(row);
  return row;
}

std::string said(const Trait& trait) {
  return fmt::format("whose {} is \"{}\"", trait.first, trait.second);
}

class Table {
 public:
  static Result<Table> read(std::string_view text) {
    const std::size_t begun = text.find_first_not_of(" \t\r\n");
    const bool json = begun != std::string_view::npos && (text[begun] == '{' || text[begun] == '[');
    const auto records = json ? json_records(text) : csv_records(text);
    if (!records) return std::unexpected(records.error());
    Table table;
    std::set<std::string> names;
    for (const Record& record : *records) {
      auto row = row_of(record.value);
      if (!row) {
        return fail(ErrorCode::invalid, fmt::format("{}: {}", record.where, row.error().message));
      }
      if (!names.insert(row->entity).second) {
        return fail(ErrorCode::invalid, fmt::format("{}: the entity \"{}\" was used before",
                                                    record.where, row->entity));
      }
      for (const auto& [name, values] : row->attributes) {
        for (const std::string& value : values) {
          table.members_[{name, value}].insert(table.rows_.size());
        }
      }
      table.rows_.push_back(std::move(*row));
    }
    return table;
  }

  const std::vector<Row>& rows() const { return rows_; }

  // One tree: its root is a trait, its entities are those that have it.
  std::vector<Draft> basic() const {
    std::vector<Draft> drafts;
    for (const auto& [trait, members] : members_) {
      if (members.size() < 2 || members.size() > kMostAnswers) continue;
      drafts.push_back({"basic", "Which are all entities " + said(trait) + "?", members, members});
    }
    return drafts;
  }

  // Two trees that share entities, neither within the other: both have to be gone through.
  std::vector<Draft> united() const {
    std::vector<Draft> drafts;
    for (auto one = members_.begin(); one != members_.end(); ++one) {
      if (one->second.size() < 2) continue;
      for (auto other = std::next(one); other != members_.end(); ++other) {
        Draft draft{"union", "Which are all entities " + said(one->first) + " and " +
                                 said(other->first) + "?"};
        std::ranges::set_intersection(one->second, other->second,
                                      std::inserter(draft.answers, draft.answers.end()));
        std::ranges::set_union(one->second, other->second,
                               std::inserter(draft.required, draft.required.end()));
        const std::size_t shared = draft.answers.size();
        if (shared == 0 || shared == one->second.size() || shared == other->second.size() ||
            shared > kMostAnswers) {
          continue;
        }
        drafts.push_back(std::move(draft));
      }
    }
    return drafts;
  }

  // The anchor is not named but described by two traits that only it has together; the question is
  // for those that share a third with it.
  std::vector<Draft> reversed() const {
    std::vector<Draft> drafts;
    for (std::size_t anchor = 0; anchor < rows_.size(); ++anchor) {
      std::vector<Trait> traits;
      for (const auto& [name, values] : rows_[anchor].attributes) {
        if (values.size() == 1) traits.emplace_back(name, values.front());
      }
      for (const Trait& pivot : traits) {
        Draft draft{"reverse_union"};
        const auto clue = clue_of(traits, pivot);
        if (clue.empty()) continue;
        draft.required = members_.at(pivot);
        draft.answers = draft.required;
        draft.answers.erase(anchor);
        if (draft.answers.empty() || draft.answers.size() > kMostAnswers) continue;
        draft.question = fmt::format(
            "There is one entity {} and {}. Which are all other entities with the same {}?",
            said(clue[0]), said(clue[1]), pivot.first);
        drafts.push_back(std::move(draft));
      }
    }
    return drafts;
  }

 private:
  // The first two traits, without the pivot, that together belong to one entity, and neither alone.
  std::vector<Trait> clue_of(const std::vector<Trait>& traits, const Trait& pivot) const {
    for (std::size_t i = 0; i < traits.size(); ++i) {
      for (std::size_t j = i + 1; j < traits.size(); ++j) {
        if (traits[i] == pivot || traits[j] == pivot) continue;
        const Members& a = members_.at(traits[i]);
        const Members& b = members_.at(traits[j]);
        Members both;
        std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
        if (both.size() == 1 && a.size() > 1 && b.size() > 1) return {traits[i], traits[j]};
      }
    }
    return {};
  }

  std::vector<Row> rows_;
  std::map<Trait, Members> members_;
};

// At most `most` of the drafts, which ones depends on the seed alone.
std::vector<Draft> drawn(std::vector<Draft> drafts, std::uint64_t seed, std::size_t most) {
  std::ranges::sort(drafts, {}, [seed](const Draft& draft) {
    return std::pair(hash64(draft.question, seed), std::string_view(draft.question));
  });
  if (drafts.size() > most) drafts.resize(most);
  return drafts;
}

Task task_of(const Draft& draft, const std::string& id, const Table& table,
             const Passages::Added& passages) {
  Task task{.id = id, .label = "questions", .corpus = passages.corpus};
  task.prompt = draft.question + " Answer with their names alone, one a line.";
  std::vector<std::string> names;
  for (const std::size_t row : draft.answers) names.push_back(table.rows()[row].entity);
  std::vector<std::string> required;
  for (const std::size_t row : draft.required) required.push_back(passages.ids[row]);
  task.score = answers_score("set_f1", names);
  task.metadata = dump_json(Json{{"kind", draft.kind},
                                 {"solution", fmt::format("{}", fmt::join(names, "\n"))},
                                 {"required", required}});
  return task;
}

bool recognises(const Source&, const Json& first) {
  return has_keys(first, {"entity"}) && first.size() > 1;
}

Result<ForeignTasks> read(const Source& source) {
  if (auto known = only_options(source, {"seed", "tasks"}); !known) {
    return std::unexpected(known.error());
  }
  JsonFields options(source.options, "[reader]");
  const std::int64_t seed = options.integer_or("seed", 1);
  const std::int64_t most = options.integer_or("tasks", 10);  // of each kind
  if (most < 1) options.add_error("tasks", "must be 1 or more");
  if (auto read = options.done(); !read) return std::unexpected(read.error());
  auto table = Table::read(source.text);
  if (!table) return std::unexpected(table.error());

  std::vector<ContextPassage> context;
  for (const Row& row : table->rows()) context.push_back({row.entity, row.text});
  Passages passages("tree_tasks", Passages::Sharing::shared);
  const Passages::Added added = passages.add("", context);
  ForeignTasks foreign;
  for (auto drafts : {table->basic(), table->united(), table->reversed()}) {
    std::size_t number = 0;
    for (const Draft& draft : drawn(std::move(drafts), static_cast<std::uint64_t>(seed),
                                    static_cast<std::size_t>(most))) {
      foreign.tasks.push_back(task_of(draft, numbered(draft.kind, ++number), *table, added));
    }
  }
  if (foreign.tasks.empty()) {
    return fail(ErrorCode::invalid,
                "no question can be made of this table: expected entities that share values");
  }
  foreign.corpora = std::move(passages).corpora();
  return foreign;
}

}  // namespace

const Reader kTreeTasks{"tree_tasks", "a table: entity, text, and attributes", recognises, read};

}  // namespace pareto
