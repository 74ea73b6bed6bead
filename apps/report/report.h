#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "apps/report/ranking.h"
#include "apps/report/repeats.h"
#include "apps/report/result_files.h"
#include "apps/report/seeking.h"
#include "policies/offline/comparison.h"
#include "policies/offline/cost_of_pass.h"
#include "policies/offline/import_check.h"
#include "policies/offline/result_table.h"
#include "policies/offline/sample_size.h"
#include "policies/offline/summary.h"

namespace pareto::reporting {

struct ReportOptions {
  std::string baseline;              // MODE or MODE/MODEL; empty: no comparison
  double margin = 0.03;              // of success, for "not worse"
  std::optional<double> hourly_usd;  // of the machine: adds a second cost model
  bool plan = false;                 // sample sizes; needs a baseline
  double confidence = 0.95;
};

// Tasks that a sequel of this study would need.
struct PlannedSample {
  offline::ArmId arm;
  offline::Metric metric = offline::Metric::success;
  double effect = 0;
  std::optional<offline::SamplePlan> sample;
  std::string why_not;  // when there is none
};

// Everything that a notion of cost enters, under one of them.
struct CostSection {
  std::string cost_model;                    // "list price": stands beside every figure
  std::vector<offline::ArmSummary> arms;     // over all classes, in the table's order
  std::vector<bool> not_dominated;           // of `arms`: on the accuracy-cost frontier
  std::vector<offline::ArmSummary> classes;  // by class, then arm; empty with one class
  offline::Frontier frontier;
  std::vector<offline::Comparison> comparisons;
  std::vector<PlannedSample> plan;
};

// What an arm costs under every notion of cost; absent where the rows don't say.
struct PriceLine {
  offline::ArmId arm;
  struct Price {
    std::string cost_model;
    std::optional<double> usd_per_task;
    std::optional<double> usd_per_success;
    int unpriced = 0;  // runs
  };
  std::vector<Price> prices;
};

// By class of the tasks: the modes that runs of `auto` worked in, and how many did.
using AutoChoices = std::map<std::string, std::map<std::string, int>>;

struct SuiteReport {
  SuiteRows rows;
  int tasks = 0;
  int errors = 0;                   // rows that ended in an infrastructure error
  int estimated = 0;                // rows whose cost is an upper bound for a lost call
  int unscored = 0;                 // rows that no scorer judged: their status decides
  std::string baseline;             // the arm's name; empty without one
  std::vector<CostSection> costs;   // list price first
  std::vector<PriceLine> prices;    // an arm each
  std::optional<Repeats> repeats;   // where an arm ran a task twice
  std::optional<Ranking> ranking;   // of three arms or more
  std::vector<ArmSeeking> seeking;  // where tasks name required passages
  AutoChoices auto_chose;
  std::vector<std::string> notes;  // what was dropped, and why; what looks suspicious
};

struct Report {
  ReportOptions options;
  std::vector<SuiteReport> suites;
  std::vector<std::string> notes;  // of the files

  bool has_errors() const;  // whether a row is an infrastructure error
};

// All statistics of the rows. The same rows give the same figures: random draws have a fixed seed.
// Errors (invalid): no rows; a baseline that no suite has or that several arms fit; a plan without
// a baseline; rows that contradict each other.
Result<Report> make_report(ResultFiles files, const ReportOptions& options);

}  // namespace pareto::reporting
