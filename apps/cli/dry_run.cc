#include "apps/cli/dry_run.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/core/json_text.h"
#include "agent/runner/question.h"
#include "apps/system/model_factory.h"
#include "policies/routing/explain.h"

namespace pareto {
namespace {

// What memory knows, waited for; without memory nothing.
std::vector<Neighbour> recall_now(System& system, const Task& task) {
  std::optional<std::vector<Neighbour>> neighbours;
  if (system.memory() == nullptr) return {};
  const auto operation =
      system.memory()->recall(task, [&neighbours](Result<std::vector<Neighbour>> found) {
        neighbours = found.value_or(std::vector<Neighbour>());
      });
  system.loop().run_until([&neighbours] { return neighbours.has_value(); });
  return neighbours.value_or(std::vector<Neighbour>());
}

Result<Recall> recall_for(System& system, const Started& started) {
  auto specs = system.tools().specs(started.task);
  if (!specs) return std::unexpected(specs.error());
  Recall recall = recall_of_tools(*specs);
  recall.neighbours = recall_now(system, started.task);
  std::optional<Result<Briefing>> briefing;
  std::unique_ptr<Operation> operation;
  operation =
      system.workbench().open(started.run, started.task, [&](Result<Workbench::Place> place) {
        if (!place) {
          briefing = std::unexpected(place.error());
          return;
        }
        operation = system.workbench().brief(
            *place, started.task,
            [&briefing](Result<Briefing> read) { briefing = std::move(read); });
      });
  system.loop().run_until([&briefing] { return briefing.has_value(); });
  std::error_code ignored;
  std::filesystem::remove_all(system.workbench().run_folder(started.run), ignored);
  if (!*briefing) return std::unexpected(briefing->error());
  recall.briefing = std::move(**briefing);
  return recall;
}

}  // namespace

Result<int> dry_run(System& system, const Globals& globals, const Started& started) {
  auto recall = recall_for(system, started);
  if (!recall) return std::unexpected(recall.error());
  std::vector<ModelInfo> models = system.models();
  for (const auto& [name, error] : system.model_errors()) {
    auto config = find_model(system.config(), name);
    if (!config) return std::unexpected(config.error());
    auto info = model_info(*config);
    if (!info) return std::unexpected(info.error());
    models.push_back(std::move(*info));
    if (!globals.quiet) fmt::print(stderr, "pareto: a real run would fail: {}\n", error.message);
  }
  auto route = system.router().route(question_of(started, *recall, models), started.seed);
  if (!route) {
    const int status = report(route.error());
    return route.error().code == ErrorCode::limit ? kExitLimit : status;
  }
  if (globals.json) {
    fmt::print("{}\n", dump_json(explain_json(*route)));
  } else {
    fmt::print("{}", explain(*route));
  }
  return kExitSuccess;
}

}  // namespace pareto
