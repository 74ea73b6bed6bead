#include "agent/io/sqlite_writer.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <condition_variable>
#include <exception>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "agent/io/schema.h"

namespace pareto {
namespace {

// Frames in the write-ahead log after which they are copied into the file: 4 MiB of pages.
constexpr int kCheckpointPages = 1024;
// How long closing waits for readers in other processes before it leaves them the log.
constexpr int kCloseTimeoutMs = 200;

struct Unit {
  SqliteWriter::Work work;
  Handler<void> done;
  bool on_loop = true;  // where `done` is called
  Result<void> outcome;
};
using Batch = std::vector<Unit>;

// Counts what the loop still waits for. Touched by the loop's thread only; shared, since handlers
// may be called after the writer is gone.
struct Waiting {
  std::size_t units = 0;
  std::unique_ptr<Operation> keep;

  void begin(Loop& loop) {
    if (units++ == 0) keep = loop.keep_running();
  }
  void end(std::size_t count) {
    units -= count;
    if (units == 0) keep.reset();
  }
};

int note_log_size(void* pages, sqlite3*, const char*, int in_log) {
  *static_cast<int*>(pages) = in_log;
  return SQLITE_OK;
}

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code code;
  if (folder.empty() || std::filesystem::is_directory(folder, code)) return {};
  if (std::filesystem::create_directories(folder, code); code) {
    return fail(ErrorCode::denied, fmt::format("the state folder {} can't be made ({}): choose "
                                               "another with --state",
                                               folder.string(), code.message()));
  }
  // Prompts and answers are nobody else's business.
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
  return {};
}

}  // namespace

struct SqliteWriter::State {
  State(Loop& owner, SqliteConnection opened) : loop(owner), connection(std::move(opened)) {}

  void enqueue(Unit unit);
  void serve();
  void commit(Batch& batch);
  bool commit_together(Batch& batch);
  void commit_apart(Batch& batch);
  Result<void> attempt(Unit& unit);
  Result<void> statement(const char* sql);
  void roll_back();
  void deliver(Batch batch);
  void checkpoint();
  void close();

  Loop& loop;
  SqliteConnection connection;  // the writer's thread
  int log_pages = 0;
  int checkpointed_pages = 0;
  std::shared_ptr<Waiting> waiting = std::make_shared<Waiting>();

  mutable std::mutex mutex;
  std::condition_variable wake;
  Batch queue;
  bool stopping = false;
  Counts counts;

  std::thread thread;
};

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(Loop& loop, const std::string& path) {
  if (auto made = make_folder(std::filesystem::path(path).parent_path()); !made) {
    return std::unexpected(made.error());
  }
  auto connection = SqliteConnection::open(path, SqliteAccess::read_write);
  if (!connection) return std::unexpected(connection.error());
  if (auto migrated = migrate(*connection); !migrated) return std::unexpected(migrated.error());
  auto state = std::make_unique<State>(loop, std::move(*connection));
  // In place of SQLite's own checkpoints, which would delay the commit that fills the log.
  sqlite3_wal_hook(state->connection.database().getHandle(), note_log_size, &state->log_pages);
  state->thread = std::thread([&served = *state] { served.serve(); });
  return std::unique_ptr<SqliteWriter>(new SqliteWriter(std::move(state)));
}

SqliteWriter::SqliteWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

SqliteWriter::~SqliteWriter() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_one();
  state_->thread.join();
}

void SqliteWriter::submit(Work work, Handler<void> done) {
  state_->waiting->begin(state_->loop);
  state_->enqueue({.work = std::move(work), .done = std::move(done)});
}

Result<void> SqliteWriter::run(Work work) {
  std::promise<Result<void>> promise;
  auto outcome = promise.get_future();
  Handler<void> done = [&promise](Result<void> result) { promise.set_value(std::move(result)); };
  state_->enqueue({.work = std::move(work), .done = std::move(done), .on_loop = false});
  return outcome.get();
}

const std::string& SqliteWriter::path() const { return state_->connection.path(); }
Loop& SqliteWriter::loop() const { return state_->loop; }

SqliteWriter::Counts SqliteWriter::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

