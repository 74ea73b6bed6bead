#include "apps/bench/judges.h"

#include <utility>

#include "apps/bench/judging.h"

namespace pareto {

void Judges::ask(const Run& run, const std::string& answer, const std::optional<RunId>& left,
                 Done done) {
  const RunId judge = left.value_or(RunId::make(system_.clock().now(), system_.random()));
  asked_.emplace(judge, std::move(done));
  if (left) return go_on(judge);
  Started started{.run = judge,
                  .task = judge_task(run.task(), answer, run.id()),
                  .asked_mode = "instant",
                  .asked_model = model_,
                  .seed = run->started.seed,
                  .origin = std::string(kJudgeOrigin),
                  .config_hash = run->started.config_hash};
  started.limits = tightest(started.task.limits, {.seconds = system_.config().limits.seconds});
  system_.runner().start(std::move(started), options(judge));
}

void Judges::go_on(const RunId& judge) {
  auto events = system_.journal().load(judge);
  auto run = events ? Run::replay(*events) : std::unexpected(events.error());
  if (!run) return end(judge, std::unexpected(run.error()));
  if ((*run)->outcome) return end(judge, *(*run)->outcome);
  auto resumed = system_.runner().resume(*events, "pareto bench", options(judge));
  if (!resumed) end(judge, std::unexpected(resumed.error()));
}

StartOptions Judges::options(const RunId& judge) {
  StartOptions options{.recalling = Recalling::off, .outside_changes = OutsideChanges::accepted};
  options.listener.on_done = [this, judge](const Run&, Result<Outcome> said) {
    end(judge, std::move(said));
  };
  return options;
}

void Judges::end(const RunId& judge, Result<Outcome> said) {
  const auto asked = asked_.extract(judge);
  if (asked.empty()) return;
  if (!said) return asked.mapped()(std::unexpected(said.error()));
  asked.mapped()(Judged{judge, said->receipt.total_cost(), judgement(*said)});
}

void Judges::abandon() {
  for (const auto& [judge, done] : std::exchange(asked_, {})) system_.runner().abandon(judge);
}

}  // namespace pareto
