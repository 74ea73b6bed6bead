#include "apps/bench/entities.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"

namespace pareto {
namespace {

constexpr std::string_view kOpenTool = "open";

// Id and title of "[id] title\ntext", which is how `open` shows a passage.
void note_passage(std::string_view shown, std::set<std::string, std::less<>>& seen) {
  const std::string_view line = shown.substr(0, shown.find('\n'));
  const std::size_t end = line.find("] ");
  if (!line.starts_with('[') || end == std::string_view::npos) return;
  seen.emplace(line.substr(1, end - 1));
  seen.emplace(line.substr(end + 2));
}

}  // namespace

std::vector<std::string> required_entities(const Task& task) {
  const Json metadata =
      task.metadata.empty() ? Json::object() : parse_json(task.metadata).value_or(Json::object());
  return JsonFields(metadata, "metadata").texts("required");
}

EntityTrace trace_entities(std::vector<std::string> required, std::span<const Event> events) {
  EntityTrace trace{.required = std::move(required)};
  std::set<std::string> opening;  // ids of calls under way
  std::set<std::string, std::less<>> seen;
  for (const Event& event : events) {
    if (const auto* begun = std::get_if<StepBegun>(&event.payload)) {
      opening.clear();
      if (begun->from_planner) continue;
      for (const ToolCall& call : begun->calls) {
        trace.actions += call.name == kFinishTool ? 0 : 1;
        if (call.name == kOpenTool) opening.insert(call.id);
      }
    } else if (const auto* ended = std::get_if<StepEnded>(&event.payload)) {
      const ToolResult& result = ended->result;
      if (result.status == ResultStatus::ok && opening.contains(result.call_id)) {
        note_passage(result.text, seen);
      }
    }
  }
  std::ranges::copy_if(trace.required, std::back_inserter(trace.obtained),
                       [&seen](const std::string& entity) { return seen.contains(entity); });
  return trace;
}

void add_entities(Json& row, const Task& task, const RunId& run, Journal& journal) {
  std::vector<std::string> required = required_entities(task);
  if (required.empty()) return;
  const auto events = journal.load(run);
  if (!events) return;
  const EntityTrace trace = trace_entities(std::move(required), *events);
  row["entities"] =
      Json{{"required", trace.required}, {"obtained", trace.obtained}, {"actions", trace.actions}};
}

}  // namespace pareto
