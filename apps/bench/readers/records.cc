#include "apps/bench/readers/records.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "agent/core/json_text.h"
#include "apps/bench/answers.h"

namespace pareto {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view without_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::unexpected<Error> wrong(std::string_view where, std::string_view why) {
  return fail(ErrorCode::invalid, fmt::format("{}: {}", where, why));
}

Result<std::vector<Record>> items_of(std::string_view text) {
  auto json = parse_json(text);
  if (!json) return std::unexpected(json.error());
  if (!json->is_array()) return fail(ErrorCode::invalid, "expected a JSON array of objects");
  std::vector<Record> records;
  for (Json& item : *json) {
    records.push_back({fmt::format("item {}", records.size() + 1), std::move(item)});
    if (!records.back().value.is_object()) {
      return wrong(records.back().where, "expected a JSON object");
    }
  }
  return records;
}

// One record of a CSV text; `at` and `line` move behind it.
Result<std::vector<std::string>> csv_row(std::string_view text, std::size_t& at, int& line) {
  std::vector<std::string> cells(1);
  const int begun = line;
  bool quoted = false;
  bool closed = false;  // a quoted cell has ended
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        cells.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        cells.back() += text[++at];
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == ',') {
      cells.emplace_back();
      closed = false;
    } else if (c == '\n') {
      ++at;
      if (!closed && cells.back().ends_with('\r')) cells.back().pop_back();
      return cells;
    } else if (c == '"' && cells.back().empty() && !closed) {
      quoted = true;
    } else if (closed) {
      if (c != '\r') {
        return wrong(fmt::format("line {}", line), "expected a comma after a closing quote");
      }
    } else {
      cells.back() += c;
    }
  }
  if (quoted) return wrong(fmt::format("line {}", begun), "a quote is opened and never closed");
  return cells;
}

}  // namespace

Result<std::vector<Record>> json_records(std::string_view text) {
  text = without_mark(text);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '[') return items_of(text);
  std::vector<Record> records;
  auto read = each_json_line(text, "line ", [&records](Json value, int line) -> Result<void> {
    if (!value.is_object()) return fail(ErrorCode::invalid, "expected a JSON object");
    records.push_back({fmt::format("line {}", line), std::move(value)});
    return {};
  });
  if (!read) return std::unexpected(read.error());
  return records;
}

Result<std::vector<Record>> csv_records(std::string_view text) {
  text = without_mark(text);
  std::size_t at = 0;
  int line = 1;
  auto header = csv_row(text, at, line);
  if (!header) return std::unexpected(header.error());
  std::vector<Record> records;
  while (at < text.size()) {
    const std::string where = fmt::format("line {}", line);
    auto cells = csv_row(text, at, line);
    if (!cells) return std::unexpected(cells.error());
    if (cells->size() == 1 && is_blank(cells->front())) continue;
    if (cells->size() != header->size()) {
      return wrong(where, fmt::format("expected {} cells as in the header; found {}",
                                      header->size(), cells->size()));
    }
    Json row = Json::object();
    for (std::size_t i = 0; i < cells->size(); ++i) row[(*header)[i]] = (*cells)[i];
    records.push_back({where, std::move(row)});
  }
  return records;
}

Json first_record(std::string_view text) {
  text = without_mark(text);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return nullptr;
  if (text[first] == '[') {
    auto items = items_of(text);
    return items && !items->empty() ? std::move(items->front().value) : Json(nullptr);
  }
  if (text[first] == '{') {
    auto json = parse_json(text.substr(first, text.find('\n', first) - first));
    return json ? std::move(*json) : Json(nullptr);
  }
  std::size_t at = 0;
  int line = 1;
  const auto header = csv_row(text, at, line);
  const auto cells = at < text.size() ? csv_row(text, at, line) : header;
  Json row = Json::object();
  if (!header || !cells || cells->size() != header->size()) return nullptr;
  for (std::size_t i = 0; i < cells->size(); ++i) row[(*header)[i]] = (*cells)[i];
  return row;
}

bool has_keys(const Json& record, std::initializer_list<std::string_view> keys) {
  return record.is_object() && std::ranges::all_of(keys, [&record](std::string_view key) {
           return record.contains(std::string(key));
         });
}

Result<std::vector<Task>> tasks_of(const Result<std::vector<Record>>& records,
                                   std::string_view format, const MakeTask& make) {
  if (!records) return std::unexpected(records.error());
  if (records->empty()) return fail(ErrorCode::invalid, "no task in it");
  std::vector<Task> tasks;
  std::set<std::string> ids;
  for (const Record& record : *records) {
    JsonFields fields(record.value, format);
    auto task = make(fields, tasks.size() + 1);
    if (!task) return wrong(record.where, task.error().message);
    if (!ids.insert(task->id).second) {
      return wrong(record.where, fmt::format("the id \"{}\" was used before", task->id));
    }
    tasks.push_back(std::move(*task));
  }
  return tasks;
}

Result<Task> done(const JsonFields& fields, Task task) {
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return task;
}

std::string numbered(std::string_view format, std::size_t number) {
  return fmt::format("{}-{:04}", format, number);
}

std::string answers_score(std::string_view type, const std::vector<std::string>& answers) {
  return dump_json(Json{{"type", type}, {"answers", answers}});
}

std::string normalised_score(std::string_view type, std::vector<std::string> answers) {
  const std::string gold = answers.front();
  std::erase_if(answers, [](const std::string& text) { return normalise_answer(text).empty(); });
  if (!answers.empty()) return answers_score(type, answers);
  return dump_json(
      Json{{"type", "regex"}, {"pattern", "(?i)^\\s*" + RE2::QuoteMeta(gold) + "\\s*$"}});
}

std::string filled_text(JsonFields& fields, std::string_view key) {
  std::string text = fields.text(key);
  if (fields.find(key) != nullptr && is_blank(text)) fields.add_error(key, "must not be empty");
  return text;
}

Result<std::string> option_of(const Source& source, std::string_view key,
                              std::initializer_list<std::string_view> choices) {
  JsonFields options(source.options, "[reader]");
  std::string chosen = options.text_or(key, std::string(*choices.begin()));
  if (std::ranges::find(choices, chosen) == choices.end()) {
    options.add_error(key,
                      fmt::format("expected {}; found \"{}\"", fmt::join(choices, " or "), chosen));
  }
  if (auto read = options.done(); !read) return std::unexpected(read.error());
  return chosen;
}

Result<void> only_options(const Source& source, std::initializer_list<std::string_view> known) {
  JsonFields options(source.options, "[reader]");
  options.only(known);
  return options.done();
}

}  // namespace pareto
