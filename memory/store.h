#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/json.h"
#include "agent/core/ports.h"
#include "agent/core/result.h"
#include "agent/core/time.h"
#include "agent/io/sqlite_connection.h"

// The table `experiences` of the state file: one row for each finished run that was learned from.
// The vector of a row lies beside its text and is written in the same statement, so that neither is
// ever without the other. Everything else that speeds up recall is derived from these rows.
//
// The functions borrow a connection; its thread is the caller's. Reading works on a read-only one;
// writing is done within a transaction (SqliteWriter::run or submit). Errors: those of
// `sqlite_error`, and what is said below.

namespace pareto {

struct StoredExperience {
  std::int64_t seq = 0;  // order of insertion; never used twice
  Experience experience;
  Instant created;
};

// One JSON object as `export` writes and `import` reads it; the vector is left out, as it follows
// from the text.
Json to_json(const StoredExperience& stored);
// Errors name the key. `created` defaults to `now`; `seq` is not read.
Result<StoredExperience> experience_from_json(const Json& json, Instant now);

// Adds a row, or replaces the outcome of the same run (its text and vector stay, as a run's prompt
// never changes). `invalid` for an empty run id or a success outside of 0..1. Gives its seq.
Result<std::int64_t> insert_experience(SqliteConnection& connection, const Experience& experience,
                                       Instant created);

struct ExperienceQuery {
  std::optional<std::int64_t> before;  // only rows with a smaller seq: for the next page
  std::string kind;                    // empty: any
  std::string model;                   // empty: any
  std::optional<Mode> mode;
  std::string contains;  // text that the prompt contains; empty: any
  std::size_t limit = 50;
};

// Newest first.
Result<std::vector<StoredExperience>> list_experiences(SqliteConnection& connection,
                                                       const ExperienceQuery& query);
// By seq ("17") or run id.
Result<std::optional<StoredExperience>> find_experience(SqliteConnection& connection,
                                                        std::string_view name);
// Oldest first, one at a time, until `each` gives an error, which is then the result.
Result<void> for_each_experience(SqliteConnection& connection,
                                 const std::function<Result<void>(const StoredExperience&)>& each);

// Removes rows and overwrites their bytes in the file. Gives how many there were; by seq or run id,
// or all of them.
Result<std::int64_t> forget_experience(SqliteConnection& connection, std::string_view name);
Result<std::int64_t> forget_all_experiences(SqliteConnection& connection);

// How runs went, summed by kind, mode and model; sorted by these.
struct ExperienceTotals {
  std::string kind;
  Mode mode = Mode::instant;
  std::string model;
  std::int64_t runs = 0;
  double successes = 0;
  Money cost;

  friend bool operator==(const ExperienceTotals&, const ExperienceTotals&) = default;
};
Result<std::vector<ExperienceTotals>> total_experiences(SqliteConnection& connection);

// A number that is another one after every commit of another connection, be it of this process or
// not; of no meaning for other connections.
Result<std::int64_t> state_file_version(SqliteConnection& connection);

}  // namespace pareto
