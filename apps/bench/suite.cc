#include "apps/bench/suite.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <span>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"
#include "agent/text/nearest_name.h"
#include "apps/bench/foreign_suite.h"
#include "apps/bench/scorer.h"
#include "apps/system/settings.h"
#include "apps/system/task_file.h"
#include "tools/digest.h"
#include "tools/workspace/git_source.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSuiteKeys{"name",   "version", "licence", "source",
                                          "oracle", "null",    "tasks",   "format"};

// What suite.toml says beside the suite's own fields.
struct Header {
  Json defaults = Json::object();
  Json reader = Json::object();  // options of a foreign benchmark's reader
  std::string tasks;             // file or folder of the tasks; empty: tasks.jsonl
  std::optional<bool> null_check;
};

std::unexpected<Error> wrong_key(const Setting& setting) {
  const auto nearest = nearest_name(setting.path, kSuiteKeys);
  return fail(ErrorCode::invalid,
              nearest && *nearest == setting.path
                  ? fmt::format("{}: \"{}\": expected {}; found {}", setting.origin, setting.path,
                                setting.path == "null" ? "true or false" : "a text",
                                dump_json(setting.value))
                  : fmt::format("{}: unknown key \"{}\"{}", setting.origin, setting.path,
                                nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : ""));
}

Result<void> read_key(const Setting& setting, Suite& suite, Header& header) {
  const Json& value = setting.value;
  if (setting.path == "null" && value.is_boolean()) {
    header.null_check = value.get<bool>();
    return {};
  }
  if (setting.path == "version" && value.is_number()) {
    suite.version = dump_json(value);
    return {};
  }
  const std::map<std::string_view, std::string*> texts{
      {"name", &suite.name},     {"version", &suite.version}, {"licence", &suite.licence},
      {"source", &suite.source}, {"oracle", &suite.oracle},   {"tasks", &header.tasks},
      {"format", &suite.format}};
  const auto text = texts.find(setting.path);
  if (text == texts.end() || !value.is_string()) return wrong_key(setting);
  *text->second = value.get<std::string>();
  return {};
}

Result<void> read_header(const std::string& file, Suite& suite, Header& header) {
  auto text = read_text_file(file);
  if (!text) return std::unexpected(text.error());
  auto settings = settings_from_toml(*text, file);
  if (!settings) return std::unexpected(settings.error());
  for (const Setting& setting : *settings) {
    const std::string& table = setting.keys.front();
    if (setting.keys.size() > 1 && (table == "defaults" || table == "reader")) {
      // Not by the dotted path: names of files have dots of their own.
      Json* at = table == "reader" ? &header.reader : &header.defaults;
      for (const std::string& key : std::span(setting.keys).subspan(1)) at = &(*at)[key];
      *at = setting.value;
    } else if (auto read = read_key(setting, suite, header); !read) {
      return read;
    }
  }
  // Rows go to a folder of this name.
  if (suite.name.empty() || suite.name.contains('/') || suite.name == "..") {
    return fail(
        ErrorCode::invalid,
        fmt::format("{}: \"name\": expected a name without \"/\"; found \"{}\"", file, suite.name));
  }
  return {};
}

// A task's own values win over the defaults.
Json merged(const Json& defaults, const Json& task) {
  Json result = defaults;
  if (task.is_object()) result.merge_patch(task);
  return task.is_object() ? result : task;
}

Result<void> check_task(const Task& task) {
  if (!task.corpus.empty() && !fs::is_regular_file(task.corpus)) {
    return fail(ErrorCode::invalid, fmt::format("corpus {} does not exist", task.corpus));
  }
  if (is_git_source(task.workspace)) {
    auto source = parse_git_source(task.workspace);
    if (!source) return std::unexpected(source.error());
    if (!fs::is_directory(source->repository)) {
      return fail(ErrorCode::invalid,
                  fmt::format("repository {} does not exist; clone it there", source->repository));
    }
  } else if (!task.workspace.empty() && !fs::is_directory(task.workspace)) {
    return fail(ErrorCode::invalid, fmt::format("workspace {} does not exist", task.workspace));
  }
  return check_score(task.score);
}

// Takes one task after another into a suite.
class Collector {
 public:
  Collector(Suite& suite, const Json& defaults) : suite_(suite), defaults_(defaults) {}

  // Errors don't name the place.
  Result<void> add(const Json& json) {
    auto task = task_from_json(merged(defaults_, json), suite_.folder);
    if (!task) return std::unexpected(task.error());
    if (!ids_.insert(task->id).second) {
      return fail(ErrorCode::invalid, fmt::format("the id \"{}\" was used before", task->id));
    }
    if (auto good = check_task(*task); !good) {
      return fail(good.error().code,
                  fmt::format("task \"{}\": {}", task->id, good.error().message));
    }
    if (!task->corpus.empty() && sources_.insert(task->corpus).second) {
      auto digest = sha256_file(task->corpus);
      if (!digest) return std::unexpected(digest.error());
      hashed_ += "\n" + *digest;
    }
    // A commit names its own content.
    const bool folder = !task->workspace.empty() && !is_git_source(task->workspace);
    if (folder && sources_.insert(task->workspace).second) {
      auto digest = digest_folder(task->workspace);
      if (!digest) return std::unexpected(digest.error());
      hashed_ += "\n" + *digest;
    }
    suite_.tasks.push_back(std::move(*task));
    return {};
  }

