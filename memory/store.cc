#include "memory/store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/text/embedding.h"
#include "memory/stored_vectors.h"

namespace pareto {
namespace {

constexpr char kColumns[] =
    "seq, run, task_id, text, kind, mode, model, effort, success, cost_nanos, took_ms, turns, "
    "features, created_ms";

// Runs `work` and gives what SQLite threw as an error.
template <class Work>
auto guarded(SqliteConnection& connection, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const SQLite::Exception& exception) {
    return std::unexpected(sqlite_error(exception, connection.path()));
  }
}

// Nothing for a row that this program could not have written: it is passed over, as one damaged
// memory must not keep a run from starting.
std::optional<StoredExperience> read_row(SQLite::Statement& row) {
  const auto text = [&row](int column) { return row.getColumn(column).getString(); };
  const auto mode = parse_mode(text(5));
  const auto effort = parse_effort(text(7));
  if (!mode || !effort) return std::nullopt;
  StoredExperience stored;
  stored.seq = row.getColumn(0).getInt64();
  stored.created = instant_from_ms(row.getColumn(13).getInt64());
  stored.experience = {.run = RunId{text(1)},
                       .task_id = text(2),
                       .text = text(3),
                       .kind = text(4),
                       .mode = *mode,
                       .model = text(6),
                       .effort = *effort,
                       .success = row.getColumn(8).getDouble(),
                       .cost = Money::nanos(row.getColumn(9).getInt64()),
                       .took = Milliseconds(row.getColumn(10).getInt64()),
                       .turns = row.getColumn(11).getInt(),
                       .features = text(12)};
  return stored;
}

std::optional<std::int64_t> as_seq(std::string_view name) {
  std::int64_t seq = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), seq);
  if (code != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return seq;
}

// A seq is a short number, a run id a ULID of 26 characters.
void bind_name(SqliteStatement& statement, std::string_view name) {
  statement->bind(1, as_seq(name).value_or(-1));
  statement->bind(2, std::string(name));
}

std::int64_t delete_rows(SqliteConnection& connection, SqliteStatement& statement) {
  // What was to be forgotten must not stay readable in free pages.
  connection.database().exec("PRAGMA secure_delete=ON");
  return statement->exec();
}

Json features_json(const std::string& text) {
  auto parsed = parse_json(text);
  return parsed && parsed->is_object() ? *parsed : Json::object();
}

}  // namespace

Json to_json(const StoredExperience& stored) {
  const Experience& experience = stored.experience;
  return {{"schema", 1},
          {"seq", stored.seq},
          {"run", experience.run.value},
          {"task", experience.task_id},
          {"text", experience.text},
          {"kind", experience.kind},
          {"mode", to_string(experience.mode)},
          {"model", experience.model},
          {"effort", to_string(experience.effort)},
          {"success", experience.success},
          {"cost_usd", experience.cost.to_string()},
          {"took_ms", experience.took.count()},
          {"turns", experience.turns},
          {"features", features_json(experience.features)},
          {"created_ms", to_ms(stored.created)}};
}

