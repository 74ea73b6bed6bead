#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/io/sqlite_connection.h"

namespace pareto {

// What `pareto memory check` found. A stale or missing index is no damage: it is made anew.
struct MemoryCheck {
  std::int64_t rows = 0;
  std::int64_t stale_vectors = 0;    // missing, or of another embedding; mended by `rebuild`
  std::int64_t damaged_vectors = 0;  // of this embedding, but not what it makes of the text
  std::string index;                 // "sound", or why it would not be used
  std::vector<std::string> damage;   // of the database itself; empty when sound

  bool sound() const { return damaged_vectors == 0 && damage.empty(); }
  friend bool operator==(const MemoryCheck&, const MemoryCheck&) = default;
};

// Reads every row, makes its vector anew and compares; runs SQLite's own quick check.
Result<MemoryCheck> check_memory(SqliteConnection& connection, const std::string& index_path);

// Makes the vector of every row anew; within a transaction of a writing connection. Gives how many
// rows were changed.
Result<std::int64_t> rebuild_vectors(SqliteConnection& connection);

// Builds the index of all rows and stores it at `index_path`, whatever lies there.
Result<void> rebuild_index(SqliteConnection& connection, const std::string& index_path);

// Where the index of a state file lies.
std::string index_path_of(const std::string& state_file);

}  // namespace pareto
