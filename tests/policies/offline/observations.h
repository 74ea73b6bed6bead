#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "agent/core/random.h"
#include "policies/offline/result_table.h"

namespace pareto::offline {

inline const ArmId kCheap{"instant", "small"};
inline const ArmId kDear{"agentic", "large"};

inline Money dollars(double usd) {
  return Money::nanos(static_cast<std::int64_t>(std::llround(usd * 1e9)));
}

inline Observation observed(const ArmId& arm, const std::string& task, double score, double usd,
                            std::int64_t repeat = 0, const std::string& task_class = "") {
  return {.task = task,
          .task_class = task_class,
          .arm = arm,
          .repeat = repeat,
          .score = score,
          .ending = score > 0 ? Ending::success : Ending::failure,
          .list_cost = dollars(usd),
          .billed_cost = dollars(usd),
          .cost_without_cache = dollars(usd)};
}

inline Observation broken(const ArmId& arm, const std::string& task, std::int64_t repeat = 0) {
  Observation observation = observed(arm, task, 0, 0.5, repeat);
  observation.score.reset();
  observation.ending = Ending::infrastructure_error;
  return observation;
}

// Eight tasks, one repeat: the data of the reference values from scipy and statsmodels.
//   a = [1,1,0,1,1,0,1,1]; b = [1,0,0,1,0,0,1,0]
//   ca = [.010,.012,.030,.008,.015,.040,.011,.020]; cb = [.020,.030,.033,.015,.018,.060,.012,.030]
inline std::vector<Observation> eight_tasks() {
  const std::vector<double> a{1, 1, 0, 1, 1, 0, 1, 1};
  const std::vector<double> b{1, 0, 0, 1, 0, 0, 1, 0};
  const std::vector<double> ca{.010, .012, .030, .008, .015, .040, .011, .020};
  const std::vector<double> cb{.020, .030, .033, .015, .018, .060, .012, .030};
  const std::vector<std::string> classes{"x", "x", "x", "y", "y", "y", "z", "z"};
  std::vector<Observation> observations;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const std::string task = "t" + std::to_string(i);
    observations.push_back(observed(kCheap, task, a[i], ca[i], 0, classes[i]));
    observations.push_back(observed(kDear, task, b[i], cb[i], 0, classes[i]));
  }
  return observations;
}

inline ResultTable table_of(const std::vector<Observation>& observations) {
  return ResultTable::from(observations).value();
}

inline double gaussian(Random& random) {
  return std::sqrt(-2 * std::log(1 - uniform(random))) *
         std::cos(2 * std::numbers::pi * uniform(random));
}

}  // namespace pareto::offline
