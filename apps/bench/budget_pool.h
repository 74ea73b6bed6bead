#pragma once

#include <map>
#include <optional>

#include "agent/core/id.h"
#include "agent/core/money.h"

namespace pareto {

// The money that all runs of a bench share. A run begins only when all that it may spend can be set
// aside, so that no run is cut short for what others spent, and the sum is never exceeded:
// spent + set aside <= total at every moment. What a run leaves over comes back.
class BudgetPool {
 public:
  // Without a total nothing is refused, but everything is counted.
  BudgetPool(std::optional<Money> total, Money spent) : total_(total), spent_(spent) {}

  // Sets `most` aside for a run that has nothing set aside; false when it is not there now.
  bool reserve(const RunId& run, Money most);
  // Gives back what was set aside for a run and counts what it cost.
  void settle(const RunId& run, Money cost);
  // Gives back what was set aside for a run that will be gone on with by another bench.
  void release(const RunId& run) { reserved_.erase(run); }

  // Whether waiting may help: something is set aside.
  bool waiting_helps() const { return !reserved_.empty(); }
  std::optional<Money> total() const { return total_; }
  Money spent() const { return spent_; }
  // What can be set aside now; Money::max() without a total. Never below zero.
  Money left() const;

 private:
  std::optional<Money> total_;
  Money spent_;
  std::map<RunId, Money> reserved_;
};

}  // namespace pareto
