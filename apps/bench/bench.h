#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/bench/foreign_agent.h"
#include "apps/bench/rows.h"
#include "apps/bench/suite.h"
#include "apps/system/system.h"

namespace pareto {

struct BenchPlan {
  std::vector<std::string> modes{"auto"};
  std::vector<std::string> models;  // as asked; at least one
  int repeats = 1;
  int jobs = 1;
  std::optional<std::size_t> limit;  // the first N tasks
  std::string filter;                // only task ids that contain it
  std::uint64_t seed = 1;
  std::optional<Money> usd;  // all runs together, earlier ones included
  bool recall = false;
  bool learn = false;  // forces one job
  std::string judge;   // the model that judges answers; empty where no score asks for one
  // Who works on the cells of the mode `agent_mode(*agent)`.
  std::optional<ForeignAgentPlan> agent;
};

// One run that a bench asks for.
struct Cell {
  std::size_t task = 0;
  std::string mode;
  std::string model;
  int repeat = 0;
  std::uint64_t seed = 0;
};

// Every cell of a plan, task by task, so that an interrupted bench has whole tasks. The seed of a
// cell follows from the plan's seed, the task and the repeat, so that arms are compared on the same
// draws.
std::vector<Cell> cells_of(const BenchPlan& plan, const Suite& suite);

// How far one arm is, by the rows in force.
struct ArmProgress {
  std::string mode;  // as asked
  std::string model;
  std::size_t all = 0;   // cells
  std::size_t done = 0;  // that have a row which is no error
  std::size_t errors = 0;
  double successes = 0;  // sum of scores
  Money cost;
  std::int64_t tokens = 0;  // prompt and completion

  friend bool operator==(const ArmProgress&, const ArmProgress&) = default;
};

struct BenchProgress {
  std::size_t done = 0;  // cells with a row that is no error, earlier ones included
  std::size_t all = 0;
  std::size_t running = 0;
  Money spent;  // by all runs there ever were
  std::vector<ArmProgress> arms;
  const Json* row = nullptr;  // the row that has just been written, or null
};

// Runs what is missing. Runs that an earlier, interrupted bench left in the journal are resumed,
// those that had finished are scored, so that nothing is paid twice. Completes when every cell has
// its row, no run can be begun within the budget, or `stop` was called.
//
// Thread: the loop's; drives the system's loop itself.
class Bench {
 public:
  Bench(System& system, const Suite& suite, BenchPlan plan, ResultRows& rows);
  ~Bench();

  // Blocks. The error of the first thing that makes going on senseless (disk full, journal broken).
  Result<void> run(std::function<void(const BenchProgress&)> progress);
  // Lets the runs under way end and begins none; the second time they are left where they are, to
  // be gone on with by the next bench. A run is never asked to wrap up: that would cost a call and
  // give no row.
  void stop();
  // Cells that were not started since what is left of the budget does not bear all that their run
  // may spend; and how much that is for the first of them.
  std::size_t not_started() const;
  Money needed() const;
  // By all runs there ever were, with or without a row.
  Money spent() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pareto
