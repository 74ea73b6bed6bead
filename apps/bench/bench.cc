#include "apps/bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_fields.h"
#include "agent/runner/experience.h"
#include "agent/text/hashing.h"
#include "apps/bench/scorer.h"
#include "apps/system/result_row.h"

namespace pareto {
namespace {

constexpr std::size_t kPageOfRuns = 1000;

RowKey key_of(const Cell& cell, const Suite& suite) {
  return {suite.tasks[cell.task].id, cell.mode, cell.model, cell.repeat};
}

bool is_final(const std::map<RowKey, Json>& rows, const RowKey& key) {
  const auto row = rows.find(key);
  return row != rows.end() && JsonFields(row->second, "row").text_or("status", "") != "error";
}

}  // namespace

std::vector<Cell> cells_of(const BenchPlan& plan, const Suite& suite) {
  std::vector<Cell> cells;
  std::size_t taken = 0;
  for (std::size_t task = 0; task < suite.tasks.size(); ++task) {
    const std::string& id = suite.tasks[task].id;
    if (!plan.filter.empty() && !id.contains(plan.filter)) continue;
    if (plan.limit && taken == *plan.limit) break;
    ++taken;
    for (int repeat = 0; repeat < plan.repeats; ++repeat) {
      // Seeds stay below 2^53, since readers of rows may keep numbers as doubles.
      const auto seed =
          hash64(fmt::format("{}\n{}", id, repeat), plan.seed) & ((std::uint64_t{1} << 53) - 1);
      for (const std::string& mode : plan.modes) {
        for (const std::string& model : plan.models) {
          cells.push_back({task, mode, model, repeat, seed});
        }
      }
    }
  }
  return cells;
}

struct Bench::State {
  System& system;
  const Suite& suite;
  BenchPlan plan;
  ResultRows& rows;
  std::function<void(const BenchProgress&)> progress;
  std::vector<Cell> cells;
  std::size_t next_cell = 0;
  std::map<RowKey, RunId> left_over;  // runs of an earlier bench without a row
  std::map<RunId, Money> running;     // with what each may spend at most
  std::map<RunId, std::unique_ptr<Operation>> scoring;
  Money without_row;  // spent on runs that gave no row and never will
  std::optional<Error> failure;
  int stops = 0;
  bool out_of_budget = false;

