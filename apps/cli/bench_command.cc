#include "apps/cli/bench_command.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "apps/bench/bench.h"
#include "apps/bench/judging.h"
#include "apps/bench/live_table.h"
#include "apps/bench/manifest.h"
#include "apps/bench/predictions.h"
#include "apps/bench/suite_check.h"
#include "apps/bench/trust.h"
#include "apps/cli/terminal_text.h"
#include "apps/report/terminal.h"
#include "tools/digest.h"

namespace pareto {
namespace {

constexpr int kMostOfAnything = 1'000'000;

struct BenchFlags {
  std::vector<std::string> suites;
  std::vector<std::string> modes;
  std::vector<std::string> models;
  std::string out;
  std::string filter;
  std::string format;
  std::string usd;
  std::string memory = "off";
  std::string learn = "off";
  std::string record;
  std::string cassette;
  std::string agent;
  std::string judge;
  std::string agent_name;
  std::vector<std::string> agent_paths;
  int repeat = 1;
  int jobs = 1;
  int limit = 0;
  std::uint64_t seed = 1;
  bool check = false;
};

Result<BenchPlan> plan_of(const BenchFlags& flags, const Config& config) {
  BenchPlan plan{.modes = flags.modes,
                 .models = flags.models,
                 .repeats = flags.repeat,
                 .jobs = flags.jobs,
                 .filter = flags.filter,
                 .seed = flags.seed,
                 .recall = flags.memory != "off",
                 .learn = flags.learn == "on"};
  if (flags.limit > 0) plan.limit = static_cast<std::size_t>(flags.limit);
  for (const std::string& mode : plan.modes) {
    if (mode != "auto" && !parse_mode(mode)) {
      return fail(ErrorCode::invalid, fmt::format("--modes: expected auto, instant, reasoning or "
                                                  "agentic; found \"{}\"",
                                                  mode));
    }
  }
  if (!flags.agent.empty()) {
    auto agent = make_agent_plan(flags.agent, flags.agent_name, flags.agent_paths);
    if (!agent) return std::unexpected(agent.error());
    plan.modes.push_back(agent_mode(*agent));
    plan.agent = std::move(*agent);
  } else if (plan.modes.empty()) {
    plan.modes = {"auto"};
  }
  if (plan.models.empty()) plan.models = {config.default_model};
  for (const std::string& model : plan.models) {
    if (auto known = find_model(config, model); !known) return std::unexpected(known.error());
  }
  plan.judge = flags.judge.empty() ? config.default_model : flags.judge;
  if (!flags.usd.empty()) {
    auto usd = Money::parse(flags.usd);
    if (!usd) return fail(ErrorCode::invalid, "--usd: " + usd.error().message);
    plan.usd = *usd;
  }
  return plan;
}

// A line for each run that ended; on a terminal the table of all below them, drawn over.
class Screen {
 public:
  explicit Screen(const Globals& globals) : quiet_(globals.quiet), lively_(lively(globals)) {}

  void show(const BenchProgress& progress) {
    if (quiet_) return;
    clear();
    if (progress.row != nullptr) {
      pace_.row_written();
      fmt::print(stderr, "{}\n", terminal_text(row_line(progress)));
    }
    if (!lively_) return;
    const double elapsed =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
    winsize size{};
    const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    const std::string table =
        live_table(progress, pace_.seconds_left(elapsed, progress.all - progress.done),
                   known ? size.ws_col - 1U : 79U, known ? size.ws_row : 24U);
    fmt::print(stderr, "{}", terminal_text(table));
    std::fflush(stderr);
    drawn_ = static_cast<int>(std::ranges::count(table, '\n'));
  }
  void clear() {
    if (drawn_ > 0) fmt::print(stderr, "\033[{}A\r\033[J", drawn_);
    drawn_ = 0;
  }

