#include "agent/core/tool.h"

#include "agent/core/json_fields.h"
#include "agent/core/names.h"

namespace pareto {
namespace {

constexpr NameTable<ResultStatus, 7> kStatuses{{{ResultStatus::ok, "ok"},
                                                {ResultStatus::error, "error"},
                                                {ResultStatus::invalid_call, "invalid_call"},
                                                {ResultStatus::interrupted, "interrupted"},
                                                {ResultStatus::denied, "denied"},
                                                {ResultStatus::cancelled, "cancelled"},
                                                {ResultStatus::timed_out, "timed_out"}}};

}  // namespace

const char* to_string(ResultStatus status) { return name_in(kStatuses, status); }
Result<ResultStatus> parse_result_status(std::string_view text) {
  return value_in(kStatuses, text, "tool result status");
}

Json to_json(const ToolResult& result) {
  Json json = {
      {"call_id", result.call_id}, {"status", to_string(result.status)}, {"text", result.text}};
  if (result.changed_workspace) json["changed_workspace"] = true;
  if (!result.paths.empty()) json["paths"] = result.paths;
  return json;
}

Result<ToolResult> tool_result_from_json(const Json& json) {
  JsonFields fields(json, "tool result");
  ToolResult result;
  result.call_id = fields.text("call_id");
  result.status = fields.keep<ResultStatus>("status", parse_result_status(fields.text("status")));
  result.text = fields.text("text");
  result.changed_workspace = fields.flag_or("changed_workspace", false);
  result.paths = fields.texts("paths");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return result;
}

}  // namespace pareto