  Result<void> find_left_over();
  // Whether a run stopped for what the whole bench may spend, which says nothing of its arm.
  bool cut_short(const Started& started, std::string_view status, std::string_view reason) const;
  Limits own_limits(const Task& task) const {
    return tightest(task.limits, system.config().limits);
  }
  void fill();
  void go_on(const Cell& cell, const RunId& run);
  Started started_for(const Cell& cell, Limits limits) const;
  StartOptions options_for(const Cell& cell);
  void finished(const Cell& cell, const Run& run, Outcome outcome);
  void scored(const Cell& cell, const Run& run, Outcome outcome,
              Result<std::optional<double>> score);
  void tell(const Json* row);
  bool ended() const {
    return running.empty() && (failure || stops > 0 || next_cell == cells.size());
  }
};

Bench::Bench(System& system, const Suite& suite, BenchPlan plan, ResultRows& rows)
    : state_(std::make_unique<State>(
          State{.system = system, .suite = suite, .plan = std::move(plan), .rows = rows})) {
  state_->cells = cells_of(state_->plan, suite);
}

Bench::~Bench() = default;
bool Bench::out_of_budget() const { return state_->out_of_budget; }

void Bench::stop() {
  if (++state_->stops > 1) {
    for (const auto& [run, money] : std::exchange(state_->running, {})) {
      state_->system.runner().abandon(run);
      state_->scoring.erase(run);
    }
  }
  state_->system.loop().post([] {});
}

Result<void> Bench::run(std::function<void(const BenchProgress&)> progress) {
  state_->progress = std::move(progress);
  if (auto found = state_->find_left_over(); !found) return found;
  state_->fill();
  state_->tell(nullptr);
  state_->system.loop().run_until([this] { return state_->ended(); });
  if (state_->failure) return std::unexpected(*state_->failure);
  return {};
}

bool Bench::State::cut_short(const Started& started, std::string_view status,
                             std::string_view reason) const {
  const bool by_money =
      reason == to_string(Reason::usd) || reason == to_string(Reason::refused_budget);
  return by_money && status == to_string(Status::limit) &&
         started.limits.usd != own_limits(started.task).usd;
}

Result<void> Bench::State::find_left_over() {
  const std::set<std::string> known(rows.runs().begin(), rows.runs().end());
  std::map<std::string, const Task*> tasks;
  for (const Task& task : suite.tasks) tasks[task.id] = &task;
  std::map<std::pair<RowKey, std::uint64_t>, RunId> by_seed;
  RunFilter filter{.origin = "bench", .limit = kPageOfRuns};
  do {
    auto page = system.journal().list(filter);
    if (!page) return std::unexpected(page.error());
    for (const RunSummary& summary : page->runs) {
      if (known.contains(summary.run.value)) continue;
      auto events = system.journal().load_after(summary.run, 0, 1);
      if (!events) return std::unexpected(events.error());
      if (events->empty()) continue;
      const auto* started = std::get_if<Started>(&events->front().payload);
      if (started == nullptr || started->config_hash != config_hash(system.config())) continue;
      const auto task = tasks.find(started->task.id);
      if (task == tasks.end() || *task->second != started->task) continue;
      if (summary.status == to_string(Status::cancelled) ||
          cut_short(*started, summary.status, summary.reason)) {
        without_row += summary.cost;
        continue;
      }
      const RowKey key{started->task.id, started->asked_mode, started->asked_model, 0};
      by_seed.try_emplace({key, started->seed}, summary.run);
    }
    filter.cursor = page->next;
  } while (!filter.cursor.empty());
  for (const Cell& cell : cells) {
    RowKey key = key_of(cell, suite);
    key.repeat = 0;
    if (const auto run = by_seed.find({key, cell.seed}); run != by_seed.end()) {
      left_over[key_of(cell, suite)] = run->second;
    }
  }
  return {};
}

void Bench::State::fill() {
  const auto jobs = static_cast<std::size_t>(plan.learn ? 1 : std::max(plan.jobs, 1));
  while (!failure && stops == 0 && next_cell < cells.size() && running.size() < jobs) {
    const Cell& cell = cells[next_cell];
    const RowKey key = key_of(cell, suite);
    if (is_final(rows.rows(), key)) {
      ++next_cell;
      continue;
    }
    if (const auto run = left_over.find(key); run != left_over.end()) {
      ++next_cell;
      go_on(cell, run->second);
      continue;
    }
    Limits limits = own_limits(suite.tasks[cell.task]);
    if (plan.usd) {
      Money free = *plan.usd - rows.spent() - without_row;
      for (const auto& [run, most] : running) free -= most;
      // A run under way may leave something over.
      if (!running.empty() && free < limits.usd.value_or(Money::max())) return;
      if (free <= Money()) {
        out_of_budget = true;
        next_cell = cells.size();
        return;
      }
      limits = tightest(limits, {.usd = free});
    }
    ++next_cell;
    const RunId run = RunId::make(system.clock().now(), system.random());
    running[run] = limits.usd.value_or(Money());
    Started started = started_for(cell, limits);
    started.run = run;
    system.runner().start(std::move(started), options_for(cell));
  }
}

Started Bench::State::started_for(const Cell& cell, Limits limits) const {
  return Started{.task = suite.tasks[cell.task],
                 .limits = std::move(limits),
                 .asked_mode = cell.mode,
                 .asked_model = cell.model,
                 .seed = cell.seed,
                 .origin = "bench",
                 .config_hash = config_hash(system.config()),
                 .disabled_concerns = system.config().disabled_concerns};
}

StartOptions Bench::State::options_for(const Cell& cell) {
  StartOptions options{.recalling = plan.recall ? Recalling::on : Recalling::off};
  options.listener.on_done = [this, cell](const Run& run, Result<Outcome> outcome) {
    if (outcome) return finished(cell, run, std::move(*outcome));
    running.erase(run.id());
    if (!failure) failure = outcome.error();
    system.loop().post([] {});
  };
  return options;
}

void Bench::State::go_on(const Cell& cell, const RunId& id) {
  auto events = system.journal().load(id);
  if (!events) {
    failure = events.error();
    return;
  }
  auto run = Run::replay(*events);
  if (!run) {
    failure = run.error();
    return;
  }
  running[id] = (*run)->limits.usd.value_or(Money());
  if ((*run)->outcome) return finished(cell, *run, *(*run)->outcome);
  if (auto resumed = system.runner().resume(*events, "pareto bench", options_for(cell)); !resumed) {
    running.erase(id);
    failure = resumed.error();
  }
}

void Bench::State::finished(const Cell& cell, const Run& run, Outcome outcome) {
  // A run that a person stopped says nothing; it is done again by the same command.
  const bool cut = cut_short(run->started, to_string(outcome.status), to_string(outcome.reason));
  if (outcome.status == Status::cancelled || cut) {
    without_row += outcome.receipt.total_cost();
    running.erase(run.id());
    out_of_budget |= cut;
    // What an earlier bench could not pay for says nothing of what this one can.
    if (cut && !left_over.contains(key_of(cell, suite))) next_cell = cells.size();
    return system.loop().post([this] { fill(); });
  }
  const std::string folder = system.workbench().run_folder(run.id());
  WorkProduct work{.answer = outcome.answer,
                   .workspace = folder + "/workspace",
                   .snapshot = system.workbench().snapshot_folder(run.id())};
  const std::string score = outcome.status == Status::error ? "" : run.task().score;
  scoring[run.id()] = system.workers().submit(
      [score, work = std::move(work), &sandbox = system.sandbox()](std::stop_token stop) {
        return score_work(score, work, sandbox, std::move(stop));
      },
      [this, cell, run, outcome = std::move(outcome)](Result<std::optional<double>> found) {
        scored(cell, run, outcome, std::move(found));
      });
}

void Bench::State::scored(const Cell& cell, const Run& run, Outcome outcome,
                          Result<std::optional<double>> score) {
  if (!score) {
    outcome.status = Status::error;
    outcome.reason = Reason::sandbox;
    outcome.error = score.error().message;
  }
  const std::optional<double> value = score ? *score : std::nullopt;
  const Json row = result_row(run, outcome,
                              {.suite = suite.name,
                               .suite_hash = suite.hash,
                               .repeat = cell.repeat,
                               .asked_model = cell.model,
                               .score = value});
  if (auto written = rows.append(row); !written && !failure) failure = written.error();
  tell(&row);
  const auto go_on_after = [this, id = run.id()] {
    running.erase(id);
    system.loop().post([this, id] {
      scoring.erase(id);
      fill();
    });
  };
  auto experience = experience_of(run, outcome, value);
  if (!plan.learn || system.memory() == nullptr || !experience) return go_on_after();
  scoring[run.id()] =
      system.memory()->learn(std::move(*experience), [this, go_on_after](Result<void> learned) {
        if (!learned && !failure) failure = learned.error();
        go_on_after();
      });
}

void Bench::State::tell(const Json* row) {
  std::size_t done = 0;
  for (const Cell& cell : cells) done += is_final(rows.rows(), key_of(cell, suite)) ? 1U : 0U;
  if (progress) {
    progress({.done = done,
              .all = cells.size(),
              .running = running.size(),
              .spent = rows.spent() + without_row,
              .row = row});
  }
}

}  // namespace pareto