 private:
  bool quiet_;
  bool lively_;
  int drawn_ = 0;  // lines
  Pace pace_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// A folder for a check's workspaces, removed with its owner.
class Scratch {
 public:
  explicit Scratch(const std::string& state) : path_(fmt::format("{}/check-{}", state, getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Indices of the tasks that a plan is about.
std::vector<std::size_t> tasks_of(const BenchPlan& plan, const Suite& suite) {
  std::vector<std::size_t> tasks;
  for (const Cell& cell : cells_of(plan, suite)) {
    if (tasks.empty() || tasks.back() != cell.task) tasks.push_back(cell.task);
  }
  return tasks;
}

Result<int> check_only(const Suite& suite, const BenchPlan& plan, const Config& config,
                       const Globals& globals) {
  auto sandbox = Sandbox::create({.unsafe_no_sandbox = config.unsafe_no_sandbox});
  if (!sandbox) return std::unexpected(sandbox.error());
  const Scratch scratch(config.state);
  auto check = check_suite(suite, tasks_of(plan, suite), *sandbox, scratch.path(), plan.jobs,
                           [&globals](const std::string& task) {
                             if (globals.verbose) fmt::print(stderr, "checking {}\n", task);
                           });
  if (!check) return std::unexpected(check.error());
  if (globals.json) {
    fmt::print("{}\n", dump_json(Json{{"suite", suite.name},
                                      {"hash", suite.hash},
                                      {"tasks", check->tasks},
                                      {"oracle_passed", check->oracle_passed},
                                      {"null_passed", check->null_passed},
                                      {"failures", check->failures},
                                      {"not_checked", check->not_checked}}));
  } else {
    fmt::print("{} ({}): {} tasks are valid", suite.name, suite.hash, check->tasks);
    if (!suite.oracle.empty()) fmt::print("; the oracle solves {}", check->oracle_passed);
    if (suite.null_check) fmt::print("; doing nothing scores 0 on {}", check->null_passed);
    fmt::print("\n");
    for (const std::string& text : check->not_checked) fmt::print("not checked: {}\n", text);
    for (const std::string& text : check->failures) fmt::print("FAILED {}\n", text);
  }
  return check->good() ? kExitSuccess : kExitFailed;
}

Result<void> check_tools(const Suite& suite, const ToolRegistry& tools) {
  for (const Task& task : suite.tasks) {
    if (auto specs = tools.specs(task); !specs) {
      return fail(ErrorCode::invalid,
                  fmt::format("suite {}, task {}: {}", suite.name, task.id, specs.error().message));
    }
  }
  return {};
}

// Prints the rows, or the main tables of their report. Gives whether a row is an infrastructure
// error.
Result<bool> show_results(const ResultRows& rows, const std::string& out, const Globals& globals) {
  bool errors = false;
  for (const auto& [key, row] : rows.rows()) {
    errors |= is_error(row);
    if (globals.json) fmt::print("{}\n", dump_json(row));
  }
  if (globals.json || rows.rows().empty()) return errors;
  auto files = reporting::read_results(std::vector{out});
  if (!files) return std::unexpected(files.error());
  auto report = reporting::make_report(std::move(*files), {});
  if (!report) return std::unexpected(report.error());
  fmt::print("{}", reporting::terminal_summary(*report));
  return errors;
}

void show_not_started(const Bench& bench, const BenchPlan& plan) {
  if (bench.not_started() == 0) return;
  fmt::print(stderr,
             "not started: budget: {} runs. --usd allows {} USD in all, {} are spent, and the next "
             "run may spend up to {} (limits.usd).\n",
             bench.not_started(), plan.usd.value_or(Money()).to_string(), bench.spent().to_string(),
             bench.needed().to_string());
}

Result<int> bench_suite(const Suite& suite, const BenchFlags& flags, const Globals& globals) {
  auto config = load_config(globals);
  if (!config) return std::unexpected(config.error());
  auto plan = plan_of(flags, *config);
  if (!plan) return std::unexpected(plan.error());
  auto judge = judge_for(suite, *config, plan->judge);
  if (!judge) return std::unexpected(judge.error());
  plan->judge = std::move(*judge);
  if (flags.check) return check_only(suite, *plan, *config, globals);
  const std::string out = flags.out.empty() ? "pareto-bench/" + suite.name : flags.out;
  std::error_code error;
  std::filesystem::create_directories(out, error);
  if (error) {
    return fail(ErrorCode::invalid, fmt::format("--out {}: {}", out, error.message()));
  }
  auto rows = ResultRows::open(out + "/results.jsonl", suite.hash);
  if (!rows) return std::unexpected(rows.error());
  if (rows->torn_bytes() > 0) {
    fmt::print(stderr,
               "{}/results.jsonl: cut off a last line of {} bytes that a crash had torn; its run "
               "gets its row now.\n",
               out, rows->torn_bytes());
  }
  // A state of its own, so that results depend on nothing but the suite and the configuration.
  config->state = std::filesystem::absolute(out).string() + "/state";
  // Nor on what ran before: no run starts from a prompt that the local engine has cached for
  // another.
  config->share_prompts = false;
  auto manifest = manifest_of(suite, *plan, *config, PARETO_VERSION, SystemClock().now());
  if (!manifest) return std::unexpected(manifest.error());
  if (!flags.cassette.empty()) {
    auto digest = sha256_file(flags.cassette);
    if (!digest) return std::unexpected(digest.error());
    manifest->configuration["cassette"] = *digest;
  }
  std::vector<std::string> models = plan->models;
  if (!plan->judge.empty() && std::ranges::find(models, plan->judge) == models.end()) {
    models.push_back(plan->judge);
  }
  SystemOptions options{.verifying = Verifying::on_clean_copy,
                        .models = std::move(models),
                        .memory = plan->recall || plan->learn,
                        .record = flags.record,
                        .cassette = flags.cassette,
                        .forget_same_task = true};
  auto system = System::open(std::move(*config), std::move(options));
  if (!system) return std::unexpected(system.error());
  if (auto known = check_tools(suite, (*system)->tools()); !known) {
    return std::unexpected(known.error());
  }
  if (auto written = record_manifest(out + "/bench.json", *manifest); !written) {
    return std::unexpected(written.error());
  }
  {
    const Scratch scratch((*system)->config().state);
    auto trusted = trust_suite(suite, tasks_of(*plan, suite), (*system)->sandbox(), scratch.path(),
                               plan->jobs, out + "/checked.json", [&](std::size_t tasks) {
                                 if (globals.quiet) return;
                                 fmt::print(stderr, "Checking {} tasks of {}; no model is asked.\n",
                                            tasks, suite.name);
                               });
    if (!trusted) return std::unexpected(trusted.error());
  }

  Bench bench(**system, suite, *plan, *rows);
  Screen screen(globals);
  int interrupts = 0;
  const auto signals = (*system)->loop().on_signal({SIGINT, SIGTERM}, [&](int) {
    screen.clear();
    fmt::print(
        stderr, "{}\n",
        ++interrupts == 1 ? "Finishing the runs under way; once more stops at once." : "Stopped.");
    bench.stop();
  });
  const auto done = bench.run([&screen](const BenchProgress& progress) { screen.show(progress); });
  screen.clear();
  if (!done) return std::unexpected(done.error());
  auto predictions = write_predictions(suite, *rows, (*system)->journal(), out);
  if (!predictions) return std::unexpected(predictions.error());
  for (const std::string& file : *predictions) {
    if (!globals.quiet) fmt::print(stderr, "Predictions for SWE-bench's harness: {}\n", file);
  }

  const auto errors = show_results(*rows, out, globals);
  if (!errors) return std::unexpected(errors.error());
  if (!globals.quiet) {
    fmt::print(stderr,
               "\nRows: {}/results.jsonl, what they depend on: {}/bench.json. One run as a story: "
               "pareto runs show RUN --state {}/state\n",
               out, out, out);
    show_not_started(bench, *plan);
    if (interrupts > 0) fmt::print(stderr, "The same command goes on where it stopped.\n");
  }
  if (interrupts > 0) return kExitCancelled;
  return *errors ? kExitInfrastructure : kExitSuccess;
}

int bench(const BenchFlags& flags, const Globals& globals) {
  if (!flags.out.empty() && flags.suites.size() > 1) {
    return report({ErrorCode::invalid, "--out takes the rows of one suite; give one suite a call"});
  }
  int worst = kExitSuccess;
  for (const std::string& path : flags.suites) {
    auto suite = read_suite(path, flags.format);
    if (!suite) return report(suite.error());
    auto status = bench_suite(*suite, flags, globals);
    if (!status) return report(status.error());
    if (*status == kExitCancelled) return *status;
    worst = std::max(worst, *status);
  }
  return worst;
}

constexpr const char* kExamples = R"(Examples:
  pareto bench apps/demo                                 every task in auto mode
  pareto bench apps/demo --modes auto,instant,agentic    and two forced modes
  pareto bench apps/demo --check                         validates the suite, calls no model
  pareto bench apps/demo --agent 'python3 agent.py "$PARETO_PROMPT"' --models local)";

}  // namespace

void add_bench_command(CLI::App& app, const Globals& globals, int& status) {
  auto* command = app.add_subcommand("bench", "Run tasks x modes x models x repeats");
  auto flags = std::make_shared<BenchFlags>();
  command->footer(kExamples);
  command
      ->add_option("suite", flags->suites,
                   "Folders with tasks.jsonl, .jsonl files, or files of known benchmarks")
      ->required();
  command->add_option("--modes", flags->modes, "auto, instant, reasoning, agentic")->delimiter(',');
  command->add_option("--models", flags->models, "Configured models")->delimiter(',');
  command->add_option("--repeat", flags->repeat, "Runs of each cell")
      ->check(CLI::Range(1, kMostOfAnything));
  command->add_option("--jobs", flags->jobs, "Runs at a time")
      ->check(CLI::Range(1, kMostOfAnything));
  command->add_option("--limit", flags->limit, "Only the first N tasks")
      ->check(CLI::Range(1, kMostOfAnything));
  command->add_option("--filter", flags->filter, "Only tasks whose id contains this");
  command
      ->add_option("--agent", flags->agent,
                   "A program that works on the tasks, instead of (or, with --modes, beside) our "
                   "own modes; see apps/bench/README.md")
      ->type_name("COMMAND");
  command->add_option("--agent-name", flags->agent_name, "What its rows call it")->needs("--agent");
  command
      ->add_option("--agent-path", flags->agent_paths,
                   "A folder that it may read; its bin/ is searched for programs (repeatable)")
      ->type_name("DIR")
      ->allow_extra_args(false)
      ->needs("--agent");
  command
      ->add_option("--judge", flags->judge,
                   "The model that judges answers to tasks with the score type `judge` "
                   "([policy] default_model)")
      ->type_name("MODEL");
  command->add_option("--seed", flags->seed, "Seed of all random draws");
  command->add_option("--usd", flags->usd, "Most US dollars to spend, all runs together");
  command->add_option(
      "--format", flags->format,
      "Form of a foreign benchmark, where it is not recognised: gsm8k, hotpotqa, ...");
  command->add_option("--out", flags->out, "Folder of the rows; goes on with what is there");
  command->add_flag("--check", flags->check, "Validate the suite with its oracle; no model");
  command->add_option("--memory", flags->memory, "on, off or read")
      ->check(CLI::IsMember({"on", "off", "read"}));
  command->add_option("--learn", flags->learn, "on or off")->check(CLI::IsMember({"on", "off"}));
  command->add_option("--record", flags->record, "Record every model exchange in this file");
  command->add_option("--cassette", flags->cassette, "Replay model exchanges from this file");
  command->callback([flags, &globals, &status] { status = bench(*flags, globals); });
}

}  // namespace pareto
