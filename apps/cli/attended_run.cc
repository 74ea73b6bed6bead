#include "apps/cli/attended_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/runner/experience.h"
#include "apps/cli/live_line.h"
#include "apps/cli/terminal_text.h"
#include "apps/system/result_row.h"

namespace pareto {
namespace {

constexpr Milliseconds kCancelPoll{500};

struct Approval {
  bool approved = false;
  std::string by;
};

// "file:PATH" names a file of tool names, one a line, that are approved.
Approval from_file(const std::string& path, const Run& run, const AskPerson& ask) {
  std::ifstream file(path);
  std::vector<std::string> allowed;
  for (std::string line; std::getline(file, line);) allowed.push_back(line);
  for (const ToolCall& call : run->asked) {
    const bool asked = std::ranges::find(ask.call_ids, call.id) != ask.call_ids.end();
    if (asked && std::ranges::find(allowed, call.name) == allowed.end()) return {false, path};
  }
  return {true, path};
}

Approval at_terminal(const AskPerson& ask) {
  if (isatty(STDIN_FILENO) == 0) return {false, "no terminal"};
  fmt::print(stderr, "\n{}\nAllow it? [y/N] ", terminal_text(ask.question));
  std::string answer;
  std::getline(std::cin, answer);
  return {answer == "y" || answer == "Y" || answer == "yes", "the person at the terminal"};
}

}  // namespace

struct AttendedRun::State {
  System& system;
  const Globals& globals;
  Attendance attendance;
  LiveLine live;
  std::ofstream events;
  std::unique_ptr<Lease> lease;
  std::unique_ptr<Operation> signals;
  std::unique_ptr<Operation> poll;
  std::unique_ptr<Operation> learning;
  int interrupts = 0;
  bool ended = false;
  int status = kExitInfrastructure;

  RunListener listener() {
    RunListener hears;
    hears.on_event = [this](const Run& run, const Event& event) {
      if (events.is_open()) events << to_line(event) << '\n' << std::flush;
      live.on_event(run, event);
    };
    if (live.shown()) hears.on_delta = [this](const Delta& delta) { live.on_delta(delta); };
    hears.on_question = [this](const RunId& run, const AskPerson& ask) { question(run, ask); };
    hears.on_done = [this](const Run& run, Result<Outcome> outcome) {
      done(run, std::move(outcome));
    };
    return hears;
  }

  void question(const RunId& id, const AskPerson& ask) {
    live.clear();
    const std::string& how = attendance.approve;
    Approval approval;
    if (how == "all") {
      approval = {true, "--approve all"};
    } else if (how.starts_with("file:")) {
      approval = from_file(how.substr(5), *system.runner().find(id), ask);
    } else if (how == "ask") {
      approval = at_terminal(ask);
    } else {
      approval = {false, "--approve none"};
    }
    system.loop().post(
        [this, id, approval] { system.runner().approve(id, approval.approved, approval.by); });
  }

  void done(const Run& run, Result<Outcome> outcome) {
    live.clear();
    if (!outcome) {
      status = report(outcome.error());
      if (!run.id().empty()) {
        fmt::print(stderr, "What is durable can be resumed: pareto runs resume {}\n",
                   run.id().value);
      }
      return end();
    }
    status = exit_status(run, *outcome);
    print(run, *outcome);
    learn(run, *outcome);
  }

  void print(const Run& run, const Outcome& outcome) const {
    if (globals.json) {
      fmt::print("{}\n",
                 dump_json(result_row(run, outcome, {.asked_model = attendance.asked_model})));
    } else if (!outcome.answer.empty()) {
      fmt::print("{}\n", text_for(stdout, outcome.answer));
    }
    std::fflush(stdout);
    if (globals.quiet) return;
    if (!globals.json && !outcome.diff.empty()) {
      fmt::print(stderr, "{}", text_for(stderr, outcome.diff));
    }
    fmt::print(stderr, "{}\n", summary_line(run, outcome));
    if (!outcome.error.empty()) {
      fmt::print(stderr, "pareto: {}\n", text_for(stderr, outcome.error));
    }
    fmt::print(stderr, "The whole story: pareto runs show {}\n", run.id().value);
  }

