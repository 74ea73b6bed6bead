// pareto-bench-journal: what a durable append costs, beside a bare SQLite commit of the same bytes
// on the same disk in the same minutes, and how many events a second group commit stores.

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/event.h"
#include "agent/io/journal.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_connection.h"
#include "agent/io/sqlite_writer.h"

namespace {

using namespace pareto;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBatch = 512;

struct Options {
  int appends = 4000;
  int batches = 200;
  int rounds = 20;
  std::string folder = std::filesystem::temp_directory_path().string();
  bool json = false;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

struct Cost {
  double wall = 0;
  double cpu = 0;
};

// Adds what `body` takes to `total`.
template <class Body>
void measure(Cost& total, Body body) {
  const auto wall = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  body();
  total.cpu += cpu_seconds() - cpu;
  total.wall += Seconds(std::chrono::steady_clock::now() - wall).count();
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The commonest event of an agentic run: a reply with a tool call, about 700 bytes as a line.
Event typical_event(std::int64_t seq) {
  CallEnded ended{.call = {"01JDXK5T9Q3W8ZP6R2M4N7V0YB"},
                  .settled = Money::nanos(866'212),
                  .usage = Usage{.prompt_tokens = 2412, .completion_tokens = 131},
                  .finish_reason = FinishReason::tool_calls,
                  .took = Milliseconds(9700)};
  ended.message = Message{
      .role = Role::assistant,
      .text =
          "The loop in gcd.py subtracts where it should take the remainder, so it never ends "
          "for (0, n). I'll replace the subtraction and run the tests again.",
      .tool_calls = {
          {.id = "call_1",
           .name = "edit",
           .arguments = R"({"path":"gcd.py","old":"a = a - b","new":"a, b = b, a % b"})"}}};
  return {.seq = seq, .at = instant_from_ms(1'733'000'000'000 + seq), .payload = std::move(ended)};
}

// What an append would cost without any of us: the same row into the same table.
class BareFile {
 public:
  explicit BareFile(const std::string& path)
      : connection_(must(SqliteConnection::open(path, SqliteAccess::read_write))) {
    connection_.execute(
        "CREATE TABLE events(run TEXT NOT NULL, seq INTEGER NOT NULL, at_ms INTEGER NOT NULL, "
        "type TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(run, seq)) STRICT, WITHOUT ROWID");
  }

  void commit(const std::string& run, std::int64_t seq, const std::string& line) {
    connection_.statement("BEGIN IMMEDIATE")->exec();
    {
      auto insert = connection_.statement("INSERT INTO events VALUES(?1, ?2, ?3, ?4, ?5)");
      insert->bindNoCopy(1, run);
      insert->bind(2, seq);
      insert->bind(3, seq);
      insert->bindNoCopy(4, "call_ended");
      insert->bindNoCopy(5, line);
      insert->exec();
    }
    connection_.statement("COMMIT")->exec();
  }

 private:
  SqliteConnection connection_;
};

class JournalFile {
 public:
  explicit JournalFile(const std::string& path)
      : writer_(must(SqliteWriter::open(loop_, path))),
        journal_(must(SqliteJournal::open(*writer_))) {}

  void append(const RunId& run, std::vector<Event> events) {
    ++waiting_;
    journal_->append(run, std::move(events), [this](Result<void> stored) {
      must(std::move(stored));
      --waiting_;
    });
  }
  void wait() {
    loop_.run_until([this] { return waiting_ == 0; });
  }

 private:
  Loop loop_;
  std::unique_ptr<SqliteWriter> writer_;
  std::unique_ptr<SqliteJournal> journal_;
  int waiting_ = 0;
};

struct Measured {
  Cost bare;
  Cost append;
  Cost batches;
  Cost shared;
};

// In turns, so that a disk that slows down slows both.
void single_appends(const Options& options, const std::string& folder, Measured& measured) {
  BareFile bare(folder + "/bare.db");
  JournalFile journal(folder + "/journal.db");
  const RunId run{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};
  const std::string line = to_line(typical_event(1));
  std::int64_t stored = 0;
  std::int64_t appended = 0;
  const int each = std::max(1, options.appends / options.rounds);
  for (int round = 0; round < options.rounds; ++round) {
    measure(measured.bare, [&] {
      for (int i = 0; i < each; ++i) bare.commit(run.value, ++stored, line);
    });
    measure(measured.append, [&] {
      for (int i = 0; i < each; ++i) {
        journal.append(run, {typical_event(++appended)});
        journal.wait();
      }
    });
  }
}

void many_events(const Options& options, const std::string& folder, Measured& measured) {
  JournalFile journal(folder + "/batches.db");
  const RunId run{"01JDXK5T9Q3W8ZP6R2M4N7V0YA"};
  std::int64_t seq = 0;
  for (int batch = 0; batch < options.batches; ++batch) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < kBatch; ++i) events.push_back(typical_event(++seq));
    measure(measured.batches, [&] {
      journal.append(run, std::move(events));
      journal.wait();
    });
  }
  for (int turn = 1; turn <= options.batches / 4; ++turn) {
    measure(measured.shared, [&] {
      for (std::size_t i = 0; i < kBatch; ++i) {
        journal.append({fmt::format("run-{}", i)}, {typical_event(turn)});
      }
      journal.wait();
    });
  }
}

Json report(const Options& options, const Measured& measured) {
  const int appends = std::max(1, options.appends / options.rounds) * options.rounds;
  const auto microseconds = [&](double seconds) { return seconds * 1e6 / appends; };
  const double batch_events = static_cast<double>(kBatch) * options.batches;
  const double shared_events = static_cast<double>(kBatch) * (options.batches / 4);
  return {{"bare_wall_us", microseconds(measured.bare.wall)},
          {"bare_cpu_us", microseconds(measured.bare.cpu)},
          {"append_wall_us", microseconds(measured.append.wall)},
          {"append_cpu_us", microseconds(measured.append.cpu)},
          {"wall_ratio", measured.append.wall / measured.bare.wall},
          {"cpu_ratio", measured.append.cpu / measured.bare.cpu},
          {"line_bytes", to_line(typical_event(1)).size()},
          {"batch", kBatch},
          {"events_per_second", batch_events / measured.batches.wall},
          {"cpu_us_per_event", measured.batches.cpu * 1e6 / batch_events},
          {"events_per_second_of_512_runs", shared_events / measured.shared.wall}};
}

void print(const Json& result) {
  const auto number = [&](const char* key) { return result.at(key).get<double>(); };
  fmt::print("durable append   {:8.1f} us wall  {:8.1f} us CPU\n", number("append_wall_us"),
             number("append_cpu_us"));
  fmt::print("bare commit      {:8.1f} us wall  {:8.1f} us CPU\n", number("bare_wall_us"),
             number("bare_cpu_us"));
  fmt::print("ratio            {:8.2f} wall     {:8.2f} CPU\n", number("wall_ratio"),
             number("cpu_ratio"));
  fmt::print("batches of {}   {:8.0f} events/s {:8.2f} us CPU an event\n", kBatch,
             number("events_per_second"), number("cpu_us_per_event"));
  fmt::print("{} runs at once {:8.0f} events/s\n", kBatch, number("events_per_second_of_512_runs"));
}

int measure_all(const Options& options) {
  const std::string folder = fmt::format("{}/pareto-bench-journal-{}", options.folder, ::getpid());
  std::filesystem::create_directories(folder);
  Measured measured;
  single_appends(options, folder, measured);
  many_events(options, folder, measured);
  std::filesystem::remove_all(folder);
  const Json result = report(options, measured);
  if (options.json) {
    fmt::print("{}\n", result.dump());
  } else {
    print(result);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Measures durable appends to the journal.", "pareto-bench-journal");
  app.add_flag("--json", options.json, "one line of JSON");
  app.add_option("--appends", options.appends, "single appends")->check(CLI::Range(1, 1'000'000));
  app.add_option("--batches", options.batches, "batches of 512 events")
      ->check(CLI::Range(4, 100'000));
  app.add_option("--rounds", options.rounds, "turns between bare commits and appends")
      ->check(CLI::Range(1, 1000));
  app.add_option("--dir", options.folder, "folder on the disk to measure");
  CLI11_PARSE(app, argc, argv);
  try {
    return measure_all(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "pareto-bench-journal: {}\n", error.what());
    return 1;
  }
}
