#include "apps/bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_fields.h"
#include "agent/runner/experience.h"
#include "agent/text/hashing.h"
#include "apps/bench/budget_pool.h"
#include "apps/bench/entities.h"
#include "apps/bench/judges.h"
#include "apps/bench/judging.h"
#include "apps/bench/left_over.h"
#include "apps/bench/scorer.h"
#include "apps/system/result_row.h"

namespace pareto {
namespace {

RowKey key_of(const Cell& cell, const Suite& suite) {
  return {suite.tasks[cell.task].id, cell.mode, cell.model, cell.repeat};
}

bool is_final(const std::map<RowKey, Json>& rows, const RowKey& key) {
  const auto row = rows.find(key);
  return row != rows.end() && !is_error(row->second);
}

// Adds a row to its arm (`sign` 1), or takes it away when another one replaces it (-1).
void count(ArmProgress& arm, const Json& row, int sign) {
  JsonFields fields(row, "row");
  const auto one = static_cast<std::size_t>(sign);  // wraps, and back
  if (is_error(row)) {
    arm.errors += one;
  } else {
    arm.done += one;
    arm.successes += sign * success_of(row);
  }
  const Money cost = fields.optional_money("cost_usd").value_or(Money());
  arm.cost += Money::nanos(sign * cost.to_nanos());
  arm.tokens +=
      sign * (fields.integer_or("prompt_tokens", 0) + fields.integer_or("completion_tokens", 0));
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
  LeftOver left_over;
  BudgetPool pool{std::nullopt, Money()};
  std::set<RunId> running;
  std::map<RunId, std::unique_ptr<Operation>> scoring;
  std::optional<Judges> judges;                                     // once begun
  std::unique_ptr<ForeignAgents> agents;                            // null without a foreign agent
  std::map<std::pair<std::string, std::string>, ArmProgress> arms;  // by mode and model
  std::optional<Error> failure;
  int stops = 0;
  std::size_t not_started = 0;
  Money needed;

  Result<void> begin();
  void count_arms();
  void fill();
  // False when the budget does not bear the run now.
  bool start(const Cell& cell);
  bool go_on(const Cell& cell, const RunId& run);
  Money most_of(const Started& started) const;
  bool reserve(const RunId& run, Money most);
  Started started_for(const Cell& cell, const RunId& run) const;
  StartOptions options_for(const Cell& cell);
  std::function<void(const Run&, Result<Outcome>)> done_with(const Cell& cell);
  void finished(const Cell& cell, const Run& run, Outcome outcome);
  void ask_judge(const Cell& cell, const Run& run, const Outcome& outcome);
  void scored(const Cell& cell, const Run& run, Outcome outcome, Result<Scored> score,
              const std::optional<Judged>& judged);
  std::optional<Price> price_of(const std::string& model) const;
  Money paid_before(const RunId& run) const;
  void settle(const Run& run, const Outcome& outcome, const std::optional<Judged>& judged);
  void fail_with(const Error& error);
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
std::size_t Bench::not_started() const { return state_->not_started; }
Money Bench::needed() const { return state_->needed; }
Money Bench::spent() const { return state_->pool.spent(); }

void Bench::stop() {
  if (++state_->stops > 1) {
    for (const RunId& run : std::exchange(state_->running, {})) {
      state_->system.runner().abandon(run);
      if (state_->agents) state_->agents->abandon(run);
      state_->scoring.erase(run);
    }
    if (state_->judges) state_->judges->abandon();
  }
  state_->system.loop().post([] {});
}

Result<void> Bench::run(std::function<void(const BenchProgress&)> progress) {
  state_->progress = std::move(progress);
  if (auto begun = state_->begin(); !begun) return begun;
  state_->fill();
  state_->tell(nullptr);
  state_->system.loop().run_until([this] { return state_->ended(); });
  if (state_->failure) return std::unexpected(*state_->failure);
  return {};
}

Result<void> Bench::State::begin() {
  if (plan.agent) {
    auto made = ForeignAgents::make(system, *plan.agent, plan.models, plan.jobs);
    if (!made) return std::unexpected(made.error());
    agents = std::move(*made);
  }
  auto found = find_left_over(system.journal(), system.workbench(), suite, cells, rows,
                              config_hash(system.config()));
  if (!found) return std::unexpected(found.error());
  left_over = std::move(*found);
  judges.emplace(system, plan.judge);
  pool = BudgetPool(plan.usd, rows.spent() + left_over.spent);
  count_arms();
  return {};
}

void Bench::State::count_arms() {
  for (const Cell& cell : cells) {
    ArmProgress& arm = arms[{cell.mode, cell.model}];
    arm.mode = cell.mode;
    arm.model = cell.model;
    ++arm.all;
    const auto row = rows.rows().find(key_of(cell, suite));
    if (row != rows.rows().end()) count(arm, row->second, 1);
  }
}

void Bench::State::fill() {
  const auto jobs = static_cast<std::size_t>(plan.learn ? 1 : std::max(plan.jobs, 1));
  while (!failure && stops == 0 && next_cell < cells.size() && running.size() < jobs) {
    const Cell& cell = cells[next_cell];
    if (!is_final(rows.rows(), key_of(cell, suite)) && !start(cell)) {
      // A run under way may leave something over. The order is kept: a bench that took what fits
      // would end with the cheap tasks.
      if (pool.waiting_helps()) return;
      for (; next_cell < cells.size(); ++next_cell) {
        not_started += is_final(rows.rows(), key_of(cells[next_cell], suite)) ? 0U : 1U;
      }
      return;
    }
    ++next_cell;
  }
}

Money Bench::State::most_of(const Started& started) const {
  return started.limits.usd.value_or(plan.usd.value_or(Money())) +
         judge_allowance(started.task.score);
}

bool Bench::State::reserve(const RunId& run, Money most) {
  const bool reserved = pool.reserve(run, std::max(most, Money()));
  if (!reserved) needed = most;
  return reserved;
}

bool Bench::State::start(const Cell& cell) {
  const auto left = left_over.runs.find(key_of(cell, suite));
  if (left != left_over.runs.end()) return go_on(cell, left->second);
  Started started = started_for(cell, RunId::make(system.clock().now(), system.random()));
  if (!reserve(started.run, most_of(started))) return false;
  running.insert(started.run);
  if (is_agent_mode(cell.mode)) {
    agents->start(std::move(started), done_with(cell));
  } else {
    system.runner().start(std::move(started), options_for(cell));
  }
  return true;
}

Started Bench::State::started_for(const Cell& cell, const RunId& run) const {
  const Task& task = suite.tasks[cell.task];
  Limits limits = tightest(task.limits, system.config().limits);
  if (!limits.usd) limits.usd = plan.usd;
  return Started{.run = run,
                 .task = task,
                 .limits = std::move(limits),
                 .asked_mode = cell.mode,
                 .asked_model = cell.model,
                 .seed = cell.seed,
                 .origin = "bench",
                 .config_hash = config_hash(system.config()),
                 .disabled_concerns = system.config().disabled_concerns};
}

StartOptions Bench::State::options_for(const Cell& cell) {
  // A bench's workspaces are copies that nobody else looks for.
  StartOptions options{.recalling = plan.recall ? Recalling::on : Recalling::off,
                       .outside_changes = OutsideChanges::accepted};
  options.listener.on_done = done_with(cell);
  return options;
}

std::function<void(const Run&, Result<Outcome>)> Bench::State::done_with(const Cell& cell) {
  return [this, cell](const Run& run, Result<Outcome> outcome) {
    if (outcome) return finished(cell, run, std::move(*outcome));
    running.erase(run.id());
    fail_with(outcome.error());
  };
}

void Bench::State::fail_with(const Error& error) {
  if (!failure) failure = error;
  system.loop().post([] {});
}

bool Bench::State::go_on(const Cell& cell, const RunId& id) {
  auto events = system.journal().load(id);
  auto run = events ? Run::replay(*events) : std::unexpected(events.error());
  if (!run) {
    fail_with(run.error());
    return true;
  }
  // A run that has ended may still need its verdict.
  const Money most = (*run)->outcome ? judge_allowance(run->task().score)
                                     : most_of((*run)->started) - paid_before(id);
  if (most > Money() && !reserve(id, most)) return false;
  running.insert(id);
  if ((*run)->outcome) {
    finished(cell, *run, *(*run)->outcome);
  } else if (auto resumed = system.runner().resume(*events, "pareto bench", options_for(cell));
             !resumed) {
    running.erase(id);
    fail_with(resumed.error());
  }
  return true;
}

std::optional<Price> Bench::State::price_of(const std::string& model) const {
  const std::vector<ModelInfo> models = system.models();
  const auto found = std::ranges::find(models, model, &ModelInfo::name);
  return found == models.end() ? std::nullopt : found->price;
}

Money Bench::State::paid_before(const RunId& run) const {
  const auto paid = left_over.paid.find(run);
  return paid == left_over.paid.end() ? Money() : paid->second;
}

// What an earlier bench paid of a run has been counted.
void Bench::State::settle(const Run& run, const Outcome& outcome,
                          const std::optional<Judged>& judged) {
  Money cost = outcome.receipt.total_cost() - paid_before(run.id());
  if (judged) cost += judged->cost - paid_before(judged->judge);
  pool.settle(run.id(), cost);
}

void Bench::State::finished(const Cell& cell, const Run& run, Outcome outcome) {
  // A run that a person stopped says nothing; it is done again by the same command.
  if (outcome.status == Status::cancelled) {
    settle(run, outcome, std::nullopt);
    running.erase(run.id());
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
      [this, cell, run, outcome = std::move(outcome)](Result<Scored> found) {
        if (found && found->ask_judge) return ask_judge(cell, run, outcome);
        scored(cell, run, outcome, std::move(found), std::nullopt);
      });
}

void Bench::State::ask_judge(const Cell& cell, const Run& run, const Outcome& outcome) {
  std::optional<RunId> left;
  if (const auto found = left_over.judges.find(run.id()); found != left_over.judges.end()) {
    left = found->second;
  }
  judges->ask(run, outcome.answer, left, [this, cell, run, outcome](Result<Judged> judged) {
    if (judged) return scored(cell, run, outcome, judged->scored, *judged);
    running.erase(run.id());
    fail_with(judged.error());
  });
}

void Bench::State::scored(const Cell& cell, const Run& run, Outcome outcome, Result<Scored> score,
                          const std::optional<Judged>& judged) {
  if (!score) {
    outcome.status = Status::error;
    outcome.reason = judged ? Reason::model : Reason::sandbox;
    outcome.error = score.error().message;
  }
  const std::optional<double> value = score ? score->score : std::nullopt;
  Json row = result_row(run, outcome,
                        {.suite = suite.name,
                         .suite_hash = suite.hash,
                         .repeat = cell.repeat,
                         .asked_model = cell.model,
                         .score = value,
                         .price = price_of(cell.model)});
  if (score && !score->note.empty()) row["score_note"] = score->note;
  if (judged) {
    row["judge_run"] = judged->judge.value;
    row["judge_model"] = judges->model();
    row["judge_cost_usd"] = judged->cost.to_string();
  }
  add_entities(row, run.task(), run.id(), system.journal());
  ArmProgress& arm = arms.at({cell.mode, cell.model});
  const auto replaced = rows.rows().find(key_of(cell, suite));
  if (replaced != rows.rows().end()) count(arm, replaced->second, -1);
  if (auto written = rows.append(row); !written && !failure) failure = written.error();
  count(arm, row, 1);
  settle(run, outcome, judged);
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
  if (!progress) return;
  BenchProgress now{
      .all = cells.size(), .running = running.size(), .spent = pool.spent(), .row = row};
  for (const auto& [name, arm] : arms) {
    now.done += arm.done;
    now.arms.push_back(arm);
  }
  progress(now);
}

}  // namespace pareto
