#include "apps/report/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/output.h"

namespace pareto::reporting {
namespace {

using offline::ArmSummary;
using offline::Interval;

constexpr const char* kHeader =
    "suite,suite_hash,cost_model,class,mode,model,tasks,runs,errors,unpriced,passes,"
    "success_of_all,success_of_all_low,success_of_all_high,"
    "success_of_attempted,success_of_attempted_low,success_of_attempted_high,"
    "usd_per_task,usd_per_task_low,usd_per_task_high,"
    "usd_per_success,usd_per_success_low,usd_per_success_high,few_data,not_dominated,"
    "prompt_tokens,cached_tokens,completion_tokens,seconds,turns,"
    "retried_success,retried_usd_per_task,retried_usd_per_success,k,pass_at_k,pass_hat_k,"
    "seed_deviation,ability,ability_low,ability_high,isr,isr_low,isr_high,ise,ise_low,ise_high\n";

class Line {
 public:
  void text(std::string_view value) { raw(csv_field(value)); }
  void count(std::int64_t value) { raw(fmt::format("{}", value)); }
  void number(double value) { raw(std::isnan(value) ? "" : fmt::format("{:.9g}", value)); }
  void nothing(int fields = 1) {
    for (int i = 0; i < fields; ++i) raw("");
  }
  void ends(const std::optional<Interval>& interval) {
    if (!interval) return nothing(2);
    number(interval->low);
    number(interval->high);
  }
  std::string end() { return line_ + "\n"; }

 private:
  void raw(const std::string& field) {
    if (!first_) line_ += ',';
    first_ = false;
    line_ += field;
  }

  std::string line_;
  bool first_ = true;
};

// The element of an arm, or null.
template <class T>
const T* of_arm(const std::vector<T>& all, const offline::ArmId& arm) {
  const auto found = std::ranges::find(all, arm, &T::arm);
  return found == all.end() ? nullptr : &*found;
}

void add_success(Line& line, const offline::Proportion& share) {
  if (share.runs == 0) return line.nothing(3);
  line.number(share.share);
  line.ends(share.interval);
}

void add_cost(Line& line, const ArmSummary& arm) {
  if (arm.usd) {
    line.number(arm.usd->value);
    line.ends(arm.usd->interval);
  } else {
    line.nothing(3);
  }
  if (arm.cost_of_pass) {
    line.number(arm.cost_of_pass->ratio_of_means);
    line.ends(arm.cost_of_pass->delta);
    line.count(arm.cost_of_pass->few_data ? 1 : 0);
  } else {
    line.nothing(4);
  }
}

// Of repeats, ranking and required passages, which are about all classes: 13 fields.
void add_further(Line& line, const SuiteReport& suite, const ArmSummary& arm) {
  if (arm.task_class) return line.nothing(13);
  const ArmRepeats* repeats = nullptr;
  if (suite.repeats) repeats = of_arm(suite.repeats->arms, arm.arm);
  if (repeats != nullptr && !repeats->attempts.empty()) {
    line.count(repeats->attempts.back().k);
    line.number(repeats->attempts.back().at_k);
    line.number(repeats->attempts.back().hat_k);
  } else {
    line.nothing(3);
  }
  repeats != nullptr && repeats->seeds.tasks > 0 ? line.number(repeats->seeds.deviation)
                                                 : line.nothing();
  const offline::Ability* ability =
      suite.ranking ? of_arm(suite.ranking->fit.arms, arm.arm) : nullptr;
  if (ability != nullptr) {
    line.number(ability->ability);
    line.ends(suite.ranking
                  ->intervals[static_cast<std::size_t>(ability - suite.ranking->fit.arms.data())]);
  } else {
    line.nothing(3);
  }
  if (const ArmSeeking* seeking = of_arm(suite.seeking, arm.arm)) {
    line.number(seeking->isr.value);
    line.ends(seeking->isr.interval);
    line.number(seeking->ise.value);
    line.ends(seeking->ise.interval);
  } else {
    line.nothing(6);
  }
}

std::string csv_line(const SuiteReport& suite, const CostSection& section, const ArmSummary& arm,
                     const std::optional<bool>& not_dominated) {
  Line line;
  line.text(suite.rows.suite);
  line.text(suite.rows.suite_hash);
  line.text(section.cost_model);
  line.text(arm.task_class.value_or("*"));
  line.text(arm.arm.mode);
  line.text(arm.arm.model);
  for (const int value : {arm.tasks, arm.runs, arm.errors, arm.unpriced}) line.count(value);
  line.number(arm.success_of_all.passes);
  add_success(line, arm.success_of_all);
  add_success(line, arm.success_of_attempted);
  add_cost(line, arm);
  not_dominated ? line.count(*not_dominated ? 1 : 0) : line.nothing();
  for (const offline::Estimated* mean :
       {&arm.prompt_tokens, &arm.cached_tokens, &arm.completion_tokens, &arm.seconds, &arm.turns}) {
    line.number(mean->value);
  }
  if (arm.retried) {
    line.number(arm.retried->success);
    line.number(arm.retried->usd_per_task);
    line.number(arm.retried->usd_per_success);
  } else {
    line.nothing(3);
  }
  add_further(line, suite, arm);
  return line.end();
}

}  // namespace

std::string csv_field(std::string_view text) {
  std::string value = to_valid_utf8(text);
  // OWASP, "CSV Injection": what spreadsheets take for the start of a formula.
  if (!value.empty() && std::string_view("=+-@\t\r\n").find(value.front()) != std::string::npos) {
    value.insert(value.begin(), '\'');
  }
  if (value.find_first_of("\",\r\n") == std::string::npos) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string csv_report(const Report& report) {
  std::string result = kHeader;
  for (const SuiteReport& suite : report.suites) {
    for (const CostSection& section : suite.costs) {
      for (std::size_t i = 0; i < section.arms.size(); ++i) {
        result += csv_line(suite, section, section.arms[i], section.not_dominated[i]);
      }
      for (const ArmSummary& arm : section.classes) {
        result += csv_line(suite, section, arm, std::nullopt);
      }
    }
  }
  return result;
}

}  // namespace pareto::reporting
