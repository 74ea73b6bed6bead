// pareto-bench-runner: CPU time of `pareto bench` a task, against a model without latency: task
// read, workspace, durable events, loop, score and row. Everything is as in `pareto bench`.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/bench/bench.h"

namespace {

using namespace pareto;

constexpr int kWarmUp = 10;

struct Flags {
  bool json = false;
  int tasks = 200;
  int jobs = 1;
  std::vector<std::string> modes{"instant", "reasoning", "agentic"};
};

struct Used {
  double own_ms = 0;       // user and system time of this process with all its threads
  double children_ms = 0;  // of commands in the sandbox
  double wall_ms = 0;
};

double ms(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

double cpu_ms(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

Used used_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {cpu_ms(RUSAGE_SELF), cpu_ms(RUSAGE_CHILDREN),
          std::chrono::duration<double, std::milli>(now).count()};
}

void write_inputs(const std::string& folder, int tasks) {
  std::ofstream suite(folder + "/tasks.jsonl");
  const Json score = {{"type", "number"}, {"answer", 42}};
  const auto write = [&](const std::string& id) {
    suite << Json{{"id", id}, {"prompt", "What is 6 times 7?"}, {"score", score}}.dump() << "\n";
  };
  for (int i = 0; i < kWarmUp; ++i) write(fmt::format("warm-{}", i));
  for (int i = 0; i < tasks; ++i) write(fmt::format("task-{}", i));
  const Json finish = {{"name", "finish"}, {"arguments", {{"answer", "42"}}}};
  const Json usage = {{"prompt_tokens", 100}, {"completion_tokens", 10}};
  const auto script = [&](const char* name, const Json& reply) {
    const Json one = {{"repeat_last", true}, {"replies", Json::array({reply})}};
    std::ofstream(folder + "/" + name) << Json{{"scripts", Json::array({one})}}.dump();
  };
  script("says.json", {{"text", "42"}, {"usage", usage}});
  script("calls.json", {{"tool_calls", Json::array({finish})}, {"usage", usage}});
}

Result<Config> config_for(const std::string& folder, const std::string& mode) {
  const auto set = [](const char* path, Json value) {
    return Setting{path, std::move(value), "pareto-bench-runner"};
  };
  const std::string script = folder + (mode == "agentic" ? "/calls.json" : "/says.json");
  return make_config(
      {{{set("models.m.engine", "scripted"), set("models.m.script", script),
         set("models.m.price.input", "1"), set("models.m.price.output", "2"),
         set("policy.default_model", "m"), set("limits.usd", "1"), set("limits.turns", 10),
         set("limits.seconds", 600), set("state", folder + "/" + mode)}}});
}

Result<void> bench(System& system, const Suite& suite, ResultRows& rows, const std::string& mode,
                   const std::string& filter, int jobs) {
  BenchPlan plan{.modes = {mode}, .models = {"m"}, .jobs = jobs, .filter = filter};
  Bench run(system, suite, std::move(plan), rows);
  return run.run({});
}

Result<Used> measure(const std::string& folder, const std::string& mode, const Flags& flags) {
  std::filesystem::create_directories(folder + "/" + mode);
  auto suite = read_suite(folder + "/tasks.jsonl");
  if (!suite) return std::unexpected(suite.error());
  auto config = config_for(folder, mode);
  if (!config) return std::unexpected(config.error());
  auto rows = ResultRows::open(folder + "/" + mode + "/results.jsonl", suite->hash);
  if (!rows) return std::unexpected(rows.error());
  auto system = System::open(std::move(*config), {.models = {"m"}, .memory = false});
  if (!system) return std::unexpected(system.error());
  if (auto warm = bench(**system, *suite, *rows, mode, "warm-", flags.jobs); !warm) {
    return std::unexpected(warm.error());
  }
  const Used before = used_now();
  if (auto done = bench(**system, *suite, *rows, mode, "task-", flags.jobs); !done) {
    return std::unexpected(done.error());
  }
  const Used after = used_now();
  for (const auto& [key, row] : rows->rows()) {
    if (row.value("score", 0.0) != 1.0) {
      return fail(ErrorCode::internal, "a task was not solved: " + row.dump());
    }
  }
  const double n = flags.tasks;
  return Used{(after.own_ms - before.own_ms) / n, (after.children_ms - before.children_ms) / n,
              (after.wall_ms - before.wall_ms) / n};
}

Result<Json> measure_all(const std::string& folder, const Flags& flags) {
  write_inputs(folder, flags.tasks);
  Json modes = Json::object();
  double most = 0;
  for (const std::string& mode : flags.modes) {
    auto used = measure(folder, mode, flags);
    if (!used) return std::unexpected(used.error());
    most = std::max(most, used->own_ms);
    modes[mode] = {{"cpu_ms_per_task", used->own_ms},
                   {"sandbox_cpu_ms_per_task", used->children_ms},
                   {"wall_ms_per_task", used->wall_ms}};
  }
  return Json{{"tasks", flags.tasks},
              {"jobs", flags.jobs},
              {"cpu_ms_per_task", most},
              {"by_mode", std::move(modes)}};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("CPU time of pareto bench a task, against a model without latency.",
               "pareto-bench-runner");
  Flags flags;
  app.add_flag("--json", flags.json, "one line of JSON");
  app.add_option("--tasks", flags.tasks, "tasks a mode")->check(CLI::Range(1, 1'000'000));
  app.add_option("--jobs", flags.jobs, "runs at a time")->check(CLI::Range(1, 1'000));
  app.add_option("--modes", flags.modes, "instant, reasoning, agentic")->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  const std::string folder =
      std::filesystem::absolute(fmt::format("pareto-bench-runner-{}", getpid())).string();
  std::filesystem::create_directories(folder);
  auto json = measure_all(folder, flags);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!json) {
    fmt::print(stderr, "pareto-bench-runner: {}\n", json.error().message);
    return 1;
  }
  fmt::print("{}\n", json->dump(flags.json ? -1 : 2));
}
