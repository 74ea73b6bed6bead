#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/core/ports.h"
#include "agent/core/result.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_connection.h"

namespace pareto {

// The process's one writing connection to the state file, on a thread of its own. Everything that
// is waiting when the thread becomes free is committed in one transaction, so that many runs share
// one disk flush. A handler is called once its work is durable, on the loop, in the order of
// submission.
//
// Thread: the loop's, or any one thread while the loop is not running. The loop outlives the
// writer.
class SqliteWriter {
 public:
  // A unit that is stored wholly or not at all. Called on the writer's thread within a transaction
  // (BEGIN IMMEDIATE): must neither commit nor roll back. May be called a second time after what
  // the first call did was undone. An error, or an SQLite::Exception, undoes this unit alone. A
  // function that takes SQLite::Database& fits, too.
  using Work = std::move_only_function<Result<void>(SqliteConnection&)>;

  // Opens the state file, creating it and its folder or upgrading it (agent/io/schema.h).
  static Result<std::unique_ptr<SqliteWriter>> open(Loop& loop, const std::string& path);
  // Commits what was submitted, folds the write-ahead log into the file and ends the thread.
  // Handlers that are due stay posted on the loop.
  ~SqliteWriter();
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;

  // Queues `work`. `done` may be null. Keeps the loop running until `done` was called. A write that
  // fails (full disk, I/O error) is the error of every unit of its transaction; later ones are
  // tried afresh.
  void submit(Work work, Handler<void> done);
  // Submits and waits, without the loop: for programs and tests that have nothing else to do.
  Result<void> run(Work work);

  const std::string& path() const;
  Loop& loop() const;

  // How group commit did so far.
  struct Counts {
    std::size_t units = 0;
    std::size_t transactions = 0;
    std::size_t checkpoints = 0;
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  Counts counts() const;

 private:
  struct State;
  explicit SqliteWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace pareto
