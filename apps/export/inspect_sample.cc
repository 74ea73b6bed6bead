#include "apps/export/inspect_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/text/hashing.h"
#include "tools/output.h"

namespace pareto::exporting {
namespace {

// Longer texts are cut in summaries, as Inspect does.
constexpr std::size_t kSummaryText = 1'000;
// Of our results there is one score a sample.
constexpr const char* kScore = "score";

const char* stop_reason_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::length:
      return "max_tokens";
    case FinishReason::refusal:
      return "content_filter";
    case FinishReason::unknown:
      break;
  }
  return "unknown";
}

// A ToolCallError's type; null where the call did well.
const char* tool_error_of(ResultStatus status) {
  switch (status) {
    case ResultStatus::ok:
      return nullptr;
    case ResultStatus::invalid_call:
      return "parsing";
    case ResultStatus::timed_out:
      return "timeout";
    case ResultStatus::denied:
      return "approval";
    case ResultStatus::cancelled:
    case ResultStatus::interrupted:
      return "cancelled";
    case ResultStatus::error:
      break;
  }
  return "unknown";
}

Json tool_calls_json(const std::vector<ToolCall>& calls) {
  Json json = Json::array();
  for (const ToolCall& call : calls) {
    auto arguments = arguments_of(call);
    Json each{{"id", call.id},
              {"function", call.name},
              {"arguments", arguments ? *arguments : Json::object()},
              {"type", "function"}};
    if (!arguments) each["parse_error"] = "not a JSON object: " + call.arguments;
    json.push_back(std::move(each));
  }
  return json;
}

// Writes the conversation of a run as Inspect's chat messages.
class Conversation {
 public:
  explicit Conversation(const RunTurns& turns) : run_(turns.run.id().value) {
    for (const Happening& happening : turns.happenings) {
      std::visit([this](const auto& each) { write(each); }, happening);
    }
  }

  Json messages() && { return std::move(messages_); }
  // The last reply, as a message and why it stopped; null without one.
  const Json& last_reply() const { return last_reply_; }
  const char* stop_reason() const { return stop_reason_; }

 private:
  Json& add(std::int64_t seq, const Message& message) {
    Json json{{"id", inspect_id(fmt::format("{}/{}/{}", run_, seq, messages_.size()))}};
    if (message.reasoning.empty()) {
      json["content"] = message.text;
    } else {
      json["content"] = Json::array({{{"type", "reasoning"}, {"reasoning", message.reasoning}},
                                     {{"type", "text"}, {"text", message.text}}});
    }
    json["role"] = to_string(message.role);
    if (!message.tool_calls.empty()) json["tool_calls"] = tool_calls_json(message.tool_calls);
    messages_.push_back(std::move(json));
    return messages_.back();
  }

  void add_results(const std::vector<ToolUse>& tools) {
    for (const ToolUse& use : tools) {
      if (!use.result) continue;
      Json& json = add(use.seq, {.role = Role::tool, .text = use.result->text});
      json["tool_call_id"] = use.call.id;
      json["function"] = use.call.name;
      if (const char* type = tool_error_of(use.result->status)) {
        json["error"] = {{"type", type}, {"message", use.result->text}};
      }
    }
  }

  void write(const Prompt& p) {
    Json& json = add(p.seq, p.message);
    if (p.message.role == Role::user || p.message.role == Role::system) json["source"] = "input";
    json["metadata"] = {{"by", p.by}};
  }

  void write(const ModelTurn& p) {
    if (!p.reply || !p.reply->message) return;
    Json& json = add(p.seq, *p.reply->message);
    json["source"] = "generate";
    json["model"] = p.request.model;
    Json metadata = Json::object();
    if (p.request.role != Spender::agent) metadata["role"] = to_string(p.request.role);
    if (p.request.wrap_up) metadata["wrap_up"] = true;
    if (!p.request.tail.empty()) metadata["reminder"] = p.request.tail;
    if (!metadata.empty()) json["metadata"] = std::move(metadata);
    last_reply_ = json;
    stop_reason_ = stop_reason_of(p.reply->finish_reason);
    add_results(p.tools);
  }

  void write(const PlannerStep& p) {
    Message message{.role = Role::assistant};
    for (const ToolUse& use : p.tools) message.tool_calls.push_back(use.call);
    add(p.seq, message)["metadata"] = {{"by", "planner"}};
    add_results(p.tools);
  }

