#include "agent/runner/question.h"

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"

namespace pareto {

Recall recall_of_tools(std::span<const ToolSpec> specs) {
  Recall recall;
  std::size_t bytes = 0;
  for (const ToolSpec& spec : specs) {
    recall.tools.push_back(spec.name);
    if (spec.reach == Reach::outside) recall.outside_tools.push_back(spec.name);
    bytes += spec.name.size() + spec.description.size() + spec.summary.size();
    if (spec.parameters) bytes += dump_json(*spec.parameters).size();
  }
  recall.tool_spec_bytes = static_cast<std::int64_t>(bytes);
  return recall;
}

Router::Question question_of(const Started& started, const Recall& recall,
                             std::span<const ModelInfo> models) {
  Router::Question question{
      .task = started.task, .recall = recall, .models = models, .limits = started.limits};
  if (const auto mode = parse_mode(started.asked_mode)) question.mode = *mode;
  if (!started.asked_model.empty()) question.model = started.asked_model;
  if (const auto effort = parse_effort(started.asked_effort)) question.effort = *effort;
  return question;
}

}  // namespace pareto
