#include "memory/maintenance.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <filesystem>

#include "agent/text/embedding.h"
#include "memory/stored_vectors.h"
#include "memory/vector_index.h"

namespace pareto {
namespace {

enum class RowState { sound, stale, damaged };

RowState state_of(SQLite::Statement& row, const Embedding& made) {
  const SQLite::Column blob = row.getColumn(1);
  const SQLite::Column model = row.getColumn(2);
  if (!blob.isBlob() || !model.isText() || model.getString() != kEmbeddingName) {
    return RowState::stale;
  }
  const std::string_view bytes(static_cast<const char*>(blob.getBlob()),
                               static_cast<std::size_t>(blob.getBytes()));
  const auto stored = from_blob(bytes);
  // A compiler may round the last bit another way; that is no damage.
  return stored && (*stored == made || cosine(*stored, made) > 0.9999) ? RowState::sound
                                                                       : RowState::damaged;
}

std::string state_of_index(const std::vector<IndexedVector>& rows, const std::string& path) {
  const auto stamp = VectorIndex::read_stamp(path);
  if (!stamp) return stamp.error().message;
  std::size_t known = 0;
  while (known < rows.size() && rows[known].seq <= stamp->last_seq) ++known;
  const std::span<const IndexedVector> indexed(rows.data(), known);
  const auto loaded = VectorIndex::load(path, stamp_of(indexed));
  return loaded ? "sound" : loaded.error().message;
}

}  // namespace

Result<MemoryCheck> check_memory(SqliteConnection& connection, const std::string& index_path) {
  MemoryCheck check;
  StoredVectors vectors;
  if (auto read = vectors.refresh(connection); !read) return std::unexpected(read.error());
  check.index = state_of_index(vectors.rows(), index_path);
  try {
    SqliteStatement rows =
        connection.statement("SELECT text, vector, vector_model FROM experiences ORDER BY seq");
    while (rows->executeStep()) {
      const RowState state = state_of(*rows, embed(rows->getColumn(0).getString()));
      ++check.rows;
      if (state == RowState::stale) ++check.stale_vectors;
      if (state == RowState::damaged) ++check.damaged_vectors;
    }
    SqliteStatement quick = connection.statement("PRAGMA quick_check(20)");
    while (quick->executeStep()) {
      const std::string line = quick->getColumn(0).getString();
      if (line != "ok") check.damage.push_back(line);
    }
    return check;
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

Result<std::int64_t> rebuild_vectors(SqliteConnection& connection) {
  try {
    std::vector<std::pair<std::int64_t, Embedding>> changed;
    {
      SqliteStatement rows =
          connection.statement("SELECT text, vector, vector_model, seq FROM experiences");
      while (rows->executeStep()) {
        const Embedding made = embed(rows->getColumn(0).getString());
        if (state_of(*rows, made) == RowState::sound) continue;
        changed.emplace_back(rows->getColumn(3).getInt64(), made);
      }
    }
    for (const auto& [seq, embedding] : changed) {
      SqliteStatement update =
          connection.statement("UPDATE experiences SET vector = ?, vector_model = ? WHERE seq = ?");
      const std::string blob = to_blob(embedding);
      update->bind(1, blob.data(), static_cast<int>(blob.size()));
      update->bind(2, std::string(kEmbeddingName));
      update->bind(3, seq);
      update->exec();
    }
    return static_cast<std::int64_t>(changed.size());
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

Result<void> rebuild_index(SqliteConnection& connection, const std::string& index_path) {
  StoredVectors vectors;
  if (auto read = vectors.refresh(connection); !read) return read;
  auto built = VectorIndex::build(vectors.rows());
  if (!built) return std::unexpected(built.error());
  return (*built)->save(index_path);
}

std::string index_path_of(const std::string& state_file) {
  return (std::filesystem::path(state_file).parent_path() / "vectors.hnsw").string();
}

}  // namespace pareto