  void write(const Compaction& p) {
    add(p.seq, p.what.summary)["metadata"] = {
        {"by", "compaction"}, {"replaces_first", p.what.first}, {"replaces_last", p.what.last - 1}};
  }

  void write(const CheckRun&) {}
  void write(const Remark&) {}

  std::string run_;
  Json messages_ = Json::array();
  Json last_reply_;
  const char* stop_reason_ = "unknown";
};

// The type of an EvalSampleLimit for what stopped a run, with its value; null for another reason.
Json limit_json(const std::string& reason, const RunTurns* turns) {
  const Limits limits = turns == nullptr ? Limits{} : turns->run->limits;
  if (reason == to_string(Reason::turns)) {
    return {{"type", "turn"}, {"limit", static_cast<double>(limits.turns.value_or(0))}};
  }
  if (reason == to_string(Reason::usd)) {
    return {{"type", "cost"}, {"limit", usd(limits.usd.value_or(Money()))}};
  }
  if (reason == to_string(Reason::seconds)) {
    return {{"type", "time"}, {"limit", seconds(limits.seconds.value_or(Milliseconds(0)))}};
  }
  if (reason == to_string(Reason::context)) return {{"type", "context"}, {"limit", 0.0}};
  if (reason == to_string(Reason::loop)) return {{"type", "custom"}, {"limit", 0.0}};
  return {};
}

std::string answer_of(const RunTurns* turns) {
  return turns != nullptr && turns->run->outcome ? turns->run->outcome->answer : "";
}

Json metadata_json(const reporting::ReportRow& row) {
  const offline::Observation& seen = row.observation;
  Json json{{"status", row.status}, {"reason", row.reason}};
  if (!seen.task_class.empty()) json["class"] = seen.task_class;
  if (!row.mode_used.empty()) json["mode_used"] = row.mode_used;
  json["seed"] = row.seed;
  if (!row.run.empty()) json["run"] = row.run;
  if (seen.list_cost) json["cost_usd"] = seen.list_cost->to_string();
  json["cost_estimated"] = row.cost_estimated;
  return json;
}

Json score_json(double score, const std::string& answer, const std::string& reason) {
  Json json{{"value", score}};
  if (!answer.empty()) json["answer"] = answer;
  if (!reason.empty()) json["explanation"] = reason;
  return {{kScore, std::move(json)}};
}

Json output_json(const Conversation* conversation, const reporting::ReportRow& row,
                 const std::string& answer, const Spending& spending) {
  Json json{{"model", row.observation.arm.model}};
  Json choices = Json::array();
  if (conversation != nullptr && !conversation->last_reply().is_null()) {
    json["model"] = conversation->last_reply()["model"];
    choices.push_back(
        {{"message", conversation->last_reply()}, {"stop_reason", conversation->stop_reason()}});
  }
  json["choices"] = std::move(choices);
  json["completion"] = answer;
  ModelSpending total;
  for (const auto& [model, each] : spending) total += each;
  Json usage = to_json(Spending{{"all", total}});
  json["usage"] = std::move(usage["all"]);
  json["time"] = row.observation.seconds;
  return json;
}

// What lists show of a sample, with long texts cut.
Json summary_of(const Json& sample) {
  Json summary = Json::object();
  for (const char* key : {"id", "epoch", "input", "target", "metadata", "scores", "model_usage",
                          "started_at", "completed_at", "total_time", "working_time", "uuid"}) {
    if (sample.contains(key)) summary[key] = sample[key];
  }
  const auto thin = [](Json& text) {
    text = std::string(utf8_prefix(text.get_ref<const std::string&>(), kSummaryText));
  };
  thin(summary["input"]);
  if (summary.contains("scores") && summary["scores"][kScore].contains("answer")) {
    thin(summary["scores"][kScore]["answer"]);
  }
  if (sample.contains("error")) {
    summary["error"] = sample["error"]["message"];
    thin(summary["error"]);
  }
  if (sample.contains("limit")) summary["limit"] = sample["limit"]["type"];
  summary["completed"] = true;
  summary["message_count"] = sample["messages"].size();
  summary["turn_count"] = sample["turn_count"];
  return summary;
}

}  // namespace

ModelSpending& ModelSpending::operator+=(const ModelSpending& other) {
  usage += other.usage;
  cost = cost && other.cost ? std::optional(*cost + *other.cost) : std::nullopt;
  return *this;
}