void SqliteWriter::State::enqueue(Unit unit) {
  {
    const std::lock_guard lock(mutex);
    queue.push_back(std::move(unit));
    if (queue.size() > 1) return;  // whoever queued the first has woken the thread
  }
  wake.notify_one();
}

void SqliteWriter::State::serve() {
  for (;;) {
    Batch batch;
    {
      std::unique_lock lock(mutex);
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (queue.empty()) break;
      batch.swap(queue);
    }
    commit(batch);
    deliver(std::move(batch));
    if (log_pages - checkpointed_pages >= kCheckpointPages) checkpoint();
    if (log_pages < checkpointed_pages) checkpointed_pages = 0;  // the log was begun anew
  }
  close();
}

void SqliteWriter::State::commit(Batch& batch) {
  if (!commit_together(batch)) commit_apart(batch);
  // Here, as they may hold what must be given up once they are durable, or not.
  for (Unit& unit : batch) unit.work = nullptr;
  const std::lock_guard lock(mutex);
  counts.units += batch.size();
  ++counts.transactions;
}

// The fast path: no savepoints, as hardly any unit fails. False when one of several has.
bool SqliteWriter::State::commit_together(Batch& batch) {
  Result<void> all = statement("BEGIN IMMEDIATE");
  for (Unit& unit : batch) {
    if (!all) break;
    all = attempt(unit);
    if (!all && batch.size() > 1) {
      roll_back();
      return false;
    }
  }
  if (all) all = statement("COMMIT");
  if (!all) roll_back();
  for (Unit& unit : batch) unit.outcome = all;
  return true;
}

// The same with a savepoint around each unit, so that those which fail leave nothing behind.
void SqliteWriter::State::commit_apart(Batch& batch) {
  Result<void> all = statement("BEGIN IMMEDIATE");
  for (Unit& unit : batch) {
    if (all) all = statement("SAVEPOINT unit");
    if (!all) break;
    unit.outcome = attempt(unit);
    if (unit.outcome) {
      all = statement("RELEASE unit");
    } else if (sqlite3_get_autocommit(connection.database().getHandle()) != 0) {
      all = unit.outcome;  // a failure so grave that SQLite has undone the whole transaction
    } else {
      all = statement("ROLLBACK TO unit");
      if (all) all = statement("RELEASE unit");
    }
  }
  if (all) all = statement("COMMIT");
  if (all) return;
  roll_back();
  for (Unit& unit : batch) {
    if (unit.outcome) unit.outcome = all;
  }
}

Result<void> SqliteWriter::State::attempt(Unit& unit) {
  try {
    return unit.work(connection);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  } catch (const std::exception& exception) {
    return fail(ErrorCode::internal,
                fmt::format("storing into {} failed: {}", connection.path(), exception.what()));
  }
}

Result<void> SqliteWriter::State::statement(const char* sql) {
  try {
    connection.statement(sql)->exec();
    return {};
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

void SqliteWriter::State::roll_back() {
  if (sqlite3_get_autocommit(connection.database().getHandle()) != 0) return;
  // Can only fail when SQLite has rolled back by itself.
  static_cast<void>(statement("ROLLBACK"));
}

void SqliteWriter::State::deliver(Batch batch) {
  Batch for_loop;
  for (Unit& unit : batch) {
    if (unit.on_loop) {
      for_loop.push_back(std::move(unit));
    } else {
      unit.done(std::move(unit.outcome));
    }
  }
  if (for_loop.empty()) return;
  loop.post([units = std::move(for_loop), shared = waiting]() mutable {
    for (Unit& unit : units) {
      if (unit.done) unit.done(std::move(unit.outcome));
    }
    shared->end(units.size());
  });
}

// Without waiting for readers: what they still need stays in the log for the next time. A failure
// loses nothing either, as the log is durable.
void SqliteWriter::State::checkpoint() {
  sqlite3_wal_checkpoint_v2(connection.database().getHandle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                            nullptr, nullptr);
  checkpointed_pages = log_pages;
  const std::lock_guard lock(mutex);
  ++counts.checkpoints;
}

void SqliteWriter::State::close() {
  sqlite3* handle = connection.database().getHandle();
  sqlite3_busy_timeout(handle, kCloseTimeoutMs);
  sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

}  // namespace pareto
