#include "policies/offline/import_check.h"

#include "policies/offline/correlation.h"

namespace pareto::offline {
namespace {

constexpr double kLowest = 0.2;
constexpr int kEnoughTasks = 20;

}  // namespace

std::vector<ArmCheck> check_import(const ResultTable& table) {
  std::vector<ArmCheck> checks;
  for (std::size_t arm = 0; arm < table.arms().size(); ++arm) {
    std::vector<double> own;
    std::vector<double> others;
    for (std::size_t task = 0; task < table.tasks().size(); ++task) {
      if (table.cell(arm, task).counted == 0) continue;
      double sum = 0;
      int count = 0;
      for (std::size_t other = 0; other < table.arms().size(); ++other) {
        if (other == arm || table.cell(other, task).counted == 0) continue;
        sum += table.cell(other, task).mean_success();
        ++count;
      }
      if (count == 0) continue;
      own.push_back(table.cell(arm, task).mean_success());
      others.push_back(sum / count);
    }
    ArmCheck check{.arm = table.arms()[arm], .tasks = static_cast<int>(own.size())};
    check.correlation = correlation(own, others);
    check.suspicious =
        check.tasks >= kEnoughTasks && check.correlation && *check.correlation < kLowest;
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace pareto::offline