std::string inspect_id(const std::string& text) {
  return fmt::format("{:016x}{:016x}", hash64(text, 1), hash64(text, 2)).substr(0, 22);
}

Spending spending_of(const reporting::ReportRow& row, const RunTurns* turns) {
  Spending spending;
  if (turns != nullptr) {
    for (const Happening& happening : turns->happenings) {
      const auto* turn = std::get_if<ModelTurn>(&happening);
      if (turn == nullptr || !turn->reply) continue;
      const auto cost = turn->request.priced ? std::optional(turn->reply->settled) : std::nullopt;
      spending[turn->request.model] += {turn->reply->usage.value_or(Usage{}), cost};
    }
  }
  if (!spending.empty()) return spending;
  const offline::Observation& seen = row.observation;
  const Usage usage{.prompt_tokens = seen.prompt_tokens,
                    .cached_prompt_tokens = seen.cached_tokens,
                    .completion_tokens = seen.completion_tokens};
  if (usage == Usage{} && seen.list_cost == Money()) return spending;
  spending[seen.arm.model] = {usage, seen.list_cost};
  return spending;
}

Json to_json(const Spending& spending) {
  Json json = Json::object();
  for (const auto& [model, each] : spending) {
    const Usage& usage = each.usage;
    Json entry{{"input_tokens",
                std::max<std::int64_t>(0, usage.prompt_tokens - usage.cached_prompt_tokens -
                                              usage.cache_write_tokens)},
               {"output_tokens", usage.completion_tokens},
               {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
               {"input_tokens_cache_write", usage.cache_write_tokens},
               {"input_tokens_cache_read", usage.cached_prompt_tokens},
               {"reasoning_tokens", usage.reasoning_tokens}};
    if (each.cost) entry["total_cost"] = usd(*each.cost);
    json[model] = std::move(entry);
  }
  return json;
}

InspectSample inspect_sample(const reporting::ReportRow& row, const RunTurns* turns) {
  const offline::Observation& seen = row.observation;
  const bool failed = seen.ending == offline::Ending::infrastructure_error;
  InspectSample result{.id = seen.task,
                       .epoch = seen.repeat + 1,
                       .spending = spending_of(row, turns),
                       .score = failed ? std::nullopt : seen.score};
  const std::string answer = answer_of(turns);
  Json& sample = result.sample;
  sample = {{"id", seen.task}, {"epoch", result.epoch}};
  sample["input"] = turns == nullptr ? "" : turns->run.task().prompt;
  sample["target"] = "";
  std::optional<Conversation> conversation;
  if (turns != nullptr) conversation.emplace(*turns);
  Json output = output_json(conversation ? &*conversation : nullptr, row, answer, result.spending);
  sample["messages"] = conversation ? std::move(*conversation).messages() : Json::array();
  sample["output"] = std::move(output);
  if (result.score) sample["scores"] = score_json(*result.score, answer, row.reason);
  sample["metadata"] = metadata_json(row);
  sample["store"] = Json::object();
  if (turns != nullptr && turns->run->outcome && !turns->run->outcome->diff.empty()) {
    sample["store"]["diff"] = turns->run->outcome->diff;
  }
  sample["events"] = Json::array();
  sample["model_usage"] = to_json(result.spending);
  if (turns != nullptr) {
    result.begun_at = turns->begun_at;
    result.ended_at = turns->run->last_at;
    sample["started_at"] = iso_time(*result.begun_at);
    sample["completed_at"] = iso_time(*result.ended_at);
    sample["total_time"] = seconds(*result.ended_at - *result.begun_at);
  }
  sample["working_time"] = seen.seconds;
  sample["uuid"] =
      inspect_id(fmt::format("{}/{}/{}/{}", row.run, seen.task, seen.arm.name(), seen.repeat));
  if (failed) {
    sample["error"] = {{"message", row.error.empty() ? row.reason : row.error},
                       {"traceback", ""},
                       {"traceback_ansi", ""}};
  }
  Json limit = row.status == to_string(Status::limit) ? limit_json(row.reason, turns) : Json();
  if (!limit.is_null()) sample["limit"] = std::move(limit);
  sample["turn_count"] = seen.turns;
  result.summary = summary_of(sample);
  return result;
}

}  // namespace pareto::exporting
