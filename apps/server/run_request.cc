#include "apps/server/run_request.h"

#include <fmt/format.h>

#include <filesystem>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"

namespace pareto {
namespace {

// JSON readers of other languages keep 53 bits.
constexpr std::int64_t kMostSeed = (std::int64_t{1} << 53) - 1;

// Paths of a client mean nothing relative to the server's folder.
Result<Task> read_task(const Json& json) {
  for (const char* key : {"workspace", "corpus"}) {
    const auto path = json.is_object() ? json.find(key) : json.end();
    if (path == json.end() || !path->is_string()) continue;
    const auto text = path->get<std::string>();
    if (!text.empty() && !std::filesystem::path(text).is_absolute()) {
      return fail(ErrorCode::invalid, fmt::format("\"{}\" must be an absolute path", key));
    }
  }
  auto task = task_from_json(json, "/");
  if (task && !task->workspace.empty() && !std::filesystem::is_directory(task->workspace)) {
    return fail(ErrorCode::invalid, fmt::format("workspace {} does not exist", task->workspace));
  }
  if (task && !task->corpus.empty() && !std::filesystem::is_regular_file(task->corpus)) {
    return fail(ErrorCode::invalid, fmt::format("corpus {} does not exist", task->corpus));
  }
  return task;
}

}  // namespace

Result<Started> run_request(const std::string& body, System& system) {
  auto json = parse_json(body);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, "run");
  fields.only({"task", "prompt", "mode", "model", "effort", "limits", "seed"});
  const std::int64_t seed =
      fields.integer_or("seed", static_cast<std::int64_t>(system.random().next() & kMostSeed));
  if (seed < 0 || seed > kMostSeed) fields.add_error("seed", "must be from 0 to 2^53 - 1");
  Started started{.asked_mode = fields.text_or("mode", "auto"),
                  .asked_model = fields.text_or("model", ""),
                  .asked_effort = fields.text_or("effort", ""),
                  .seed = static_cast<std::uint64_t>(seed),
                  .origin = "serve",
                  .config_hash = config_hash(system.config()),
                  .disabled_concerns = system.config().disabled_concerns};
  if ((fields.find("task") == nullptr) == (fields.find("prompt") == nullptr)) {
    fields.add_error("task", "give either a task or a prompt");
  } else if (fields.find("task") != nullptr) {
    started.task = fields.nested<Task>("task", read_task);
  } else {
    started.task = Task{.id = "prompt", .prompt = fields.text("prompt")};
    if (started.task.prompt.empty()) fields.add_error("prompt", "must not be empty");
  }
  if (started.asked_mode != "auto") fields.keep<Mode>("mode", parse_mode(started.asked_mode));
  if (!started.asked_effort.empty()) {
    fields.keep<Effort>("effort", parse_effort(started.asked_effort));
  }
  if (!started.asked_model.empty()) {
    if (auto model = find_model(system.config(), started.asked_model); !model) {
      fields.add_error("model", model.error().message);
    }
  }
  Limits limits;
  if (fields.find("limits") != nullptr) limits = fields.nested<Limits>("limits", limits_from_json);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  if (auto specs = system.tools().specs(started.task); !specs) {
    return std::unexpected(specs.error());
  }
  started.limits = tightest(tightest(started.task.limits, limits), system.config().limits);
  return started;
}

}  // namespace pareto
