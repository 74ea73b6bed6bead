#include "agent/core/task.h"

#include <cmath>
#include <filesystem>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"

namespace pareto {
namespace {

// A path that stays below the workspace: relative, without "..".
bool stays_inside(const std::string& path) {
  const std::filesystem::path p(path);
  if (path.empty() || p.is_absolute() || path.contains('\0')) return false;
  for (const auto& part : p) {
    if (part == "..") return false;
  }
  return true;
}

void read_files(JsonFields& fields, Task& task) {
  const Json* files = fields.find("files");
  if (files == nullptr) return;
  if (!files->is_object()) {
    fields.add_error("files", "expected an object of path to text");
    return;
  }
  for (const auto& [path, text] : files->items()) {
    if (!stays_inside(path)) {
      fields.add_error("files", "\"" + path + "\" is not a relative path inside the workspace");
    } else if (!text.is_string()) {
      fields.add_error("files", "the text of \"" + path + "\" is not a string");
    } else {
      task.files[path] = text.get<std::string>();
    }
  }
}

Result<CheckCommand> check_from_json(const Json& json) {
  JsonFields fields(json, "verify");
  fields.only({"command", "seconds"});
  CheckCommand check;
  check.command = fields.text("command");
  const double seconds = fields.number_or("seconds", 10);
  if (!(seconds > 0) || seconds > 86'400) fields.add_error("seconds", "must be above 0");
  check.timeout = Milliseconds(std::isfinite(seconds) ? std::llround(seconds * 1000) : 0);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return check;
}

std::string absolute(const std::string& path, const std::string& base) {
  if (path.empty()) return path;
  return (std::filesystem::path(base) / path).lexically_normal().string();
}

// A folder, or a commit of a repository: "git+PATH@COMMIT" or "git+file:///PATH@COMMIT".
std::string absolute_workspace(const std::string& workspace, const std::string& base) {
  constexpr std::string_view kGit = "git+";
  if (!workspace.starts_with(kGit)) return absolute(workspace, base);
  const std::string path = workspace.substr(kGit.size());
  return std::string(kGit) + (path.contains("://") ? path : absolute(path, base));
}

}  // namespace

Result<Task> task_from_json(const Json& json, const std::string& base) {
  JsonFields fields(json, "task");
  fields.only({"id", "class", "prompt", "files", "workspace", "corpus", "tools", "verify", "score",
               "limits", "sensitive", "metadata"});
  Task task;
  task.id = fields.text("id");
  task.prompt = fields.text("prompt");
  if (fields.find("id") != nullptr && task.id.empty()) fields.add_error("id", "must not be empty");
  if (fields.find("prompt") != nullptr && task.prompt.empty()) {
    fields.add_error("prompt", "must not be empty");
  }
  task.label = fields.text_or("class", "");
  read_files(fields, task);
  task.workspace = absolute_workspace(fields.text_or("workspace", ""), base);
  task.corpus = absolute(fields.text_or("corpus", ""), base);
  task.tools = fields.texts("tools");
  if (fields.find("verify") != nullptr) {
    task.verify = fields.nested<CheckCommand>("verify", check_from_json);
  }
  if (const Json* score = fields.find("score")) task.score = dump_json(*score);
  if (fields.find("limits") != nullptr) {
    task.limits = fields.nested<Limits>("limits", limits_from_json);
  }
  task.sensitive = fields.flag_or("sensitive", false);
  if (const Json* metadata = fields.find("metadata")) task.metadata = dump_json(*metadata);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return task;
}

Json to_json(const Task& task) {
  Json json = {{"id", task.id}, {"prompt", task.prompt}};
  if (!task.label.empty()) json["class"] = task.label;
  if (!task.files.empty()) json["files"] = task.files;
  if (!task.workspace.empty()) json["workspace"] = task.workspace;
  if (!task.corpus.empty()) json["corpus"] = task.corpus;
  if (!task.tools.empty()) json["tools"] = task.tools;
  if (task.verify) {
    json["verify"] = {{"command", task.verify->command},
                      {"seconds", static_cast<double>(task.verify->timeout.count()) / 1000}};
  }
  if (!task.score.empty()) json["score"] = parse_json(task.score).value_or(Json());
  if (task.limits != Limits{}) json["limits"] = to_json(task.limits);
  if (task.sensitive) json["sensitive"] = true;
  if (!task.metadata.empty()) json["metadata"] = parse_json(task.metadata).value_or(Json());
  return json;
}

}  // namespace pareto
