#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/ports.h"
#include "agent/io/loop.h"
#include "agent/io/sqlite_writer.h"

namespace pareto {

// What lists show of a run. Mode, model, effort and kind are empty until it is routed; cost, turns
// and reason are those of its outcome.
struct RunSummary {
  RunId run;
  std::string task_id;
  std::string origin;
  Instant created;
  Instant updated;     // of the newest event
  std::string status;  // "running", "waiting" (for an approval), or a Status by name
  std::string reason;
  std::string mode;
  std::string model;
  std::string effort;
  std::string kind;
  std::string prompt_head;  // at most 200 bytes
  Money cost;
  bool cost_known = true;
  int turns = 0;
  int tool_calls = 0;
  Milliseconds took{0};

  friend bool operator==(const RunSummary&, const RunSummary&) = default;
};

// Which runs to list, newest first. Absent: any.
struct RunFilter {
  std::optional<std::string> status;
  std::optional<std::string> origin;
  std::optional<std::string> mode;
  std::optional<std::string> model;
  std::optional<std::string> kind;
  std::optional<std::string> task_id;
  std::optional<Instant> since;  // created then or later
  std::size_t limit = 50;        // at most 1000
  std::string cursor;            // `next` of the page before; empty: from the newest
};

struct RunPage {
  std::vector<RunSummary> runs;
  std::string next;  // empty: no more
};

// A client's idempotency key and what identifies the request that it was used for.
struct KeyClaim {
  std::string key;
  std::string body_hash;

  friend bool operator==(const KeyClaim&, const KeyClaim&) = default;
};

// The journal in the state file. An append checks that its sequence numbers continue those stored:
// a number that is taken or would leave a gap is an error (`invalid`), and nothing of it is stored.
//
// Thread: the loop's. Reads use a read-only connection of their own and see what is durable. They
// block for as long as the disk takes, and never wait for writers.
class SqliteJournal final : public Journal {
 public:
  // `writer` outlives the journal.
  static Result<std::unique_ptr<SqliteJournal>> open(SqliteWriter& writer);
  ~SqliteJournal() override;

  void append(const RunId& run, std::vector<Event> events, Handler<void> done) override;
  // Errors: `not_found`, or `internal` naming run and seq of a row that is missing or can't be
  // read.
  Result<std::vector<Event>> load(const RunId& run) override;
  // Events with a seq greater than `after`, at most `limit`; empty when there are none.
  Result<std::vector<Event>> load_after(const RunId& run, std::int64_t after, std::size_t limit);
  // The seq of the newest event; 0 for an unknown run.
  Result<std::int64_t> last_seq(const RunId& run);

  Result<RunPage> list(const RunFilter& filter);
  Result<RunSummary> find(const RunId& run);
  // The run whose id is `prefix` or, if only one does, starts with it. Errors: `not_found`, and
  // `invalid` listing some of those that match.
  Result<RunId> resolve(std::string_view prefix);

  // Gives the stored text of every event after `after` as lines without \n, unread, until `sink`
  // fails. `not_found` for an unknown run.
  using LineSink = std::function<Result<void>(std::string_view line)>;
  Result<void> export_lines(const RunId& run, std::int64_t after, const LineSink& sink);

  // Ties a client's idempotency key to a new run. Gives `run` when the key is free: it is stored
  // together with the run's first append. Gives the run of an earlier claim, stored or pending,
  // when the key was used for a request with the same hash; `invalid` when it was another request.
  Result<RunId> claim_key(const std::string& key, const std::string& body_hash, const RunId& run);
  // Forgets the pending claim of a run that never started.
  void release_key(const RunId& run);

  // Reads every event of the file: an error for each row that is torn, out of sequence or not
  // readable, naming run and seq, at most `limit` of them. For `pareto doctor`.
  Result<std::vector<Error>> check(std::size_t limit = 100);

 private:
  using Claims = std::map<RunId, KeyClaim>;
  using Lines = std::vector<std::pair<std::int64_t, std::string>>;
  SqliteJournal(SqliteWriter& writer, SqliteConnection reader);
  Result<Lines> read_lines(const RunId& run, std::int64_t after);

  SqliteWriter& writer_;
  SqliteConnection reader_;
  std::shared_ptr<Claims> claims_;  // not stored yet; shared with appends under way
};

// A journal that lives as long as its object: for tests, and for runs that nobody will ask about.
// Keeps events as values. Thread: the loop's.
class MemoryJournal final : public Journal {
 public:
  using Post = std::function<void(std::move_only_function<void()>)>;
  // Handlers are called by `post`, which must not call them from within itself.
  explicit MemoryJournal(Post post) : post_(std::move(post)) {}
  explicit MemoryJournal(Loop& loop);

  void append(const RunId& run, std::vector<Event> events, Handler<void> done) override;
  Result<std::vector<Event>> load(const RunId& run) override;

 private:
  Post post_;
  std::map<RunId, std::vector<Event>> runs_;
};

// Whether `events` continue a run whose newest event is `last`; an `invalid` error that says what
// was expected. Shared by every journal.
Result<void> check_continues(const RunId& run, std::int64_t last, const std::vector<Event>& events);

}  // namespace pareto
