#include "apps/system/run_json.h"

#include <nlohmann/json.hpp>

#include "agent/core/run.h"

namespace pareto {

Json run_json(const RunSummary& run) {
  return {{"run", run.run.value},
          {"task", run.task_id},
          {"origin", run.origin},
          {"created_ms", to_ms(run.created)},
          {"updated_ms", to_ms(run.updated)},
          {"status", run.status},
          {"reason", run.reason},
          {"mode", run.mode},
          {"model", run.model},
          {"kind", run.kind},
          {"cost_usd", run.cost.to_string()},
          {"cost_known", run.cost_known},
          {"turns", run.turns},
          {"tool_calls", run.tool_calls},
          {"seconds", static_cast<double>(run.took.count()) / 1000}};
}

Result<Json> run_details(SqliteJournal& journal, const RunId& id) {
  auto summary = journal.find(id);
  if (!summary) return std::unexpected(summary.error());
  auto events = journal.load(id);
  if (!events) return std::unexpected(events.error());
  Json json = run_json(*summary);
  auto run = Run::replay(*events);
  if (!run) return std::unexpected(run.error());
  json["prompt"] = run->task().prompt;
  json["limits"] = to_json((*run)->limits);
  json["route"] = (*run)->route ? to_json(*(*run)->route) : Json();
  json["receipt"] = to_json(run->receipt());
  json["outcome"] = (*run)->outcome ? to_json(*(*run)->outcome) : Json();
  return json;
}

}  // namespace pareto