  // `content` is what the tasks were read from.
  Result<void> finish(const std::string& file, const std::string& content) {
    if (suite_.tasks.empty()) return fail(ErrorCode::invalid, file + ": no task in it");
    suite_.hash = to_hex(hash64(content + dump_json(defaults_) + hashed_));
    return {};
  }

 private:
  Suite& suite_;
  const Json& defaults_;
  std::set<std::string> ids_;
  std::set<std::string> sources_;  // corpora and workspaces
  std::string hashed_;
};

Result<void> read_own(const std::string& file, const Json& defaults, Suite& suite) {
  auto text = read_text_file(file, std::size_t{1} << 30);
  if (!text) return std::unexpected(text.error());
  Collector collector(suite, defaults);
  auto read = each_json_line(*text, file + ":",
                             [&collector](const Json& json, int) { return collector.add(json); });
  if (!read) return read;
  return collector.finish(file, *text);
}

bool has_solution(const Task& task) {
  const auto metadata = task.metadata.empty() ? Json() : parse_json(task.metadata).value_or(Json());
  return metadata.is_object() && (metadata.contains("solution") || metadata.contains("patch"));
}

Result<void> take_foreign(const std::string& file, ForeignSuite foreign, const Header& header,
                          Suite& suite) {
  Collector collector(suite, header.defaults);
  bool solved = true;
  for (const Task& task : foreign.tasks) {
    solved = solved && (task.score.empty() || has_solution(task));
    if (auto added = collector.add(to_json(task)); !added) {
      return fail(ErrorCode::invalid, fmt::format("{}: {}", file, added.error().message));
    }
  }
  suite.format = foreign.format;
  // Their tasks bring what proves them.
  if (suite.oracle.empty() && solved) suite.oracle = kSolutionOracle;
  suite.null_check = header.null_check.value_or(true);
  return collector.finish(file, foreign.content);
}

// Our own form: a task has an id and a prompt, which no foreign form has both.
bool is_own(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  while (std::getline(stream, line) && line.find_first_not_of(" \t\r") == std::string::npos) {
  }
  const auto first = parse_json(line);
  return first && first->is_object() && first->contains("id") && first->contains("prompt");
}

Result<void> read_tasks(const std::string& tasks, const Header& header, Suite& suite) {
  std::error_code ignored;
  const bool folder = fs::is_directory(tasks, ignored);
  if (!suite.format.empty() || folder || !is_own(tasks)) {
    auto foreign = read_foreign(tasks, suite.format, header.reader);
    if (!foreign) return std::unexpected(foreign.error());
    if (*foreign) return take_foreign(tasks, std::move(**foreign), header, suite);
  }
  if (folder) {
    return fail(ErrorCode::invalid, tasks +
                                        ": expected the files suite.toml and tasks.jsonl in "
                                        "this folder, or a benchmark that has a reader");
  }
  if (!header.reader.empty()) {
    return fail(ErrorCode::invalid, tasks +
                                        ": is no file of a benchmark that has a reader, so the "
                                        "table [reader] has no meaning; name its format");
  }
  suite.null_check = header.null_check.value_or(false);
  return read_own(tasks, header.defaults, suite);
}

}  // namespace

Result<Suite> read_suite(const std::string& path, const std::string& format) {
  Suite suite;
  Header header;
  std::error_code error;
  fs::path given = fs::absolute(path, error).lexically_normal();
  if (!given.has_filename()) given = given.parent_path();
  std::string tasks = given.string();
  if (fs::is_directory(given, error)) {
    suite.folder = given.string();
    suite.name = given.filename().string();
    const std::string toml = (given / "suite.toml").string();
    if (fs::exists(toml)) {
      if (auto read = read_header(toml, suite, header); !read) {
        return std::unexpected(read.error());
      }
    }
    const fs::path own = given / (header.tasks.empty() ? "tasks.jsonl" : header.tasks);
    if (fs::exists(own, error)) {
      tasks = own.lexically_normal().string();
    } else if (!header.tasks.empty()) {
      return fail(ErrorCode::invalid,
                  fmt::format("{}: \"tasks\": there is no {}", toml, own.string()));
    }
  } else if (fs::exists(given, error)) {
    suite.folder = given.parent_path().string();
    suite.name = given.stem().string();
  } else {
    return fail(ErrorCode::invalid, fmt::format("{}: no such suite; expected a folder with "
                                                "tasks.jsonl, or a .jsonl file",
                                                path));
  }
  if (!format.empty()) suite.format = format;
  if (auto read = read_tasks(tasks, header, suite); !read) return std::unexpected(read.error());
  return suite;
}

}  // namespace pareto
