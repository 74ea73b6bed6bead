#include "apps/bench_loop/loop_bench.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "agent/io/http_client.h"
#include "agent/io/journal.h"
#include "agent/io/sqlite_writer.h"
#include "agent/io/system_clock.h"
#include "agent/io/system_random.h"
#include "agent/io/worker_pool.h"
#include "agent/models/openai_model.h"
#include "agent/runner/runner.h"
#include "planners/agentic.h"
#include "policies/concerns/catalogue.h"
#include "policies/routing/router.h"
#include "tools/builtin/finish.h"
#include "tools/registry.h"

namespace pareto {
namespace {

// Answers with a number that grows, so that no call looks like a loop.
class NoopTool final : public Tool {
 public:
  NoopTool() {
    spec_.name = "noop";
    spec_.description = "Does nothing.";
    spec_.summary = "does nothing";
    spec_.parameters = std::make_shared<const Json>(Json{{"type", "object"}});
    spec_.replay = Replay::idempotent;
    spec_.dispatch = Dispatch::loop;
  }
  const ToolSpec& spec() const override { return spec_; }
  bool offered(const Task&) const override { return true; }
  ToolResult call(const Json&, const ToolContext&) override {
    return {.text = fmt::format("done, {} times by now; there is more of it to do", ++count_)};
  }

 private:
  ToolSpec spec_;
  std::int64_t count_ = 0;
};

class EmptyWorkbench final : public Workbench {
 public:
  explicit EmptyWorkbench(Loop& loop) : loop_(loop) {}
  std::unique_ptr<Operation> open(const RunId&, const Task&, Handler<Place> done) override {
    return later(std::move(done), Place{});
  }
  std::unique_ptr<Operation> changed_since(const RunId&, Instant,
                                           Handler<std::vector<std::string>> done) override {
    return later(std::move(done), std::vector<std::string>());
  }
  std::unique_ptr<Operation> brief(const Place&, const Task&, Handler<Briefing> done) override {
    return later(std::move(done), Briefing{});
  }
  std::unique_ptr<Operation> verify(const Place&, const CheckCommand&, Deadline,
                                    Handler<Verdict> done) override {
    return later(std::move(done), Verdict{.passed = true});
  }
  std::unique_ptr<Operation> diff(const RunId&, const Place&, Handler<std::string> done) override {
    return later(std::move(done), std::string());
  }

 private:
  template <class T>
  std::unique_ptr<Operation> later(Handler<T> done, T value) {
    loop_.post(
        [done = std::move(done), value = std::move(value)]() mutable { done(std::move(value)); });
    return nullptr;
  }
  Loop& loop_;
};

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

std::int64_t resident_kb() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  file >> pages >> resident;
  return resident * 4;
}

// Everything that the measured runs share.
struct Bench {
  Loop loop;
  SystemClock clock;
  SystemRandom random;
  WorkerPool workers{loop};
  HttpClient http{loop};
  EmptyWorkbench workbench{loop};
  PriorRouter router;
  AgenticPlanner planner;
  std::unique_ptr<SqliteWriter> writer;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<ToolRegistry> tools;
  std::unique_ptr<OpenaiModel> model;
  std::unique_ptr<Runner> runner;
  int left = 0;
  double turns = 0;
  std::int64_t most_resident_kb = 0;
  std::optional<Error> failure;

  Result<void> open(const LoopBenchOptions& options);
  void start();
};

Result<void> Bench::open(const LoopBenchOptions& options) {
  if (options.durability == Durability::durable) {
    auto opened = SqliteWriter::open(loop, options.state_folder + "/pareto.db");
    if (!opened) return std::unexpected(opened.error());
    writer = std::move(*opened);
    auto durable = SqliteJournal::open(*writer);
    if (!durable) return std::unexpected(durable.error());
    journal = std::move(*durable);
  } else {
    journal = std::make_unique<MemoryJournal>(loop);
  }
  auto registry =
      ToolRegistry::make({std::make_shared<NoopTool>(), make_finish_tool()}, loop, workers, clock);
  if (!registry) return std::unexpected(registry.error());
  tools = std::move(*registry);
  const Price price{.input = Money::nanos(1'000'000'000), .output = Money::nanos(4'000'000'000)};
  auto client = OpenaiModel::make(
      {.info = {.name = "mock", .context = 1'000'000, .max_output_tokens = 256, .price = price},
       .base_url = options.base_url},
      {.loop = loop, .http = http, .clock = clock, .random = random, .resolve_base_url = {}});
  if (!client) return std::unexpected(client.error());
  model = std::move(*client);
  const auto order = default_concern_order();
  // The mock server counts the assistant messages of a request, which compaction makes fewer.
  const std::vector<std::string> disabled{"compaction"};
  auto active = concerns(order, disabled);
  if (!active) return std::unexpected(active.error());
  runner = std::make_unique<Runner>(RunnerPorts{.journal = *journal,
                                                .toolbox = *tools,
                                                .workbench = workbench,
                                                .router = router,
                                                .planners = {&planner},
                                                .concerns = std::move(*active),
                                                .models = {model.get()},
                                                .clock = clock,
                                                .random = random});
  return {};
}

void Bench::start() {
  Started started{.run = RunId::make(clock.now(), random),
                  .task = {.id = "bench",
                           .prompt = "Call noop until it is enough, then finish.",
                           .tools = {"noop", "finish"}},
                  .limits = {.usd = Money::nanos(1'000'000'000'000), .turns = 1000},
                  .asked_mode = "agentic",
                  .origin = "bench"};
  StartOptions options;
  options.listener.on_done = [this](const Run& run, Result<Outcome> outcome) {
    --left;
    most_resident_kb = std::max(most_resident_kb, resident_kb());
    turns += run->receipt.turns;
    if (!outcome) {
      failure = outcome.error();
    } else if (outcome->status != Status::success) {
      failure = Error{ErrorCode::internal,
                      fmt::format("a run ended as {} ({}): {}", to_string(outcome->status),
                                  to_string(outcome->reason), outcome->error)};
    }
  };
  ++left;
  runner->start(std::move(started), std::move(options));
}

}  // namespace

Result<LoopMeasurement> measure_loop(const LoopBenchOptions& options) {
  Bench bench;
  if (auto opened = bench.open(options); !opened) return std::unexpected(opened.error());
  // One run to open the connection and to fault pages in.
  bench.start();
  bench.loop.run_until([&bench] { return bench.left == 0; });
  bench.turns = 0;
  const std::int64_t resident = resident_kb();
  const double cpu = cpu_us();
  const auto begun = std::chrono::steady_clock::now();
  if (options.at_once) {
    for (int i = 0; i < options.runs; ++i) bench.start();
    bench.loop.run_until([&bench] { return bench.left == 0; });
  } else {
    for (int i = 0; i < options.runs; ++i) {
      bench.start();
      bench.loop.run_until([&bench] { return bench.left == 0; });
    }
  }
  if (bench.failure) return std::unexpected(*bench.failure);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  return LoopMeasurement{
      .cpu_us = cpu_us() - cpu,
      .wall_seconds = wall.count(),
      .turns = bench.turns,
      .resident_kb_per_run = (bench.most_resident_kb - resident) / std::max(options.runs, 1)};
}

}  // namespace pareto
