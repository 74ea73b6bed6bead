#include "apps/report/seeking.h"

#include <algorithm>
#include <map>

#include "policies/offline/proportion.h"
#include "policies/offline/resampling.h"

namespace pareto::reporting {
namespace {

struct Sums {
  double isr = 0;
  double ise = 0;
  int runs = 0;
};

ArmSeeking of_arm(const offline::ArmId& arm, const std::map<std::string, Sums>& tasks,
                  double confidence) {
  ArmSeeking seeking{.arm = arm, .tasks = static_cast<int>(tasks.size())};
  double isr = 0;
  std::vector<offline::RatioTerm> ise;
  for (const auto& [task, sums] : tasks) {
    seeking.runs += sums.runs;
    isr += sums.isr / sums.runs;
    ise.push_back({sums.ise / sums.runs, 1});
  }
  seeking.isr = {isr / seeking.tasks, offline::wilson_interval(isr, seeking.tasks, confidence)};
  seeking.ise = offline::ratio_of_sums(ise, confidence);
  // A symmetric interval doesn't know that actions are counted from 0 on.
  if (auto& interval = seeking.ise.interval) interval->low = std::max(0.0, interval->low);
  return seeking;
}

}  // namespace

std::vector<ArmSeeking> seeking_of(const SuiteRows& rows, double confidence) {
  std::map<offline::ArmId, std::map<std::string, Sums>> arms;
  for (const ReportRow& row : rows.rows) {
    const bool error = row.observation.ending == offline::Ending::infrastructure_error;
    if (!row.seeking || error) continue;
    Sums& sums = arms[row.observation.arm][row.observation.task];
    sums.isr += row.seeking->isr;
    sums.ise += row.seeking->ise;
    ++sums.runs;
  }
  std::vector<ArmSeeking> result;
  for (const auto& [arm, tasks] : arms) result.push_back(of_arm(arm, tasks, confidence));
  return result;
}

}  // namespace pareto::reporting
