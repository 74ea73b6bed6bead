#include "agent/io/journal_summary.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace pareto {
namespace {

constexpr std::size_t kHeadBytes = 200;
constexpr std::size_t kMaxPage = 1000;
constexpr int kShownMatches = 5;

// The start of a text on one line, cut between characters.
std::string head_of(const std::string& text) {
  std::size_t end = std::min(text.size(), kHeadBytes);
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
  };
  for (int steps = 0; steps < 3 && end > 0 && continues(end); ++steps) --end;
  std::string head = text.substr(0, end);
  std::ranges::replace_if(
      head, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return head;
}

// Writes what one kind of event changes in its run's row.
struct Summariser {
  SqliteConnection& connection;
  const RunId& run;
  std::int64_t at_ms;

  void operator()(const Started& started) const {
    auto insert = connection.statement(
        "INSERT OR REPLACE INTO runs(id, task_id, origin, created_ms, updated_ms, status, "
        "prompt_head) VALUES(?1, ?2, ?3, ?4, ?4, 'running', ?5)");
    insert->bind(1, run.value);
    insert->bind(2, started.task.id);
    insert->bind(3, started.origin);
    insert->bind(4, at_ms);
    insert->bind(5, head_of(started.task.prompt));
    insert->exec();
  }

  void operator()(const Routed& routed) const {
    auto update = connection.statement(
        "UPDATE runs SET mode = ?2, model = ?3, effort = ?4, kind = ?5, updated_ms = ?6 "
        "WHERE id = ?1");
    update->bind(1, run.value);
    update->bind(2, to_string(routed.route.mode));
    update->bind(3, routed.route.model);
    update->bind(4, to_string(routed.route.effort));
    update->bind(5, routed.route.kind);
    update->bind(6, at_ms);
    update->exec();
  }

  void operator()(const ApprovalAsked&) const { set_status("waiting"); }
  void operator()(const ApprovalGiven&) const { set_status("running"); }
  void operator()(const Resumed&) const { set_status("running"); }

  void operator()(const Finished& finished) const {
    const Outcome& outcome = finished.outcome;
    auto update = connection.statement(
        "UPDATE runs SET status = ?2, reason = ?3, cost_nanos = ?4, cost_known = ?5, turns = ?6, "
        "tool_calls = ?7, took_ms = ?8, updated_ms = ?9 WHERE id = ?1");
    update->bind(1, run.value);
    update->bind(2, to_string(outcome.status));
    update->bind(3, to_string(outcome.reason));
    update->bind(4, outcome.receipt.total_cost().to_nanos());
    update->bind(5, outcome.receipt.cost_known ? 1 : 0);
    update->bind(6, outcome.receipt.turns);
    update->bind(7, outcome.receipt.tool_calls);
    update->bind(8, static_cast<std::int64_t>(outcome.receipt.seconds.count()));
    update->bind(9, at_ms);
    update->exec();
  }

  template <class Other>
  void operator()(const Other&) const {}

  void set_status(const char* status) const {
    auto update =
        connection.statement("UPDATE runs SET status = ?2, updated_ms = ?3 WHERE id = ?1");
    update->bind(1, run.value);
    update->bind(2, status);
    update->bind(3, at_ms);
    update->exec();
  }
};

// Of a run under way the time of the newest event is looked up, as not every event updates its row.
constexpr std::string_view kColumns =
    "id, task_id, origin, created_ms, CASE WHEN status IN ('running', 'waiting') THEN "
    "coalesce((SELECT at_ms FROM events WHERE run = runs.id ORDER BY seq DESC LIMIT 1), "
    "updated_ms) ELSE updated_ms END, status, reason, mode, model, effort, kind, prompt_head, "
    "cost_nanos, cost_known, turns, tool_calls, took_ms";

RunSummary read_row(SQLite::Statement& row) {
  return {.run = {row.getColumn(0).getString()},
          .task_id = row.getColumn(1).getString(),
          .origin = row.getColumn(2).getString(),
          .created = instant_from_ms(row.getColumn(3).getInt64()),
          .updated = instant_from_ms(row.getColumn(4).getInt64()),
          .status = row.getColumn(5).getString(),
          .reason = row.getColumn(6).getString(),
          .mode = row.getColumn(7).getString(),
          .model = row.getColumn(8).getString(),
          .effort = row.getColumn(9).getString(),
          .kind = row.getColumn(10).getString(),
          .prompt_head = row.getColumn(11).getString(),
          .cost = Money::nanos(row.getColumn(12).getInt64()),
          .cost_known = row.getColumn(13).getInt() != 0,
          .turns = row.getColumn(14).getInt(),
          .tool_calls = row.getColumn(15).getInt(),
          .took = Milliseconds(row.getColumn(16).getInt64())};
}

}  // namespace

