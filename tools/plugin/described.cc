#include "tools/plugin/described.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "tools/output.h"
#include "tools/workspace/folder.h"

namespace pareto {
namespace {

constexpr std::size_t kMaxPaths = 100;
constexpr std::int64_t kMaxSeconds = 3'600;
constexpr std::int64_t kDefaultSeconds = 60;

Result<Json> read_object(std::string_view text) {
  if (text.size() > kMaxPluginBytes) {
    return fail(ErrorCode::protocol,
                fmt::format("expected at most {} bytes; found {}", kMaxPluginBytes, text.size()));
  }
  auto json = parse_json(text);
  if (json && json->is_object()) return json;
  return fail(ErrorCode::protocol, fmt::format("expected a JSON object; found {}",
                                               one_line(to_valid_utf8(text.substr(0, 100)), 100)));
}

Result<ToolSpec> read_spec(const Json& json) {
  JsonFields fields(json, "tool");
  fields.only({"name", "description", "summary", "parameters", "replay", "reach", "seconds"});
  ToolSpec spec;
  spec.name = fields.text("name");
  spec.description = fields.text_or("description", "");
  spec.summary = fields.text_or("summary", one_line(spec.description, 80));
  if (const Json* parameters = fields.need("parameters")) {
    spec.parameters = std::make_shared<const Json>(*parameters);
  }
  const std::string replay = fields.text_or("replay", "once");
  if (replay != "once" && replay != "idempotent") {
    fields.add_error("replay", "expected \"once\" or \"idempotent\"");
  }
  spec.replay = replay == "once" ? Replay::once : Replay::idempotent;
  const std::string reach = fields.text_or("reach", "workspace");
  if (reach != "workspace" && reach != "outside") {
    fields.add_error("reach", "expected \"workspace\" or \"outside\"");
  }
  spec.reach = reach == "workspace" ? Reach::workspace : Reach::outside;
  const std::int64_t seconds = fields.integer_or("seconds", kDefaultSeconds);
  if (seconds < 1 || seconds > kMaxSeconds) {
    fields.add_error("seconds", fmt::format("expected 1 to {}", kMaxSeconds));
  }
  spec.timeout = Milliseconds(seconds * 1000);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return spec;
}

}  // namespace

Result<std::vector<ToolSpec>> read_described(std::string_view text) {
  auto json = read_object(text);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, "description");
  fields.need("tools");
  auto specs = fields.list<ToolSpec>("tools", read_spec);
  if (auto read = fields.done(); !read) return fail(ErrorCode::protocol, read.error().message);
  if (specs.empty() || specs.size() > kMaxPluginTools) {
    return fail(ErrorCode::protocol,
                fmt::format("expected 1 to {} tools; found {}", kMaxPluginTools, specs.size()));
  }
  return specs;
}

Result<ToolResult> read_reply(std::string_view text) {
  auto json = read_object(text);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, "reply");
  ToolResult result;
  result.text = fields.text("text");
  const std::string status = fields.text_or("status", "ok");
  if (status == "error") {
    result.status = ResultStatus::error;
  } else if (status == "invalid_call") {
    result.status = ResultStatus::invalid_call;
  } else if (status != "ok") {
    fields.add_error("status", "expected \"ok\", \"error\" or \"invalid_call\"");
  }
  result.changed_workspace = fields.flag_or("changed_workspace", false);
  for (const std::string& path : fields.texts("paths")) {
    auto normal = Folder::normal(path);
    if (normal && result.paths.size() < kMaxPaths) result.paths.push_back(to_valid_utf8(*normal));
  }
  if (auto read = fields.done(); !read) return fail(ErrorCode::protocol, read.error().message);
  return result;
}

}  // namespace pareto
