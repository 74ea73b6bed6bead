#include "apps/bench/predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/core/run.h"
#include "apps/system/task_file.h"

namespace pareto {
namespace {

std::string arm_of(const RowKey& key) {
  std::string arm = fmt::format("{}-{}-{}", key.mode, key.model, key.repeat);
  std::ranges::replace(arm, '/', '_');
  return arm;
}

Result<std::string> patch_of(const Json& row, Journal& journal) {
  const RunId id{JsonFields(row, "row").text_or("run", "")};
  auto events = journal.load(id);
  if (!events) return std::unexpected(events.error());
  auto run = Run::replay(*events);
  if (!run) return std::unexpected(run.error());
  return (*run)->outcome ? (*run)->outcome->diff : std::string();
}

}  // namespace

std::string prediction_line(const std::string& instance, const std::string& model,
                            const std::string& patch) {
  const bool open_end = !patch.empty() && patch.back() != '\n';
  return dump_json(Json{{"instance_id", instance},
                        {"model_name_or_path", model},
                        {"model_patch", open_end ? patch + '\n' : patch}}) +
         "\n";
}

Result<std::vector<std::string>> write_predictions(const Suite& suite, const ResultRows& rows,
                                                   Journal& journal, const std::string& out) {
  std::vector<std::string> files;
  if (suite.format != "swe_bench") return files;
  std::map<std::string, std::string> by_arm;
  for (const auto& [key, row] : rows.rows()) {
    auto patch = patch_of(row, journal);
    if (!patch) return std::unexpected(patch.error());
    const std::string model = fmt::format("pareto-{}-{}", key.mode, key.model);
    by_arm[arm_of(key)] += prediction_line(key.task, model, *patch);
  }
  for (const auto& [arm, lines] : by_arm) {
    files.push_back(by_arm.size() == 1 ? out + "/predictions.jsonl"
                                       : fmt::format("{}/predictions-{}.jsonl", out, arm));
    if (auto written = write_text_file(files.back(), lines); !written) {
      return fail(ErrorCode::internal,
                  fmt::format("{}: can't be written; is the disk full?", files.back()));
    }
  }
  return files;
}

}  // namespace pareto
