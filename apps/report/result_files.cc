#include "apps/report/result_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/core/outcome.h"
#include "apps/export/inspect_rows.h"
#include "apps/system/task_file.h"

namespace pareto::reporting {
namespace {

using offline::Ending;
using offline::Observation;

constexpr std::size_t kMostBytes = std::size_t{1} << 31;

// suite and hash, then the key of a row.
using SuiteKey = std::pair<std::string, std::string>;
using Key = std::tuple<std::string, std::string, std::string, std::int64_t>;

Ending ending_of(Status status) {
  if (status == Status::success) return Ending::success;
  return status == Status::error ? Ending::infrastructure_error : Ending::failure;
}

// Costs: unknown is not zero. Rows written before a column existed don't have it; without cached
// tokens the price without a cache is the list price.
void read_costs(JsonFields& fields, Observation& observation) {
  if (fields.flag_or("cost_known", true)) observation.list_cost = fields.money("cost_usd");
  observation.billed_cost = fields.optional_money("billed_cost_usd");
  observation.cost_without_cache = fields.optional_money("cost_without_cache_usd");
  if (!observation.cost_without_cache && observation.cached_tokens == 0) {
    observation.cost_without_cache = observation.list_cost;
  }
}

using Seeking = std::optional<offline::InformationSeeking>;

Result<Seeking> seeking_from_json(const Json& json) {
  JsonFields fields(json, "entities");
  const std::vector<std::string> required = fields.texts("required");
  const std::vector<std::string> obtained = fields.texts("obtained");
  const std::int64_t actions = fields.integer_or("actions", 0);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return offline::information_seeking({required.begin(), required.end()},
                                      {obtained.begin(), obtained.end()}, actions);
}

Result<ReportRow> row_from_json(const Json& json) {
  JsonFields fields(json, "row");
  ReportRow row;
  Observation& observation = row.observation;
  observation.task = fields.text("task");
  observation.task_class = fields.text_or("class", "");
  observation.arm = {fields.text("mode"), fields.text_or("model", "")};
  observation.repeat = fields.integer_or("repeat", 0);
  row.status = fields.text("status");
  if (fields.find("score") != nullptr) observation.score = fields.number_or("score", 0);
  observation.prompt_tokens = fields.integer_or("prompt_tokens", 0);
  observation.cached_tokens = fields.integer_or("cached_prompt_tokens", 0);
  observation.completion_tokens = fields.integer_or("completion_tokens", 0);
  observation.seconds = fields.number_or("seconds", 0);
  observation.turns = fields.integer_or("turns", 0);
  read_costs(fields, observation);
  row.reason = fields.text_or("reason", "");
  row.mode_used = fields.text_or("mode_used", "");
  row.run = fields.text_or("run", "");
  row.error = fields.text_or("error", "");
  if (fields.find("entities") != nullptr) {
    row.seeking = fields.nested<Seeking>("entities", seeking_from_json);
  }
  row.seed = fields.integer_or("seed", 0);
  row.cost_estimated = fields.flag_or("cost_estimated", false);
  const Status status = fields.keep<Status>("status", parse_status(row.status));
  observation.ending = ending_of(status);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return row;
}

class Collector {
 public:
  Result<void> read(const std::string& folder, std::size_t index);
  ResultFiles collected() &&;

 private:
  Result<void> read_foreign_log();
  Result<void> take_line(std::string_view line);
  Result<void> take_row(const Json& json);
  void note_rows();
  void note(int count, std::string_view what) {
    if (count > 0) notes_.push_back(fmt::format("{}: {} {}", path_, count, what));
  }