void summarise(SqliteConnection& connection, const RunId& run, const Event& event) {
  std::visit(Summariser{connection, run, to_ms(event.at)}, event.payload);
}

RunPage list_runs(SqliteConnection& connection, const RunFilter& filter) {
  const std::array<std::pair<const char*, const std::optional<std::string>*>, 6> texts = {{
      {"status", &filter.status},
      {"origin", &filter.origin},
      {"mode", &filter.mode},
      {"model", &filter.model},
      {"kind", &filter.kind},
      {"task_id", &filter.task_id},
  }};
  std::string where = "WHERE 1";
  for (const auto& [column, value] : texts) {
    if (*value) where += fmt::format(" AND {0} = :{0}", column);
  }
  if (filter.since) where += " AND created_ms >= :since";
  if (!filter.cursor.empty()) where += " AND id < :cursor";
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, kMaxPage);

  // Ids sort by time. One row more than asked for tells whether there is another page.
  auto select = connection.statement(
      fmt::format("SELECT {} FROM runs {} ORDER BY id DESC LIMIT :limit", kColumns, where));
  for (const auto& [column, value] : texts) {
    if (*value) select->bind(fmt::format(":{}", column), **value);
  }
  if (filter.since) select->bind(":since", static_cast<std::int64_t>(to_ms(*filter.since)));
  if (!filter.cursor.empty()) select->bind(":cursor", filter.cursor);
  select->bind(":limit", static_cast<std::int64_t>(limit + 1));

  RunPage page;
  while (select->executeStep()) page.runs.push_back(read_row(*select));
  if (page.runs.size() > limit) {
    page.runs.pop_back();
    page.next = page.runs.back().run.value;
  }
  return page;
}

Result<RunSummary> find_run(SqliteConnection& connection, const RunId& run) {
  auto select = connection.statement(fmt::format("SELECT {} FROM runs WHERE id = ?1", kColumns));
  select->bind(1, run.value);
  if (select->executeStep()) return read_row(*select);
  return fail(ErrorCode::not_found,
              fmt::format("there is no run {} in {}: `pareto runs list` shows those there are",
                          run.value, connection.path()));
}

Result<RunId> resolve_run(SqliteConnection& connection, std::string_view prefix) {
  auto select = connection.statement(
      "SELECT id FROM runs WHERE id >= ?1 AND id < ?1 || '~' ORDER BY id LIMIT ?2");
  select->bind(1, std::string(prefix));
  select->bind(2, kShownMatches);
  std::vector<std::string> matches;
  while (select->executeStep()) matches.push_back(select->getColumn(0).getString());
  const bool exact = !matches.empty() && matches.front() == prefix;
  if (exact || matches.size() == 1) return RunId{std::move(matches.front())};
  if (matches.empty()) {
    return fail(
        ErrorCode::not_found,
        fmt::format("no run has an id that starts with `{}` in {}: `pareto runs list` shows "
                    "those there are",
                    prefix, connection.path()));
  }
  return fail(ErrorCode::invalid, fmt::format("`{}` could be any of {}: give more of the id",
                                              prefix, fmt::join(matches, ", ")));
}

}  // namespace pareto
