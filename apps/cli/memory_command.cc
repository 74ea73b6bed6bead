#include "apps/cli/memory_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "apps/cli/store_access.h"
#include "memory/maintenance.h"
#include "memory/recall.h"
#include "memory/store.h"
#include "tools/output.h"

namespace pareto {
namespace {

constexpr std::size_t kPromptShown = 60;

// Runs a piece of work on a read-only connection to the state file.
template <class Work>
Result<int> reading(const Globals& globals, Work work) {
  auto store = open_store(globals);  // also makes the file, if there is none yet
  if (!store) return std::unexpected(store.error());
  auto connection = SqliteConnection::open(store->writer->path(), SqliteAccess::read_only);
  if (!connection) return std::unexpected(connection.error());
  return work(*connection, *store);
}

// Runs a piece of work within a transaction of the writing connection.
template <class Work>
Result<int> writing(const Globals& globals, Work work) {
  auto store = open_store(globals);
  if (!store) return std::unexpected(store.error());
  int status = kExitSuccess;
  auto done = store->writer->run([&](SqliteConnection& connection) -> Result<void> {
    auto result = work(connection, *store);
    if (!result) return std::unexpected(result.error());
    status = *result;
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return status;
}

void print(const StoredExperience& stored, const Globals& globals) {
  if (globals.json) {
    fmt::print("{}\n", dump_json(to_json(stored)));
    return;
  }
  const Experience& e = stored.experience;
  fmt::print("{:>6}  {:<10} {:<9} {:<8} success {:<4.2g} {:>12} USD  {}\n", stored.seq, e.kind,
             to_string(e.mode), e.model, e.success, e.cost.to_string(),
             one_line(e.text, kPromptShown));
}

Result<int> list(const Globals& globals, const ExperienceQuery& query) {
  return reading(globals, [&](SqliteConnection& connection, StoreAccess&) -> Result<int> {
    auto found = list_experiences(connection, query);
    if (!found) return std::unexpected(found.error());
    if (found->empty() && !globals.json) fmt::print(stderr, "Nothing is remembered yet.\n");
    for (const StoredExperience& stored : *found) print(stored, globals);
    return kExitSuccess;
  });
}

Result<int> search(const Globals& globals, const std::string& text, std::size_t count) {
  return reading(globals, [&](SqliteConnection& connection, StoreAccess&) -> Result<int> {
    auto found = search_experiences(connection, text, count);
    if (!found) return std::unexpected(found.error());
    for (const FoundExperience& one : *found) {
      if (globals.json) {
        Json json = to_json(one.stored);
        json["similarity"] = one.similarity;
        fmt::print("{}\n", dump_json(json));
      } else {
        fmt::print("{:.2f} ", one.similarity);
        print(one.stored, globals);
      }
    }
    return kExitSuccess;
  });
}

Result<int> show(const Globals& globals, const std::string& name) {
  return reading(globals, [&](SqliteConnection& connection, StoreAccess&) -> Result<int> {
    auto found = find_experience(connection, name);
    if (!found) return std::unexpected(found.error());
    if (!*found) return fail(ErrorCode::invalid, fmt::format("nothing is remembered as {}", name));
    fmt::print("{}\n", to_json(**found).dump(globals.json ? -1 : 2, ' ', false,
                                             Json::error_handler_t::replace));
    return kExitSuccess;
  });
}

Result<int> forget(const Globals& globals, const std::string& name) {
  return writing(globals, [&](SqliteConnection& connection, StoreAccess&) -> Result<int> {
    auto gone =
        name == "all" ? forget_all_experiences(connection) : forget_experience(connection, name);
    if (!gone) return std::unexpected(gone.error());
    fmt::print("{} forgotten\n", *gone);
    return *gone > 0 ? kExitSuccess : kExitFailed;
  });
}

Result<int> export_all(const Globals& globals) {
  return reading(globals, [](SqliteConnection& connection, StoreAccess&) -> Result<int> {
    auto done = for_each_experience(connection, [](const StoredExperience& one) -> Result<void> {
      fmt::print("{}\n", dump_json(to_json(one)));
      return {};
    });
    if (!done) return std::unexpected(done.error());
    return kExitSuccess;
  });
}

Result<int> check(const Globals& globals) {
  return reading(globals, [&](SqliteConnection& connection, StoreAccess& store) -> Result<int> {
    auto found = check_memory(connection, index_path_of(store.writer->path()));
    if (!found) return std::unexpected(found.error());
    fmt::print("{} experiences, {} stale vectors, {} damaged vectors; index: {}\n", found->rows,
               found->stale_vectors, found->damaged_vectors, found->index);
    for (const std::string& text : found->damage) fmt::print("damaged: {}\n", text);
    if (!found->sound()) fmt::print("Mend it with: pareto memory rebuild\n");
    return found->sound() ? kExitSuccess : kExitFailed;
  });
}

Result<int> rebuild(const Globals& globals) {
  return writing(globals, [](SqliteConnection& connection, StoreAccess& store) -> Result<int> {
    auto changed = rebuild_vectors(connection);
    if (!changed) return std::unexpected(changed.error());
    auto built = rebuild_index(connection, index_path_of(store.writer->path()));
    if (!built) return std::unexpected(built.error());
    fmt::print("{} vectors made anew, index rebuilt\n", *changed);
    return kExitSuccess;
  });
}

Result<int> stats(const Globals& globals) {
  return reading(globals, [&](SqliteConnection& connection, StoreAccess&) -> Result<int> {
    auto totals = total_experiences(connection);
    if (!totals) return std::unexpected(totals.error());
    for (const ExperienceTotals& t : *totals) {
      if (globals.json) {
        fmt::print("{}\n", dump_json(Json{{"kind", t.kind},
                                          {"mode", to_string(t.mode)},
                                          {"model", t.model},
                                          {"runs", t.runs},
                                          {"successes", t.successes},
                                          {"cost_usd", t.cost.to_string()}}));
      } else {
        fmt::print("{:<14} {:<9} {:<10} {:>5} runs {:>7.1f} successes {:>13} USD\n", t.kind,
                   to_string(t.mode), t.model, t.runs, t.successes, t.cost.to_string());
      }
    }
    return kExitSuccess;
  });
}

}  // namespace

void add_memory_command(CLI::App& app, const Globals& globals, int& status) {
  auto* memory = app.add_subcommand("memory", "What earlier runs came to");
  memory->require_subcommand(1);
  memory->footer(
      "Examples:\n  pareto memory list\n  pareto memory search \"fix the failing test\"");
  const auto finish = [&status](Result<int> exit) {
    status = exit ? *exit : report_failed(exit.error());
  };
  auto query = std::make_shared<ExperienceQuery>();
  auto text = std::make_shared<std::string>();
  auto count = std::make_shared<std::size_t>(10);
  auto* listing = memory->add_subcommand("list", "Experiences, newest first");
  listing->add_option("--kind", query->kind, "Only this kind of task");
  listing->add_option("--limit", query->limit, "How many");
  listing->callback([=, &globals] { finish(list(globals, *query)); });
  auto* searching = memory->add_subcommand("search", "The most similar experiences");
  searching->add_option("text", *text, "A prompt")->required();
  searching->add_option("--limit", *count, "How many");
  searching->callback([=, &globals] { finish(search(globals, *text, *count)); });
  auto* showing = memory->add_subcommand("show", "One experience");
  showing->add_option("name", *text, "Its number or its run")->required();
  showing->callback([=, &globals] { finish(show(globals, *text)); });
  auto* forgetting = memory->add_subcommand("forget", "Erase one experience, or all");
  forgetting->add_option("name", *text, "Its number or its run, or \"all\"")->required();
  forgetting->callback([=, &globals] { finish(forget(globals, *text)); });
  memory->add_subcommand("export", "Every experience as JSON lines")->callback([=, &globals] {
    finish(export_all(globals));
  });
  memory->add_subcommand("check", "Compare every vector with its text")->callback([=, &globals] {
    finish(check(globals));
  });
  memory->add_subcommand("rebuild", "Make vectors and index anew")->callback([=, &globals] {
    finish(rebuild(globals));
  });
  memory->add_subcommand("stats", "How runs went, by kind, mode and model")
      ->callback([=, &globals] { finish(stats(globals)); });
}

}  // namespace pareto
