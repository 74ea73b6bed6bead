#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

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
  std::optional<Money> usd;  // all runs of this suite together, earlier rows included
  bool recall = false;
  bool learn = false;  // forces one job
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

struct BenchProgress {
  std::size_t done = 0;  // cells with a row, earlier ones included
  std::size_t all = 0;
  std::size_t running = 0;
  Money spent;
  const Json* row = nullptr;  // the row that has just been written, or null
};

// Runs what is missing. Runs that an earlier, interrupted bench left in the journal are resumed,
// those that had finished are scored, so that nothing is paid twice. Completes when every cell has
// its row, the budget is used up, or `stop` was called.
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
  // Whether cells were left out since the budget does not bear them.
  bool out_of_budget() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace pareto
