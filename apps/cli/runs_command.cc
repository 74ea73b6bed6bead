#include "apps/cli/runs_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/core/json_text.h"
#include "apps/cli/attended_run.h"
#include "apps/cli/runs_export.h"
#include "apps/cli/store_access.h"
#include "apps/cli/story.h"
#include "apps/system/run_json.h"

namespace pareto {
namespace {

Result<int> list(const Globals& globals, RunFilter filter) {
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  auto page = store->journal->list(filter);
  if (!page) return std::unexpected(page.error());
  if (globals.json) {
    Json runs = Json::array();
    for (const RunSummary& run : page->runs) runs.push_back(run_json(run));
    fmt::print("{}\n", dump_json(Json{{"runs", std::move(runs)}, {"next", page->next}}));
    return kExitSuccess;
  }
  if (page->runs.empty()) fmt::print(stderr, "No runs in {}.\n", store->config.state);
  for (const RunSummary& run : page->runs) {
    fmt::print("{}  {:%m-%d %H:%M}  {:<9} {:<13} {:<9} {:<8} {:>3} turns {:>12} USD  {}\n",
               run.run.value, fmt::localtime(std::chrono::system_clock::to_time_t(run.created)),
               run.status, run.reason, run.mode, run.model, run.turns, run.cost.to_string(),
               run.task_id);
  }
  if (!page->next.empty()) fmt::print(stderr, "More: --cursor {}\n", page->next);
  return kExitSuccess;
}

Result<int> show(const Globals& globals, const std::string& id, StoryLength length) {
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  auto run = store->journal->resolve(id);
  if (!run) return std::unexpected(run.error());
  auto events = store->journal->load(*run);
  if (!events) return std::unexpected(events.error());
  if (globals.json) {
    auto json = run_details(*store->journal, *run);
    if (!json) return std::unexpected(json.error());
    fmt::print("{}\n", dump_json(*json));
  } else {
    fmt::print("{}", tell_story(*events, length));
    if (globals.verbose) fmt::print("{}", tell_concern_times(*events));
  }
  return kExitSuccess;
}

Result<int> events(const Globals& globals, const std::string& id) {
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  auto run = store->journal->resolve(id);
  if (!run) return std::unexpected(run.error());
  auto done = store->journal->export_lines(*run, 0, [](std::string_view line) -> Result<void> {
    fmt::print("{}\n", line);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return kExitSuccess;
}

// The models that a run needs: its own once routed, else what it asked for.
std::vector<std::string> models_of(const Run& run) {
  if (run->route) return {run->model.name};
  if (!run->started.asked_model.empty()) return {run->started.asked_model};
  return {};
}

Result<int> resume(const Globals& globals, const std::string& id, OutsideChanges outside) {
  std::optional<RunId> run_id;
  std::vector<std::string> models;
  WorkspaceSource source = WorkspaceSource::copy;
  std::optional<Config> config;
  {
    auto store = open_store(globals);
    if (!store) return std::unexpected(store.error());
    auto found = store->journal->resolve(id);
    if (!found) return std::unexpected(found.error());
    auto events = store->journal->load(*found);
    if (!events) return std::unexpected(events.error());
    auto run = Run::replay(*events);
    if (!run) return std::unexpected(run.error());
    if ((*run)->outcome) {
      return fail(ErrorCode::invalid,
                  fmt::format("run {} has finished ({}); see pareto runs show {}", found->value,
                              to_string((*run)->outcome->status), found->value));
    }
    run_id = *found;
    models = models_of(*run);
    if ((*run)->started.origin == "run" && !run->task().workspace.empty()) {
      source = WorkspaceSource::in_place;
    }
    config = std::move(store->config);
  }
  SystemOptions options{.workspace_source = source, .models = models, .memory = config->memory_on};
  const std::string approve = config->approve;
  const bool learn = config->learn_on;
  const std::string asked = models.empty() ? config->default_model : models.front();
  auto system = System::open(std::move(*config), std::move(options));
  if (!system) return std::unexpected(system.error());
  AttendedRun attended(
      **system, globals,
      {.approve = approve, .learn = learn, .outside_changes = outside, .asked_model = asked});
  return attended.resume(*run_id);
}

Result<int> cancel(const Globals& globals, const std::string& id) {
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  auto run = store->journal->resolve(id);
  if (!run) return std::unexpected(run.error());
  std::optional<Result<void>> asked;
  store->leases->request_cancel(*run, [&asked](Result<void> done) { asked = std::move(done); });
  store->loop->run_until([&asked] { return asked.has_value(); });
  if (!*asked) return std::unexpected(asked->error());
  if (!globals.quiet) fmt::print(stderr, "Asked the owner of {} to wrap up.\n", run->value);
  return kExitSuccess;
}

// A command on one run: `pareto runs NAME RUN`.
CLI::App* on_run(CLI::App* runs, const char* name, const char* text, std::string& id) {
  auto* command = runs->add_subcommand(name, text);
  command->add_option("run", id, "The id of a run, or how it begins")->required();
  return command;
}

void add_export(CLI::App* runs, const Globals& globals, std::function<void(Result<int>)> finish) {
  auto* command = runs->add_subcommand("export", "Runs in other programs' formats");
  auto flags = std::make_shared<ExportFlags>();
  command->add_option("run", flags->runs, "Ids of runs, or how they begin")->required();
  command
      ->add_option("--format", flags->format,
                   "atif: a trajectory (Harbor); otlp: OpenTelemetry GenAI spans")
      ->required();
  command->add_flag("--content", flags->content, "otlp: prompts, replies and results too");
  command->add_option("--out", flags->out, "A file or, for several runs, a folder");
  command->footer(
      "Examples:\n  pareto runs export 01JD --format atif > trajectory.json\n"
      "  pareto runs export 01JD 01JE --format otlp --content --out traces");
  command->callback([=, &globals] { finish(export_runs(globals, *flags)); });
}

}  // namespace

void add_runs_command(CLI::App& app, const Globals& globals, int& status) {
  auto* runs =
      app.add_subcommand("runs", "What happened: list, show, events, export, resume, cancel");
  runs->require_subcommand(1);
  runs->footer(
      "Examples:\n  pareto runs list\n  pareto runs show 01JD\n"
      "  pareto runs export 01JD --format otlp --out trace.json\n  pareto runs resume 01JD");
  const auto finish = [&status](Result<int> exit) {
    status = exit ? *exit : report_failed(exit.error());
    // A run that is not there is the caller's mistake.
    if (!exit && exit.error().code == ErrorCode::not_found) status = kExitUsage;
  };
  auto filter = std::make_shared<RunFilter>();
  auto wanted = std::make_shared<std::string>();
  auto id = std::make_shared<std::string>();
  auto whole = std::make_shared<bool>(false);
  auto force = std::make_shared<bool>(false);

  auto* listing = runs->add_subcommand("list", "Runs, newest first");
  listing->add_option("--status", *wanted, "Only runs of this status");
  listing->add_option("--limit", filter->limit, "How many")->check(CLI::Range(1, 1000));
  listing->add_option("--cursor", filter->cursor, "Go on after an earlier page");
  listing->callback([=, &globals] {
    if (!wanted->empty()) filter->status = *wanted;
    finish(list(globals, *filter));
  });
  auto* story = on_run(runs, "show", "One run as a story", *id);
  story->add_flag("--whole", *whole, "Don't shorten long texts");
  story->callback([=, &globals] {
    finish(show(globals, *id, *whole ? StoryLength::whole : StoryLength::shortened));
  });
  on_run(runs, "events", "Every event as JSON lines", *id)->callback([=, &globals] {
    finish(events(globals, *id));
  });
  add_export(runs, globals, finish);
  auto* resuming = on_run(runs, "resume", "Go on with a run that was interrupted", *id);
  resuming->add_flag("--force", *force, "Even if its workspace was changed from outside");
  resuming->footer("Exit status: as of pareto run");
  resuming->callback([=, &globals, &status] {
    auto exit = resume(globals, *id, *force ? OutsideChanges::accepted : OutsideChanges::refused);
    // The run goes on as if by `pareto run`, and so does its exit status.
    if (exit || exit.error().code == ErrorCode::not_found) return finish(std::move(exit));
    status = report(exit.error());
  });
  on_run(runs, "cancel", "Ask the process that works on a run to wrap up", *id)
      ->callback([=, &globals] { finish(cancel(globals, *id)); });
}

}  // namespace pareto
