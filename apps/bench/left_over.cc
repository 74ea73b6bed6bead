#include "apps/bench/left_over.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "agent/core/json_fields.h"
#include "apps/bench/judging.h"

namespace pareto {
namespace {

constexpr std::size_t kPageOfRuns = 1000;

// Two cells differ in these, as the repeat decides the seed.
struct Asked {
  std::string task;
  std::string mode;
  std::string model;
  std::uint64_t seed = 0;

  friend auto operator<=>(const Asked&, const Asked&) = default;
};

// A run from its events, or null for one that never began.
Result<std::optional<Run>> load(SqliteJournal& journal, const RunId& id) {
  auto events = journal.load(id);
  if (!events) return std::unexpected(events.error());
  if (events->empty()) return std::nullopt;
  auto run = Run::replay(*events);
  if (!run) return std::unexpected(run.error());
  return std::move(*run);
}

// What a foreign agent's calls cost is in its run once it has ended.
Money paid_for(const Run& run, const LocalWorkbench& workbench) {
  if (run->outcome) return run->outcome->receipt.total_cost();
  if (is_agent_mode(run->started.asked_mode)) return spent_by_agent(workbench.run_folder(run.id()));
  return run->ledger.settled() + run->ledger.reserved();
}

// A run that failed for reasons of its own, or was stopped by a person, is done again.
bool worth_going_on(const Run& run) {
  if (!run->outcome) return !is_agent_mode(run->started.asked_mode);
  return run->outcome->status != Status::cancelled && run->outcome->status != Status::error;
}

// Runs whose row says that they could not be scored or worked on.
std::set<std::string> runs_with_errors(const ResultRows& rows) {
  std::set<std::string> runs;
  for (const auto& [key, row] : rows.rows()) {
    if (is_error(row)) runs.insert(JsonFields(row, "row").text_or("run", ""));
  }
  return runs;
}

Result<void> for_each_run(SqliteJournal& journal, std::string_view origin,
                          const std::function<bool(const RunId&)>& wanted,
                          const std::function<void(const Run&)>& visit) {
  RunFilter filter{.origin = std::string(origin), .limit = kPageOfRuns};
  do {
    auto page = journal.list(filter);
    if (!page) return std::unexpected(page.error());
    for (const RunSummary& summary : page->runs) {
      if (!wanted(summary.run)) continue;
      auto loaded = load(journal, summary.run);
      if (!loaded) return std::unexpected(loaded.error());
      if (*loaded) visit(**loaded);
    }
    filter.cursor = page->next;
  } while (!filter.cursor.empty());
  return {};
}

}  // namespace

Result<LeftOver> find_left_over(SqliteJournal& journal, const LocalWorkbench& workbench,
                                const Suite& suite, std::span<const Cell> cells,
                                const ResultRows& rows, const std::string& config_hash) {
  LeftOver left;
  std::map<std::string, const Task*> tasks;
  for (const Task& task : suite.tasks) tasks[task.id] = &task;
  std::map<Asked, RowKey> keys;
  for (const Cell& cell : cells) {
    const std::string& id = suite.tasks[cell.task].id;
    keys[{id, cell.mode, cell.model, cell.seed}] = {id, cell.mode, cell.model, cell.repeat};
  }
  const std::set<std::string> errors = runs_with_errors(rows);
  const auto needs_row = [&](const RunId& run) {
    return !rows.runs().contains(run.value) || errors.contains(run.value);
  };
  auto found = for_each_run(journal, "bench", needs_row, [&](const Run& run) {
    const Money paid = paid_for(run, workbench);
    if (!rows.runs().contains(run.id().value)) left.spent += paid;
    const Started& started = run->started;
    const auto task = tasks.find(started.task.id);
    const auto key =
        keys.find({started.task.id, started.asked_mode, started.asked_model, started.seed});
    if (worth_going_on(run) && started.config_hash == config_hash && task != tasks.end() &&
        *task->second == started.task && key != keys.end() &&
        left.runs.try_emplace(key->second, run.id()).second) {
      left.paid[run.id()] = paid;
    }
  });
  if (!found) return std::unexpected(found.error());
  std::set<RunId> judged;
  for (const auto& [key, run] : left.runs) judged.insert(run);
  found = for_each_run(
      journal, kJudgeOrigin,
      [&](const RunId& judge) { return !rows.runs().contains(judge.value) || !errors.empty(); },
      [&](const Run& judge) {
        const Money paid = paid_for(judge, workbench);
        if (!rows.runs().contains(judge.id().value)) left.spent += paid;
        const RunId run{judge->started.task.id};
        const bool useful = !judge->outcome || judge->outcome->status == Status::success;
        if (!useful || judge->started.config_hash != config_hash || !judged.contains(run)) return;
        left.judges[run] = judge.id();
        left.paid[judge.id()] = paid;
      });
  if (!found) return std::unexpected(found.error());
  return left;
}

}  // namespace pareto
