// pareto-bench-loop: CPU time of the whole agent loop a turn, streaming, against a model without
// latency in another process.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

#include "agent/core/json.h"
#include "agent/io/process.h"
#include "apps/bench_loop/loop_bench.h"

namespace {

using namespace pareto;

std::string beside(const std::string& name) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / name;
}

// The mock server in a process of its own, ended with this object.
class Server {
 public:
  Server(int turns, int delay_ms) {
    int ends[2] = {-1, -1};
    if (pipe(ends) != 0) return;
    const std::string program = beside("pareto-mock-server");
    const std::string turn_count = std::to_string(turns);
    const std::string delay = std::to_string(delay_ms);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      execl(program.c_str(), program.c_str(), "--with-parent", "--turns", turn_count.c_str(),
            "--delay-ms", delay.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    FILE* out = fdopen(ends[0], "r");
    int port = 0;
    if (out != nullptr && fscanf(out, "%d", &port) == 1) {
      base_url_ = fmt::format("http://127.0.0.1:{}/v1", port);
    }
    if (out != nullptr) fclose(out);
  }
  ~Server() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  const std::string& base_url() const { return base_url_; }

 private:
  pid_t pid_ = -1;
  std::string base_url_;
};

struct Flags {
  bool json = false;
  bool instructions = false;
  bool durable = false;
  std::vector<int> turns{10, 50, 200};
  int repeats = 5;
  int concurrent = 0;
  std::string once;  // base URL: one measured run, for callgrind
};

// The median of several measurements, as the machine is shared.
Result<double> median_cpu(const LoopBenchOptions& options, int repeats) {
  std::vector<double> values;
  for (int i = 0; i < repeats; ++i) {
    auto measured = measure_loop(options);
    if (!measured) return std::unexpected(measured.error());
    values.push_back(measured->cpu_us_per_turn());
  }
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Runs of about 1,000 turns together, so that 10 turns are measured as well as 200.
int runs_for(int turns) { return std::max(1, 1000 / turns); }

// User-space instructions a turn by callgrind: the difference of two runs, so that starting up
// does not count. Negative when valgrind is not there.
double instructions_per_turn() {
  double counts[2] = {0, 0};
  constexpr int kTurns[2] = {10, 60};
  for (int i = 0; i < 2; ++i) {
    const Server server(kTurns[i], 0);
    auto exit =
        run_process({.command = {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                 beside("pareto-bench-loop"), "--once", server.base_url()}});
    if (!exit || !exit->ok()) return -1;
    std::smatch match;
    const std::string text = exit->err.text();
    if (!std::regex_search(text, match, std::regex("Collected : ([0-9]+)"))) return -1;
    counts[i] = std::stod(match[1]);
  }
  // Each process makes two runs: one to warm up, one that is measured.
  return (counts[1] - counts[0]) / (2.0 * (kTurns[1] - kTurns[0]));
}

Result<Json> measure_turns(const Flags& flags, const std::string& folder) {
  Json memory = Json::object();
  Json durable = Json::object();
  for (const int turns : flags.turns) {
    const Server server(turns, 0);
    LoopBenchOptions options{.base_url = server.base_url(), .runs = runs_for(turns)};
    auto in_memory = median_cpu(options, flags.repeats);
    if (!in_memory) return std::unexpected(in_memory.error());
    options.durability = Durability::durable;
    options.state_folder = folder;
    auto on_disk = median_cpu(options, std::min(flags.repeats, 3));
    if (!on_disk) return std::unexpected(on_disk.error());
    memory[std::to_string(turns)] = *in_memory;
    durable[std::to_string(turns)] = *on_disk;
  }
  Json json = {{"cpu_us_per_turn", memory.value("50", 0.0)},
               {"cpu_us_per_turn_durable", durable.value("50", 0.0)},
               {"by_turns", memory},
               {"by_turns_durable", durable}};
  if (flags.instructions) json["instructions_per_turn"] = instructions_per_turn();
  return json;
}

Result<Json> measure_concurrent(const Flags& flags, const std::string& folder) {
  constexpr int kTurns = 20;
  constexpr int kDelayMs = 200;
  const Server server(kTurns, kDelayMs);
  auto measured =
      measure_loop({.base_url = server.base_url(),
                    .durability = flags.durable ? Durability::durable : Durability::memory,
                    .runs = flags.concurrent,
                    .at_once = true,
                    .state_folder = folder});
  if (!measured) return std::unexpected(measured.error());
  const double ideal = (kTurns + 1) * kDelayMs / 1000.0;
  return Json{{"runs", flags.concurrent},
              {"turns", kTurns},
              {"wall_seconds", measured->wall_seconds},
              {"wall_over_ideal", measured->wall_seconds / ideal},
              {"cpu_us_per_turn", measured->cpu_us_per_turn()},
              {"kb_per_run", measured->resident_kb_per_run}};
}

Result<Json> measure(const Flags& flags) {
  if (!flags.once.empty()) {
    auto measured = measure_loop({.base_url = flags.once});
    if (!measured) return std::unexpected(measured.error());
    return Json{{"cpu_us_per_turn", measured->cpu_us_per_turn()}};
  }
  const std::string folder = fmt::format("pareto-bench-loop-{}", getpid());
  std::filesystem::create_directories(folder);
  auto json =
      flags.concurrent > 0 ? measure_concurrent(flags, folder) : measure_turns(flags, folder);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("CPU time of the agent loop a turn, against a model without latency.",
               "pareto-bench-loop");
  Flags flags;
  app.add_flag("--json", flags.json, "one line of JSON");
  app.add_flag("--instructions", flags.instructions, "count instructions with callgrind, too");
  app.add_option("--turns", flags.turns, "turns of a run")->delimiter(',');
  app.add_option("--repeats", flags.repeats, "measurements, of which the median counts");
  app.add_option("--concurrent", flags.concurrent, "N runs of 20 turns at once, 200 ms a reply");
  app.add_flag("--durable", flags.durable, "with --concurrent: the journal that pareto run uses");
  app.add_option("--once", flags.once, "one run against this base URL");
  CLI11_PARSE(app, argc, argv);
  auto json = measure(flags);
  if (!json) {
    fmt::print(stderr, "pareto-bench-loop: {}\n", json.error().message);
    return 1;
  }
  fmt::print("{}\n", json->dump(flags.json ? -1 : 2));
}