  std::map<SuiteKey, std::map<Key, ReportRow>> suites_;
  std::vector<std::string> notes_;
  // Of the file being read.
  std::string path_;
  std::size_t folder_ = 0;
  int replaced_ = 0;
  int replaced_of_others_ = 0;
  int cancelled_ = 0;
};

Result<void> Collector::take_line(std::string_view line) {
  auto json = parse_json(line);
  if (!json) return std::unexpected(json.error());
  if (!json->is_object()) return fail(ErrorCode::invalid, "expected a JSON object");
  return take_row(*json);
}

Result<void> Collector::take_row(const Json& json) {
  auto row = row_from_json(json);
  if (!row) return std::unexpected(row.error());
  if (row->status == to_string(Status::cancelled)) {
    ++cancelled_;
    return {};
  }
  row->folder = folder_;
  JsonFields fields(json, "row");
  const SuiteKey suite{fields.text_or("suite", ""), fields.text_or("suite_hash", "")};
  const Observation& seen = row->observation;
  const Key key{seen.task, seen.arm.mode, seen.arm.model, seen.repeat};
  std::map<Key, ReportRow>& rows = suites_[suite];
  if (const auto earlier = rows.find(key); earlier != rows.end()) {
    ++(earlier->second.folder == folder_ ? replaced_ : replaced_of_others_);
  }
  rows.insert_or_assign(key, std::move(*row));
  return {};
}

// A log of another harness, as rows.
Result<void> Collector::read_foreign_log() {
  auto log = exporting::read_inspect_log(path_);
  if (!log) return std::unexpected(log.error());
  for (const Json& row : log->rows) {
    if (auto taken = take_row(row); !taken) {
      return fail(ErrorCode::invalid, fmt::format("{}: {}", path_, taken.error().message));
    }
  }
  std::ranges::move(log->notes, std::back_inserter(notes_));
  note_rows();
  return {};
}

Result<void> Collector::read(const std::string& folder, std::size_t index) {
  folder_ = index;
  path_ = std::filesystem::is_directory(folder) ? folder + "/results.jsonl" : folder;
  replaced_ = replaced_of_others_ = cancelled_ = 0;
  if (!std::filesystem::is_regular_file(path_)) {
    return fail(ErrorCode::not_found,
                fmt::format("{}: no such file; give a folder that `pareto bench --out` wrote, or a "
                            "results.jsonl",
                            path_));
  }
  if (path_.ends_with(".eval")) return read_foreign_log();
  auto text = read_text_file(path_, kMostBytes);
  if (!text) return std::unexpected(text.error());
  int number = 0;
  int rows = 0;
  std::string_view left = *text;
  while (!left.empty()) {
    const std::size_t end = left.find('\n');
    if (end == std::string_view::npos) {
      notes_.push_back(
          fmt::format("{}:{}: a row without a line end was skipped: its writer was "
                      "stopped in the middle; the same bench runs it again",
                      path_, number + 1));
      break;
    }
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto taken = take_line(line); !taken) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}:{}: not a result row: {}; remove or mend that line", path_,
                              number, taken.error().message));
    }
    ++rows;
  }
  if (rows == 0) notes_.push_back(path_ + ": no rows");
  note_rows();
  return {};
}

void Collector::note_rows() {
  note(replaced_, "rows were replaced by a later row of the same key (a retry)");
  note(replaced_of_others_, "rows replace rows of the same key in an earlier folder");
  note(cancelled_, "rows of cancelled runs were left out: nobody knows what they would have done");
}

ResultFiles Collector::collected() && {
  ResultFiles files{.suites = {}, .notes = std::move(notes_)};
  for (auto& [name, rows] : suites_) {
    SuiteRows suite{.suite = name.first, .suite_hash = name.second, .rows = {}};
    suite.rows.reserve(rows.size());
    for (auto& [key, row] : rows) suite.rows.push_back(std::move(row));
    files.suites.push_back(std::move(suite));
  }
  return files;
}

}  // namespace

Result<ResultFiles> read_results(std::span<const std::string> folders) {
  Collector collector;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (auto read = collector.read(folders[i], i); !read) return std::unexpected(read.error());
  }
  return std::move(collector).collected();
}

}  // namespace pareto::reporting
