#include "agent/io/journal.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "agent/io/journal_keys.h"
#include "agent/io/journal_summary.h"

namespace pareto {
namespace {

constexpr int kExportRows = 64;
constexpr auto kAll = std::numeric_limits<std::size_t>::max() / 2;

// One append on its way to the file. Rendered on the writer's thread, once, even if its transaction
// is tried twice.
struct Append {
  RunId run;
  std::vector<Event> events;
  std::optional<KeyClaim> claim;
  std::vector<std::string> lines;

  Result<void> operator()(SqliteConnection& connection);
  Result<void> insert_first(SqliteConnection& connection);
  void insert(SqliteConnection& connection, std::size_t index);
};

void bind_event(SQLite::Statement& insert, const RunId& run, const Event& event,
                const std::string& line) {
  insert.bindNoCopy(1, run.value);
  insert.bind(2, event.seq);
  insert.bind(3, static_cast<std::int64_t>(to_ms(event.at)));
  insert.bindNoCopy(4, name_of(event.payload));
  insert.bindNoCopy(5, line);
}

std::int64_t newest(SqliteConnection& connection, const RunId& run) {
  auto select = connection.statement("SELECT coalesce(max(seq), 0) FROM events WHERE run = ?1");
  select->bind(1, run.value);
  select->executeStep();
  return select->getColumn(0).getInt64();
}

Result<void> Append::operator()(SqliteConnection& connection) {
  if (events.empty()) return {};
  if (lines.empty()) {
    for (const Event& event : events) lines.push_back(to_line(event));
  }
  if (auto first = insert_first(connection); !first) return first;
  for (std::size_t index = 1; index < events.size(); ++index) insert(connection, index);
  for (const Event& event : events) summarise(connection, run, event);
  if (claim) return store_claim(connection, *claim, run, events.front().at);
  return {};
}

// Checks and inserts in one statement: a row is only made if its number is the next.
Result<void> Append::insert_first(SqliteConnection& connection) {
  auto insert = connection.statement(
      "INSERT INTO events(run, seq, at_ms, type, body) SELECT ?1, ?2, ?3, ?4, ?5 "
      "WHERE ?2 = 1 + (SELECT coalesce(max(seq), 0) FROM events WHERE run = ?1)");
  bind_event(*insert, run, events.front(), lines.front());
  if (insert->exec() == 1) return {};
  return check_continues(run, newest(connection, run), events);
}

void Append::insert(SqliteConnection& connection, std::size_t index) {
  auto insert = connection.statement(
      "INSERT INTO events(run, seq, at_ms, type, body) VALUES(?1, ?2, ?3, ?4, ?5)");
  bind_event(*insert, run, events[index], lines[index]);
  insert->exec();
}

Error unreadable(const std::string& run, std::int64_t seq, const std::string& why) {
  return {ErrorCode::internal,
          fmt::format("run {}, event {}: {}: the journal is damaged; `pareto doctor` lists what "
                      "can't be read",
                      run, seq, why)};
}

// Reads rows of (run, seq, body) that must continue one another within a run.
class Reader {
 public:
  Result<Event> read(SQLite::Statement& row) {
    const std::string run = row.getColumn(0).getString();
    const std::int64_t seq = row.getColumn(1).getInt64();
    const std::int64_t expected = run == run_ ? last_ + 1 : first_;
    run_ = run;
    last_ = seq;
    if (seq != expected) {
      return std::unexpected(unreadable(
          run, seq, fmt::format("expected event {} here, so some are missing", expected)));
    }
    const SQLite::Column body = row.getColumn(2);
    auto event = event_from_line({body.getText(), static_cast<std::size_t>(body.getBytes())});
    if (!event) return std::unexpected(unreadable(run, seq, event.error().message));
    if (event->seq != seq) {
      return std::unexpected(unreadable(run, seq, fmt::format("its text is event {}", event->seq)));
    }
    return event;
  }
  // The seq that the first row of a run must have.
  void start_at(std::int64_t first) { first_ = first; }

