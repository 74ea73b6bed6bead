#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "apps/bench/scorer.h"
#include "apps/system/system.h"

namespace pareto {

// What a judge's run came to.
struct Judged {
  RunId judge;
  Money cost;
  Result<Scored> scored;  // unavailable: it gave no verdict
};

// The judges' runs of a bench: runs as any other (origin kJudgeOrigin), durable and gone on with
// after a crash.
//
// Thread: the loop's.
class Judges {
 public:
  // An error means that a run could not be carried on (journal or workspace failed).
  using Done = std::function<void(Result<Judged>)>;

  Judges(System& system, std::string model) : system_(system), model_(std::move(model)) {}

  const std::string& model() const { return model_; }
  // Has the answer of a run judged. `left`: the judge's run that an earlier bench left for it.
  void ask(const Run& run, const std::string& answer, const std::optional<RunId>& left, Done done);
  // Leaves all runs where they are; nobody is told.
  void abandon();

 private:
  StartOptions options(const RunId& judge);
  void go_on(const RunId& judge);
  void end(const RunId& judge, Result<Outcome> said);

  System& system_;
  std::string model_;
  std::map<RunId, Done> asked_;  // by the judge's run
};

}  // namespace pareto
