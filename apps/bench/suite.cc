#include "apps/bench/suite.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"
#include "agent/text/nearest_name.h"
#include "apps/bench/scorer.h"
#include "apps/system/settings.h"
#include "apps/system/task_file.h"
#include "tools/digest.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSuiteKeys{"name", "version", "licence", "source", "oracle", "null"};

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

Result<void> read_key(const Setting& setting, Suite& suite) {
  const Json& value = setting.value;
  if (setting.path == "null" && value.is_boolean()) {
    suite.null_check = value.get<bool>();
    return {};
  }
  if (setting.path == "version" && value.is_number()) {
    suite.version = dump_json(value);
    return {};
  }
  const std::map<std::string_view, std::string*> texts{{"name", &suite.name},
                                                       {"version", &suite.version},
                                                       {"licence", &suite.licence},
                                                       {"source", &suite.source},
                                                       {"oracle", &suite.oracle}};
  const auto text = texts.find(setting.path);
  if (text == texts.end() || !value.is_string()) return wrong_key(setting);
  *text->second = value.get<std::string>();
  return {};
}

Result<void> read_header(const std::string& file, Suite& suite, Json& defaults) {
  auto text = read_text_file(file);
  if (!text) return std::unexpected(text.error());
  auto settings = settings_from_toml(*text, file);
  if (!settings) return std::unexpected(settings.error());
  for (const Setting& setting : *settings) {
    if (setting.keys.size() > 1 && setting.keys.front() == "defaults") {
      // Not by the dotted path: names of files have dots of their own.
      Json* at = &defaults;
      for (const std::string& key : std::span(setting.keys).subspan(1)) at = &(*at)[key];
      *at = setting.value;
    } else if (auto read = read_key(setting, suite); !read) {
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
  if (!task.workspace.empty() && !fs::is_directory(task.workspace)) {
    return fail(ErrorCode::invalid, fmt::format("workspace {} does not exist", task.workspace));
  }
  return check_score(task.score);
}

Result<void> read_tasks(const std::string& file, const Json& defaults, Suite& suite) {
  auto text = read_text_file(file, std::size_t{1} << 30);
  if (!text) return std::unexpected(text.error());
  std::istringstream lines(*text);
  std::set<std::string> ids;
  std::set<std::string> sources;  // corpora and workspaces
  std::string hashed = *text + dump_json(defaults);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto wrong = [&](const std::string& why) {
      return fail(ErrorCode::invalid, fmt::format("{}:{}: {}", file, number, why));
    };
    auto json = parse_json(line);
    if (!json) return wrong(json.error().message);
    auto task = task_from_json(merged(defaults, *json), suite.folder);
    if (!task) return wrong(task.error().message);
    if (!ids.insert(task->id).second) {
      return wrong(fmt::format("the id \"{}\" was used before", task->id));
    }
    if (auto good = check_task(*task); !good) {
      return wrong(fmt::format("task \"{}\": {}", task->id, good.error().message));
    }
    if (!task->corpus.empty() && sources.insert(task->corpus).second) {
      auto digest = sha256_file(task->corpus);
      if (!digest) return wrong(digest.error().message);
      hashed += "\n" + *digest;
    }
    if (!task->workspace.empty() && sources.insert(task->workspace).second) {
      auto digest = digest_folder(task->workspace);
      if (!digest) return wrong(digest.error().message);
      hashed += "\n" + *digest;
    }
    suite.tasks.push_back(std::move(*task));
  }
  if (suite.tasks.empty()) return fail(ErrorCode::invalid, file + ": no task in it");
  suite.hash = to_hex(hash64(hashed));
  return {};
}

}  // namespace

Result<Suite> read_suite(const std::string& path) {
  Suite suite;
  Json defaults = Json::object();
  std::error_code error;
  fs::path given = fs::absolute(path, error).lexically_normal();
  if (!given.has_filename()) given = given.parent_path();
  std::string tasks = given.string();
  if (fs::is_directory(given, error)) {
    suite.folder = given.string();
    suite.name = given.filename().string();
    tasks = (given / "tasks.jsonl").string();
    const std::string header = (given / "suite.toml").string();
    if (!fs::exists(tasks)) {
      return fail(ErrorCode::invalid, fmt::format("{}: expected the files suite.toml and "
                                                  "tasks.jsonl in this folder",
                                                  path));
    }
    if (fs::exists(header)) {
      if (auto read = read_header(header, suite, defaults); !read) {
        return std::unexpected(read.error());
      }
    }
  } else if (fs::exists(given, error)) {
    suite.folder = given.parent_path().string();
    suite.name = given.stem().string();
  } else {
    return fail(ErrorCode::invalid, fmt::format("{}: no such suite; expected a folder with "
                                                "tasks.jsonl, or a .jsonl file",
                                                path));
  }
  if (auto read = read_tasks(tasks, defaults, suite); !read) return std::unexpected(read.error());
  return suite;
}

}  // namespace pareto