 private:
  std::string run_;
  std::int64_t last_ = 0;
  std::int64_t first_ = 1;
};

Error unknown_run(const RunId& run, const std::string& path) {
  return {ErrorCode::not_found,
          fmt::format("there is no run {} in {}: `pareto runs list` shows those there are",
                      run.value, path)};
}

}  // namespace

Result<std::unique_ptr<SqliteJournal>> SqliteJournal::open(SqliteWriter& writer) {
  auto reader = SqliteConnection::open(writer.path(), SqliteAccess::read_only);
  if (!reader) return std::unexpected(reader.error());
  return std::unique_ptr<SqliteJournal>(new SqliteJournal(writer, std::move(*reader)));
}

SqliteJournal::SqliteJournal(SqliteWriter& writer, SqliteConnection reader)
    : writer_(writer), reader_(std::move(reader)), claims_(std::make_shared<Claims>()) {}

SqliteJournal::~SqliteJournal() = default;

void SqliteJournal::append(const RunId& run, std::vector<Event> events, Handler<void> done) {
  Append append{.run = run, .events = std::move(events)};
  // The first is checked against the file, the others against it.
  if (!append.events.empty()) {
    const std::int64_t before = append.events.front().seq - 1;
    if (auto checked = check_continues(run, before, append.events); !checked) {
      writer_.loop().post([done = std::move(done), checked]() mutable {
        if (done) done(std::move(checked));
      });
      return;
    }
  }
  const auto claim = claims_->find(run);
  if (claim == claims_->end()) {
    writer_.submit(std::move(append), std::move(done));
    return;
  }
  append.claim = claim->second;
  writer_.submit(std::move(append),
                 [claims = claims_, run, done = std::move(done)](Result<void> stored) mutable {
                   claims->erase(run);
                   if (done) done(std::move(stored));
                 });
}

Result<std::vector<Event>> SqliteJournal::load(const RunId& run) {
  auto events = load_after(run, 0, kAll);
  if (events && events->empty()) return std::unexpected(unknown_run(run, reader_.path()));
  return events;
}

Result<std::vector<Event>> SqliteJournal::load_after(const RunId& run, std::int64_t after,
                                                     std::size_t limit) {
  try {
    auto select = reader_.statement(
        "SELECT run, seq, body FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
    select->bind(1, run.value);
    select->bind(2, after);
    select->bind(3, static_cast<std::int64_t>(std::min(limit, kAll)));
    Reader reader;
    reader.start_at(after + 1);
    std::vector<Event> events;
    while (select->executeStep()) {
      auto event = reader.read(*select);
      if (!event) return std::unexpected(event.error());
      events.push_back(std::move(*event));
    }
    return events;
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<std::int64_t> SqliteJournal::last_seq(const RunId& run) {
  try {
    return newest(reader_, run);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<void> SqliteJournal::export_lines(const RunId& run, std::int64_t after,
                                         const LineSink& sink) {
  if (auto last = last_seq(run); !last || *last == 0) {
    return std::unexpected(last ? unknown_run(run, reader_.path()) : last.error());
  }
  for (;;) {
    auto lines = read_lines(run, after);
    if (!lines) return std::unexpected(lines.error());
    if (lines->empty()) return {};
    for (const auto& [seq, line] : *lines) {
      if (auto given = sink(line); !given) return given;
      after = seq;
    }
  }
}

// Copied out before they are used: a slow sink must not hold a snapshot, which would keep the
// write-ahead log from being reused.
Result<SqliteJournal::Lines> SqliteJournal::read_lines(const RunId& run, std::int64_t after) {
  try {
    auto select = reader_.statement(
        "SELECT seq, body FROM events WHERE run = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
    select->bind(1, run.value);
    select->bind(2, after);
    select->bind(3, kExportRows);
    Lines lines;
    while (select->executeStep()) {
      lines.emplace_back(select->getColumn(0).getInt64(), select->getColumn(1).getString());
    }
    return lines;
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<std::vector<Error>> SqliteJournal::check(std::size_t limit) {
  try {
    auto select = reader_.statement("SELECT run, seq, body FROM events ORDER BY run, seq");
    Reader reader;
    std::vector<Error> errors;
    while (errors.size() < limit && select->executeStep()) {
      if (auto event = reader.read(*select); !event) errors.push_back(event.error());
    }
    return errors;
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<RunPage> SqliteJournal::list(const RunFilter& filter) {
  try {
    return list_runs(reader_, filter);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<RunSummary> SqliteJournal::find(const RunId& run) {
  try {
    return find_run(reader_, run);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<RunId> SqliteJournal::resolve(std::string_view prefix) {
  try {
    return resolve_run(reader_, prefix);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
}

Result<RunId> SqliteJournal::claim_key(const std::string& key, const std::string& body_hash,
                                       const RunId& run) {
  for (const auto& [holder, claim] : *claims_) {
    if (claim.key == key) return same_request(claim, body_hash, holder);
  }
  try {
    auto stored = find_claim(reader_, key);
    if (stored) return same_request(stored->claim, body_hash, stored->run);
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, reader_.path()));
  }
  claims_->emplace(run, KeyClaim{key, body_hash});
  return run;
}

void SqliteJournal::release_key(const RunId& run) { claims_->erase(run); }

}  // namespace pareto