  void learn(const Run& run, const Outcome& outcome) {
    auto experience = experience_of(run, outcome);
    if (!attendance.learn || system.memory() == nullptr || !experience) return end();
    learning = system.memory()->learn(std::move(*experience), [this](Result<void> learned) {
      if (!learned && !globals.quiet) {
        fmt::print(stderr, "pareto: this run was not remembered: {}\n", learned.error().message);
      }
      end();
    });
  }

  void end() {
    ended = true;
    signals.reset();
    poll.reset();
    lease.reset();
    system.loop().post([] {});
  }

  void watch(const RunId& run) {
    signals = system.loop().on_signal({SIGINT, SIGTERM}, [this, run](int) {
      live.clear();
      if (++interrupts == 1) {
        fmt::print(stderr, "Wrapping up; once more stops at once.\n");
        if (system.runner().cancel(run, "the person at the terminal")) return;
      }
      system.runner().abandon(run);
      fmt::print(stderr, "Stopped. Go on with: pareto runs resume {}\n", run.value);
      status = kExitCancelled;
      end();
    });
    poll_cancel(run);
  }

  // Another process may ask this owner to stop.
  void poll_cancel(const RunId& run) {
    poll = system.loop().after(kCancelPoll, [this, run] {
      const auto asked = system.leases().cancel_requested(run);
      if (asked && *asked) system.runner().cancel(run, "pareto runs cancel");
      live.tick();
      poll_cancel(run);
    });
  }

  int attend(const RunId& run, std::function<Result<void>()> begin) {
    if (!attendance.events_file.empty()) {
      events.open(attendance.events_file, std::ios::app);
      if (!events) {
        return report({ErrorCode::invalid, attendance.events_file + " can't be written"});
      }
    }
    system.leases().acquire(run, "pareto run", system.clock().now(),
                            [this, run, begin](Result<Lease> taken) {
                              if (!taken) {
                                status = report(taken.error());
                                return end();
                              }
                              lease = std::make_unique<Lease>(std::move(*taken));
                              watch(run);
                              if (auto begun = begin(); !begun) {
                                status = report(begun.error());
                                end();
                              }
                            });
    system.loop().run_until([this] { return ended; });
    return status;
  }
};

AttendedRun::AttendedRun(System& system, const Globals& globals, Attendance attendance)
    : state_(std::make_unique<State>(State{.system = system,
                                           .globals = globals,
                                           .attendance = std::move(attendance),
                                           .live = LiveLine(lively(globals))})) {}

AttendedRun::~AttendedRun() = default;

int AttendedRun::start(Started started) {
  const RunId run = started.run;
  return state_->attend(run, [this, started = std::move(started)]() -> Result<void> {
    state_->system.runner().start(
        started, {.recalling = state_->attendance.recall ? Recalling::on : Recalling::off,
                  .listener = state_->listener()});
    return {};
  });
}

int AttendedRun::resume(const RunId& run) {
  return state_->attend(run, [this, run]() -> Result<void> {
    auto events = state_->system.journal().load(run);
    if (!events) return std::unexpected(events.error());
    return state_->system.runner().resume(
        *events, "pareto runs resume",
        {.outside_changes = state_->attendance.outside_changes, .listener = state_->listener()});
  });
}

int exit_status(const Run& run, const Outcome& outcome) {
  switch (outcome.status) {
    case Status::success:
      return kExitSuccess;
    case Status::failure:
      return kExitFailed;
    case Status::limit:
      return kExitLimit;
    case Status::cancelled:
      return kExitCancelled;
    case Status::error:
      // Without a route the request itself could not be met: a forced arm that does not fit.
      return run->route ? kExitInfrastructure : kExitUsage;
  }
  return kExitInfrastructure;
}

}  // namespace pareto