Result<StoredExperience> experience_from_json(const Json& json, Instant now) {
  JsonFields fields(json, "experience");
  fields.only({"schema", "seq", "run", "task", "text", "kind", "mode", "model", "effort", "success",
               "cost_usd", "took_ms", "turns", "features", "created_ms"});
  if (fields.integer_or("schema", 1) != 1) fields.add_error("schema", "only 1 can be read");
  StoredExperience stored;
  Experience& experience = stored.experience;
  experience.run.value = fields.text("run");
  experience.task_id = fields.text_or("task", "");
  experience.text = fields.text("text");
  experience.kind = fields.text_or("kind", "other");
  experience.mode = fields.keep<Mode>("mode", parse_mode(fields.text("mode")));
  experience.model = fields.text("model");
  experience.effort = fields.keep<Effort>("effort", parse_effort(fields.text_or("effort", "low")));
  experience.success = fields.number_or("success", -1);
  experience.cost = fields.money("cost_usd");
  experience.took = Milliseconds(fields.integer_or("took_ms", 0));
  experience.turns = static_cast<int>(fields.integer_or("turns", 0));
  const Json* features = fields.find("features");
  experience.features = features == nullptr ? "{}" : dump_json(*features);
  stored.created = instant_from_ms(fields.integer_or("created_ms", to_ms(now)));
  if (!(experience.success >= 0 && experience.success <= 1)) {
    fields.add_error("success", "expected a number from 0 to 1");
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return stored;
}

Result<std::int64_t> insert_experience(SqliteConnection& connection, const Experience& experience,
                                       Instant created) {
  if (experience.run.empty()) {
    return fail(ErrorCode::invalid, "an experience needs the id of its run");
  }
  if (!(experience.success >= 0 && experience.success <= 1)) {
    return fail(ErrorCode::invalid, fmt::format("the success of run {} is {}, expected 0 to 1",
                                                experience.run.value, experience.success));
  }
  return guarded(connection, [&]() -> Result<std::int64_t> {
    SqliteStatement insert = connection.statement(
        "INSERT INTO experiences(run, task_id, text, kind, mode, model, effort, success, "
        "cost_nanos, took_ms, turns, features, created_ms, vector, vector_model) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) "
        "ON CONFLICT(run) DO UPDATE SET kind = ?4, mode = ?5, model = ?6, effort = ?7, "
        "success = ?8, cost_nanos = ?9, took_ms = ?10, turns = ?11, features = ?12 "
        "RETURNING seq");
    insert->bind(1, experience.run.value);
    insert->bind(2, experience.task_id);
    insert->bind(3, experience.text);
    insert->bind(4, experience.kind);
    insert->bind(5, to_string(experience.mode));
    insert->bind(6, experience.model);
    insert->bind(7, to_string(experience.effort));
    insert->bind(8, experience.success);
    insert->bind(9, experience.cost.to_nanos());
    insert->bind(10, static_cast<std::int64_t>(experience.took.count()));
    insert->bind(11, experience.turns);
    insert->bind(12, experience.features.empty() ? "{}" : experience.features);
    insert->bind(13, to_ms(created));
    const std::string vector = to_blob(embed(experience.text));
    insert->bind(14, vector.data(), static_cast<int>(vector.size()));
    insert->bind(15, std::string(kEmbeddingName));
    insert->executeStep();
    const std::int64_t seq = insert->getColumn(0).getInt64();
    insert->executeStep();  // to the end: the statement is done only then
    return seq;
  });
}

Result<std::vector<StoredExperience>> list_experiences(SqliteConnection& connection,
                                                       const ExperienceQuery& query) {
  return guarded(connection, [&]() -> Result<std::vector<StoredExperience>> {
    SqliteStatement select = connection.statement(
        fmt::format("SELECT {} FROM experiences WHERE seq < ?1 AND (?2 = '' OR kind = ?2) "
                    "AND (?3 = '' OR model = ?3) AND (?4 = '' OR mode = ?4) "
                    "AND (?5 = '' OR instr(lower(text), lower(?5)) > 0) ORDER BY seq DESC LIMIT ?6",
                    kColumns));
    select->bind(1, query.before.value_or(INT64_MAX));
    select->bind(2, query.kind);
    select->bind(3, query.model);
    select->bind(4, query.mode ? to_string(*query.mode) : "");
    select->bind(5, query.contains);
    select->bind(6, static_cast<std::int64_t>(std::min<std::size_t>(query.limit, INT32_MAX)));
    std::vector<StoredExperience> found;
    while (select->executeStep()) {
      if (auto row = read_row(*select)) found.push_back(std::move(*row));
    }
    return found;
  });
}

Result<std::optional<StoredExperience>> find_experience(SqliteConnection& connection,
                                                        std::string_view name) {
  return guarded(connection, [&]() -> Result<std::optional<StoredExperience>> {
    SqliteStatement select = connection.statement(
        fmt::format("SELECT {} FROM experiences WHERE seq = ?1 OR run = ?2", kColumns));
    bind_name(select, name);
    if (!select->executeStep()) return std::nullopt;
    return read_row(*select);
  });
}

Result<void> for_each_experience(SqliteConnection& connection,
                                 const std::function<Result<void>(const StoredExperience&)>& each) {
  return guarded(connection, [&]() -> Result<void> {
    SqliteStatement select =
        connection.statement(fmt::format("SELECT {} FROM experiences ORDER BY seq", kColumns));
    while (select->executeStep()) {
      const auto row = read_row(*select);
      if (!row) continue;
      if (auto result = each(*row); !result) return result;
    }
    return {};
  });
}

Result<std::int64_t> forget_experience(SqliteConnection& connection, std::string_view name) {
  return guarded(connection, [&]() -> Result<std::int64_t> {
    SqliteStatement remove =
        connection.statement("DELETE FROM experiences WHERE seq = ?1 OR run = ?2");
    bind_name(remove, name);
    return delete_rows(connection, remove);
  });
}

Result<std::int64_t> forget_all_experiences(SqliteConnection& connection) {
  return guarded(connection, [&]() -> Result<std::int64_t> {
    SqliteStatement remove = connection.statement("DELETE FROM experiences WHERE true");
    return delete_rows(connection, remove);
  });
}

Result<std::vector<ExperienceTotals>> total_experiences(SqliteConnection& connection) {
  return guarded(connection, [&]() -> Result<std::vector<ExperienceTotals>> {
    SqliteStatement select = connection.statement(
        "SELECT kind, mode, model, count(*), total(success), sum(cost_nanos) FROM experiences "
        "GROUP BY kind, mode, model ORDER BY kind, mode, model");
    std::vector<ExperienceTotals> totals;
    while (select->executeStep()) {
      const auto mode = parse_mode(select->getColumn(1).getString());
      if (!mode) continue;
      totals.push_back({.kind = select->getColumn(0).getString(),
                        .mode = *mode,
                        .model = select->getColumn(2).getString(),
                        .runs = select->getColumn(3).getInt64(),
                        .successes = select->getColumn(4).getDouble(),
                        .cost = Money::nanos(select->getColumn(5).getInt64())});
    }
    return totals;
  });
}

Result<std::int64_t> state_file_version(SqliteConnection& connection) {
  return guarded(connection, [&]() -> Result<std::int64_t> {
    SqliteStatement pragma = connection.statement("PRAGMA data_version");
    pragma->executeStep();
    return pragma->getColumn(0).getInt64();
  });
}

}  // namespace pareto
