#include "apps/export/inspect_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/core/id.h"
#include "agent/core/json_text.h"
#include "apps/export/inspect_sample.h"
#include "apps/export/turns.h"

namespace pareto::exporting {
namespace {

using reporting::ReportRow;
using reporting::SuiteRows;

// The time within a run's id: 48 bits of milliseconds in its first ten characters.
std::optional<Instant> time_in_id(const std::string& run) {
  if (!is_ulid(run)) return std::nullopt;
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::int64_t ms = 0;
  for (const char c : run.substr(0, 10)) {
    ms = ms * 32 + static_cast<std::int64_t>(kDigits.find(c));
  }
  return instant_from_ms(ms);
}

// A name within an archive. Task ids are anybody's: what unpacks the archive must not be led
// astray.
std::string entry_name(const InspectSample& sample) {
  std::string id;
  std::string_view rest = sample.id;
  while (true) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    id += part.empty() || part == "." || part == ".." ? "_" : std::string(part);
    if (end == rest.size()) break;
    id += '/';
    rest.remove_prefix(end + 1);
  }
  std::ranges::replace_if(
      id, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\\'; }, '_');
  return fmt::format("samples/{}_epoch_{}.json", id, sample.epoch);
}

std::string plain(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, 60)) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (fine || c == '.') result += c;
    if (!fine && c != '.' && !result.empty() && result.back() != '-') result += '-';
  }
  return result;
}

// What all samples together come to.
struct Sums {
  std::map<std::string, std::vector<double>> scores;  // by task, of its epochs
  Spending spending;
  std::optional<Instant> begun_at;
  std::optional<Instant> ended_at;
  int scored = 0;
  int failed = 0;
  std::int64_t epochs = 1;
  std::set<std::string> tasks;

  void add(const InspectSample& sample) {
    tasks.insert(sample.id);
    epochs = std::max(epochs, sample.epoch);
    if (sample.score) {
      scores[sample.id].push_back(*sample.score);
      ++scored;
    }
    failed += sample.sample.contains("error") ? 1 : 0;
    for (const auto& [model, each] : sample.spending) spending[model] += each;
    if (sample.begun_at) begun_at = std::min(begun_at.value_or(*sample.begun_at), *sample.begun_at);
    if (sample.ended_at) ended_at = std::max(ended_at.value_or(*sample.ended_at), *sample.ended_at);
  }
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// As Inspect's stderr(): the sample's deviation over the root of its size; 0 for a single one.
double standard_error_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  const auto count = static_cast<double>(values.size());
  return std::sqrt(sum / (count - 1) / count);
}

Json metric_json(const char* name, double value) { return {{"name", name}, {"value", value}}; }

Json results_json(const Sums& sums, int samples) {
  Json json{{"total_samples", samples}, {"completed_samples", samples - sums.failed}};
  if (sums.scores.empty()) return json;
  std::vector<double> means;
  for (const auto& [task, scores] : sums.scores) means.push_back(mean_of(scores));
  Json score{{"name", "score"},
             {"scorer", "score"},
             {"reducer", "mean"},
             {"scored_samples", sums.scored},
             {"unscored_samples", samples - sums.scored},
             {"metrics",
              {{"mean", metric_json("mean", mean_of(means))},
               {"stderr", metric_json("stderr", standard_error_of(means))}}}};
  json["scores"] = Json::array({std::move(score)});
  return json;
}

Json reductions_json(const Sums& sums) {
  Json samples = Json::array();
  for (const auto& [task, scores] : sums.scores) {
    samples.push_back({{"value", mean_of(scores)}, {"sample_id", task}});
  }
  Json reduction{{"scorer", "score"}, {"reducer", "mean"}, {"samples", std::move(samples)}};
  return Json::array({std::move(reduction)});
}

