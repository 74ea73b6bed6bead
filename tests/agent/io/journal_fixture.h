#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/event.h"
#include "agent/io/journal.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"

namespace pareto {

// A folder of its own for a test, removed with everything in it.
class JournalFolder {
 public:
  JournalFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pareto-state-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~JournalFolder() { std::filesystem::remove_all(path_); }
  JournalFolder(const JournalFolder&) = delete;
  JournalFolder& operator=(const JournalFolder&) = delete;

  std::string file(const std::string& name = "pareto.db") const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The value of a result that the test can't go on without.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// Calls `start` with a handler and runs the loop until it is called.
template <class T, class Start>
Result<T> wait_for(Loop& loop, Start start) {
  std::optional<Result<T>> outcome;
  start(Handler<T>([&outcome](Result<T> result) { outcome.emplace(std::move(result)); }));
  loop.run_until([&outcome] { return outcome.has_value(); });
  if (!outcome) return fail(ErrorCode::internal, "the handler was not called");
  return std::move(*outcome);
}

inline Event event_of(std::int64_t seq, Payload payload) {
  return {
      .seq = seq, .at = instant_from_ms(1'700'000'000'000 + seq), .payload = std::move(payload)};
}

inline Event started(const RunId& run, std::int64_t seq = 1) {
  Started payload{.run = run, .seed = 7, .origin = "run"};
  payload.task.id = "gcd";
  payload.task.prompt = "tests.py fails.\nFind the bug in gcd.py.";
  return event_of(seq, payload);
}

inline Event nudged(std::int64_t seq, std::string text = "go on") {
  return event_of(seq, Nudged{.concern = "reminder", .text = std::move(text)});
}

// A state file in a folder of its own, with the journal on it.
struct JournalFile {
  JournalFolder folder;
  Loop loop;
  std::unique_ptr<SqliteWriter> writer = must(SqliteWriter::open(loop, folder.file()));
  std::unique_ptr<SqliteJournal> journal = must(SqliteJournal::open(*writer));

  Result<void> append(const RunId& run, std::vector<Event> events) {
    return wait_for<void>(loop, [&](Handler<void> done) {
      journal->append(run, std::move(events), std::move(done));
    });
  }
  void reopen() {
    journal.reset();
    writer.reset();
    writer = must(SqliteWriter::open(loop, folder.file()));
    journal = must(SqliteJournal::open(*writer));
  }
  // Runs SQL on the writer's connection.
  void execute(const std::string& sql) {
    must(writer->run([&](SqliteConnection& connection) -> Result<void> {
      connection.execute(sql);
      return {};
    }));
  }
};

}  // namespace pareto
