#include "apps/export/inspect_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/core/json_text.h"
#include "agent/core/money.h"

namespace pareto::exporting {
namespace {

constexpr std::size_t kMostBytes = std::size_t{256} << 20;
constexpr std::size_t kMostBytesOfAll = std::size_t{4} << 30;
constexpr const char* kSummaries = "summaries.json";
constexpr std::string_view kJournalSummaries = "_journal/summaries/";
constexpr std::string_view kSamples = "samples/";

// The value at a path of keys, or null.
const Json& at(const Json& json, std::initializer_list<const char*> keys) {
  static const Json kNull;
  const Json* value = &json;
  for (const char* key : keys) {
    if (!value->is_object()) return kNull;
    const auto found = value->find(key);
    if (found == value->end()) return kNull;
    value = &*found;
  }
  return *value;
}

std::string text_at(const Json& json, std::initializer_list<const char*> keys) {
  const Json& value = at(json, keys);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : "";
}

std::optional<double> number_of(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const auto number = value.get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

// A count; what is none, or is absurd, is 0.
std::int64_t count_at(const Json& json, std::initializer_list<const char*> keys) {
  const auto number = number_of(at(json, keys));
  return number && *number > 0 && *number < 1e15 ? static_cast<std::int64_t>(*number) : 0;
}

// As Inspect's value_to_float, but nothing outside of 0..1.
std::optional<double> score_of_text(const std::string& text) {
  if (text == "C") return 1;
  if (text == "P") return 0.5;
  if (text == "I" || text == "N") return 0;
  std::string lower;
  for (const char c : text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (lower == "yes" || lower == "true") return 1;
  if (lower == "no" || lower == "false") return 0;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> score_of_value(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  const auto number =
      value.is_string() ? score_of_text(value.get<std::string>()) : number_of(value);
  return number && *number >= 0 && *number <= 1 ? number : std::nullopt;
}

// Which score counts: the headline, or the first.
struct ScoreName {
  std::string name;    // empty: the sample's first
  std::string scorer;  // which has `name` as a key of its value, if it is no score itself
};

ScoreName score_name_of(const Json& header) {
  const Json& headline = at(header, {"results", "headline"});
  const Json& scores = at(header, {"results", "scores"});
  ScoreName wanted{text_at(headline, {"score"}), text_at(headline, {"scorer"})};
  if (!scores.is_array()) return wanted;
  for (const Json& score : scores) {
    const ScoreName found{text_at(score, {"name"}), text_at(score, {"scorer"})};
    const bool fits = (wanted.name.empty() || wanted.name == found.name) &&
                      (wanted.scorer.empty() || wanted.scorer == found.scorer);
    if (fits) return found;
  }
  return wanted;
}

const Json& value_of(const Json& sample, const ScoreName& wanted) {
  const Json& scores = at(sample, {"scores"});
  if (!scores.is_object() || scores.empty()) return at(sample, {"score", "value"});
  if (scores.contains(wanted.name)) return at(scores, {wanted.name.c_str(), "value"});
  const Json& parts = at(scores, {wanted.scorer.c_str(), "value"});
  if (parts.is_object()) return at(parts, {wanted.name.c_str()});
  return at(*scores.begin(), {"value"});
}

const char* reason_of(const std::string& limit) {
  if (limit == "turn" || limit == "message") return "turns";
  if (limit == "cost" || limit == "token") return "usd";
  if (limit == "time" || limit == "working") return "seconds";
  if (limit == "context") return "context";
  return "cancelled";
}

// Solvers in the order of the plan, where the log names no solver or agent of its own.
std::string solver_of(const Json& header) {
  std::string solver = text_at(header, {"eval", "solver"});
  if (!solver.empty()) return solver;
  const Json& steps = at(header, {"plan", "steps"});
  if (!steps.is_array()) return "generate";
  for (const Json& step : steps) {
    const std::string name = text_at(step, {"solver"});
    if (!name.empty()) solver += (solver.empty() ? "" : "+") + name;
  }
  return solver.empty() ? "generate" : solver;
}

// Adds tokens and cost of all models.
void add_usage(Json& row, const Json& usage) {
  std::int64_t prompt = 0;
  std::int64_t cached = 0;
  std::int64_t completion = 0;
  std::int64_t reasoning = 0;
  bool known = usage.is_object() && !usage.empty();
  Money cost;
  if (usage.is_object()) {
    for (const Json& model : usage) {
      const std::int64_t read = count_at(model, {"input_tokens_cache_read"});
      prompt +=
          count_at(model, {"input_tokens"}) + read + count_at(model, {"input_tokens_cache_write"});
      cached += read;
      completion += count_at(model, {"output_tokens"});
      reasoning += count_at(model, {"reasoning_tokens"});
      const auto usd = number_of(at(model, {"total_cost"}));
      known = known && usd && *usd >= 0 && *usd < 1e9;
      if (known) cost += Money::nanos(std::llround(*usd * 1e9));
    }
  }
  row["prompt_tokens"] = prompt;
  row["cached_prompt_tokens"] = cached;
  row["completion_tokens"] = completion;
  row["reasoning_tokens"] = reasoning;
  row["cost_usd"] = known ? Json(cost.to_string()) : Json();
  row["cost_known"] = known;
}

class Reader {
 public:
  Reader(ZipReader& archive, std::string file) : archive_(archive), file_(std::move(file)) {}

  Result<InspectRows> read() &&;

 private:
  Result<Json> read_json(const std::string& entry);
  Result<void> read_header();
  Result<void> take_list(const std::string& entry);
  Result<void> take(const std::string& entry, const Json& sample);
  Json row_of(const Json& sample, const std::string& id, std::int64_t epoch);

  ZipReader& archive_;
  std::string file_;
  std::size_t left_ = kMostBytesOfAll;
  Json header_;
  ScoreName score_;
  int odd_scores_ = 0;
  InspectRows result_;
};

Result<Json> Reader::read_json(const std::string& entry) {
  auto text = archive_.read(entry, std::min(kMostBytes, left_));
  if (!text) return std::unexpected(text.error());
  left_ -= text->size();
  auto json = parse_json(without_constants(*text));
  if (!json) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: entry {}: {}", file_, entry, json.error().message));
  }
  return json;
}

Result<void> Reader::read_header() {
  const std::string entry = archive_.has("header.json")           ? "header.json"
                            : archive_.has("_journal/start.json") ? "_journal/start.json"
                                                                  : "";
  if (entry.empty()) {
    return fail(ErrorCode::invalid,
                file_ + ": expected a log of Inspect AI, found an archive without header.json");
  }
  auto header = read_json(entry);
  if (!header) return std::unexpected(header.error());
  header_ = std::move(*header);
  if (text_at(header_, {"eval", "task"}).empty()) {
    return fail(ErrorCode::invalid, fmt::format("{}: entry {}: expected eval.task", file_, entry));
  }
  score_ = score_name_of(header_);
  const std::string status = text_at(header_, {"status"});
  if (status != "success") {
    result_.notes.push_back(fmt::format("{}: the log's status is {}: samples may be missing", file_,
                                        status.empty() ? "\"started\"" : "\"" + status + "\""));
  }
  return {};
}

Json Reader::row_of(const Json& sample, const std::string& id, std::int64_t epoch) {
  const Json& value = value_of(sample, score_);
  const auto score = score_of_value(value);
  if (!value.is_null() && !score) ++odd_scores_;
  std::string error = text_at(sample, {"error"});
  if (error.empty()) error = text_at(sample, {"error", "message"});
  std::string limit = text_at(sample, {"limit"});
  if (limit.empty()) limit = text_at(sample, {"limit", "type"});
  const char* status = !error.empty()          ? "error"
                       : !limit.empty()        ? "limit"
                       : score.value_or(1) > 0 ? "success"
                                               : "failure";
  const char* reason = !error.empty() ? "model" : limit.empty() ? "unverified" : reason_of(limit);
  auto seconds = number_of(at(sample, {"working_time"}));
  if (!seconds) seconds = number_of(at(sample, {"total_time"}));
  const std::string hash = text_at(header_, {"eval", "metadata", "suite_hash"});
  const std::string label = text_at(sample, {"metadata", "class"});
  Json row{{"schema", 1},
           {"suite", text_at(header_, {"eval", "task"})},
           {"suite_hash", hash.empty() ? Json() : Json(hash)},
           {"task", id},
           {"class", label.empty() ? Json() : Json(label)},
           {"repeat", epoch - 1},
           {"mode", "inspect:" + solver_of(header_)},
           {"model", text_at(header_, {"eval", "model"})},
           {"status", status},
           {"reason", reason},
           {"score", score && error.empty() ? Json(*score) : Json()},
           {"turns", count_at(sample, {"turn_count"})},
           {"seconds", std::max(0.0, seconds.value_or(0))},
           {"run", nullptr},
           {"error", error.empty() ? Json() : Json(error)}};
  add_usage(row, at(sample, {"model_usage"}));
  return row;
}

Result<void> Reader::take(const std::string& entry, const Json& sample) {
  const std::string id = text_at(sample, {"id"});
  const std::int64_t epoch = count_at(sample, {"epoch"});
  if (id.empty() || epoch < 1) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: entry {}: expected a sample with id and epoch", file_, entry));
  }
  // Summaries of older versions leave out what was spent.
  const std::string whole = fmt::format("{}{}_epoch_{}.json", kSamples, id, epoch);
  if (sample.contains("model_usage") || whole == entry || !archive_.has(whole)) {
    result_.rows.push_back(row_of(sample, id, epoch));
    return {};
  }
  auto json = read_json(whole);
  if (!json) return std::unexpected(json.error());
  result_.rows.push_back(row_of(*json, id, epoch));
  return {};
}

Result<void> Reader::take_list(const std::string& entry) {
  auto summaries = read_json(entry);
  if (!summaries) return std::unexpected(summaries.error());
  if (!summaries->is_array()) {
    return fail(ErrorCode::invalid, fmt::format("{}: entry {}: expected a list", file_, entry));
  }
  for (const Json& summary : *summaries) {
    if (auto taken = take(entry, summary); !taken) return taken;
  }
  return {};
}

Result<InspectRows> Reader::read() && {
  if (auto read = read_header(); !read) return std::unexpected(read.error());
  bool found = archive_.has(kSummaries);
  if (found) {
    if (auto taken = take_list(kSummaries); !taken) return std::unexpected(taken.error());
  }
  // A log that was not finished has its summaries in pieces; a very old one has only its samples.
  for (const std::string_view folder : {kJournalSummaries, kSamples}) {
    if (found) break;
    for (const std::string& name : archive_.names()) {
      if (!name.starts_with(folder) || !name.ends_with(".json")) continue;
      found = true;
      Result<void> taken;
      if (folder == kSamples) {
        auto sample = read_json(name);
        taken = sample ? take(name, *sample) : std::unexpected(sample.error());
      } else {
        taken = take_list(name);
      }
      if (!taken) return std::unexpected(taken.error());
    }
  }
  if (result_.rows.empty()) result_.notes.push_back(file_ + ": no samples");
  if (odd_scores_ > 0) {
    result_.notes.push_back(
        fmt::format("{}: {} samples have a score ({}) that is no number of 0..1; they count as "
                    "unscored",
                    file_, odd_scores_, score_.name.empty() ? "the first" : score_.name));
  }
  return std::move(result_);
}

}  // namespace

std::string without_constants(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\' && i + 1 < text.size()) {
      result += c;
      result += text[++i];
      continue;
    }
    if (c == '"') quoted = !quoted;
    bool constant = false;
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (quoted || !text.substr(i).starts_with(word)) continue;
      result += "null";
      i += word.size() - 1;
      constant = true;
      break;
    }
    if (!constant) result += c;
  }
  return result;
}

Result<InspectRows> read_inspect_log(ZipReader& archive, const std::string& name) {
  return Reader(archive, name).read();
}

Result<InspectRows> read_inspect_log(const std::string& path) {
  auto archive = ZipReader::open(path);
  if (!archive) return std::unexpected(archive.error());
  return read_inspect_log(*archive, path);
}

}  // namespace pareto::exporting