Json spec_json(const SuiteRows& suite, const offline::ArmId& arm, const Sums& sums, Instant created,
               const std::string& version) {
  const std::string key = suite.suite + "/" + suite.suite_hash;
  return {
      {"eval_id", inspect_id("eval/" + key + "/" + arm.name())},
      {"run_id", inspect_id("run/" + key)},
      {"created", iso_time(created)},
      {"task", suite.suite.empty() ? "tasks" : suite.suite},
      {"task_id", inspect_id("task/" + key)},
      {"task_version", suite.suite_hash.empty() ? "0" : suite.suite_hash},
      {"solver", arm.mode},
      {"dataset",
       {{"name", suite.suite},
        {"samples", sums.tasks.size()},
        {"sample_ids", sums.tasks},
        {"shuffled", false}}},
      {"model", arm.model},
      {"config", {{"epochs", sums.epochs}, {"epochs_reducer", {"mean"}}}},
      {"packages", {{"pareto", version}}},
      {"metadata", {{"suite_hash", suite.suite_hash}, {"mode", arm.mode}, {"model", arm.model}}}};
}

// The sample of a row, with its run's events where there are any.
InspectSample sample_of(const ReportRow& row, const EventsOf& events, int& without_events) {
  if (const auto loaded = events(row)) {
    if (const auto turns = turns_of(*loaded)) return inspect_sample(row, &*turns);
  }
  ++without_events;
  InspectSample sample = inspect_sample(row, nullptr);
  sample.begun_at = time_in_id(row.run);
  return sample;
}

}  // namespace

std::vector<offline::ArmId> arms_of(const SuiteRows& suite) {
  std::set<offline::ArmId> arms;
  for (const ReportRow& row : suite.rows) arms.insert(row.observation.arm);
  return {arms.begin(), arms.end()};
}

InspectLog inspect_log(const SuiteRows& suite, const offline::ArmId& arm, const EventsOf& events,
                       const std::string& version) {
  InspectLog log;
  Sums sums;
  Json summaries = Json::array();
  std::vector<ZipEntry> samples;
  for (const ReportRow& row : suite.rows) {
    if (row.observation.arm != arm) continue;
    const InspectSample sample = sample_of(row, events, log.without_events);
    sums.add(sample);
    summaries.push_back(sample.summary);
    samples.push_back({entry_name(sample), dump_json(sample.sample)});
  }
  log.samples = static_cast<int>(samples.size());
  log.created = sums.begun_at.value_or(Instant());
  const Json spec = spec_json(suite, arm, sums, log.created, version);
  Json step{{"solver", arm.mode}, {"params", Json::object()}};
  const Json plan{{"name", "plan"}, {"steps", Json::array({std::move(step)})}};
  Json stats{{"started_at", iso_time(log.created)}, {"completed_at", ""}};
  if (sums.ended_at) stats["completed_at"] = iso_time(*sums.ended_at);
  stats["model_usage"] = to_json(sums.spending);

  const Json start{{"version", 2}, {"eval", spec}, {"plan", plan}};
  const Json header{{"version", 2},
                    {"status", "success"},
                    {"eval", spec},
                    {"plan", plan},
                    {"results", results_json(sums, log.samples)},
                    {"stats", std::move(stats)}};
  log.entries.push_back({"_journal/start.json", dump_json(start)});
  std::ranges::move(samples, std::back_inserter(log.entries));
  log.entries.push_back({"summaries.json", dump_json(summaries)});
  if (!sums.scores.empty()) {
    log.entries.push_back({"reductions.json", dump_json(reductions_json(sums))});
  }
  // Last, as Inspect writes it: what has a header is whole.
  log.entries.push_back({"header.json", dump_json(header)});
  log.file_name = fmt::format("{:%Y-%m-%dT%H-%M-%S}_{}_{}.eval",
                              fmt::gmtime(std::chrono::system_clock::to_time_t(log.created)),
                              plain(fmt::format("{}-{}-{}", suite.suite, arm.mode, arm.model)),
                              spec["eval_id"].get<std::string>());
  return log;
}

}  // namespace pareto::exporting
