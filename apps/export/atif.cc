#include "apps/export/atif.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace pareto::exporting {
namespace {

const char* source_of(Role role) {
  switch (role) {
    case Role::user:
      return "user";
    case Role::assistant:
      return "agent";
    case Role::system:
    case Role::tool:
      break;
  }
  return "system";
}

Json tool_call_json(const ToolCall& call) {
  auto arguments = arguments_of(call);
  Json json{{"tool_call_id", call.id},
            {"function_name", call.name},
            {"arguments", arguments ? *arguments : Json::object()}};
  if (!arguments) json["extra"] = {{"invalid_arguments", call.arguments}};
  return json;
}

// Adds the calls, and the results of those that have one.
void add_tools(Json& step, const std::vector<ToolUse>& tools) {
  if (tools.empty()) return;
  Json results = Json::array();
  for (const ToolUse& use : tools) {
    step["tool_calls"].push_back(tool_call_json(use.call));
    if (!use.result) continue;
    results.push_back({{"source_call_id", use.call.id},
                       {"content", use.result->text},
                       {"extra",
                        {{"status", to_string(use.result->status)},
                         {"seconds", seconds(use.ended_at - use.begun_at)}}}});
  }
  if (!results.empty()) step["observation"] = {{"results", std::move(results)}};
}

// What no tool call asked for.
Json observation_of(const std::string& text) {
  Json result{{"content", text}};
  return {{"results", Json::array({std::move(result)})}};
}

Json metrics_json(const CallBegun& request, const CallEnded& reply) {
  Json json = Json::object();
  Json extra = Json::object();
  if (reply.usage) {
    json["prompt_tokens"] = reply.usage->prompt_tokens;
    json["completion_tokens"] = reply.usage->completion_tokens;
    json["cached_tokens"] = reply.usage->cached_prompt_tokens;
    if (reply.usage->cache_write_tokens > 0) {
      extra["cache_write_tokens"] = reply.usage->cache_write_tokens;
    }
    if (reply.usage->reasoning_tokens > 0) {
      extra["reasoning_tokens"] = reply.usage->reasoning_tokens;
    }
  }
  if (request.priced) json["cost_usd"] = usd(reply.settled);
  if (reply.estimated) extra["cost_estimated"] = true;
  extra["seconds"] = seconds(reply.took);
  json["extra"] = std::move(extra);
  return json;
}

Json turn_extra(const ModelTurn& turn) {
  Json extra = Json::object();
  if (turn.request.role != Spender::agent) extra["role"] = to_string(turn.request.role);
  if (turn.request.wrap_up) extra["wrap_up"] = true;
  if (!turn.request.tail.empty()) extra["reminder"] = turn.request.tail;
  if (!turn.reply) {
    extra["unfinished"] = true;
    return extra;
  }
  extra["finish_reason"] = to_string(turn.reply->finish_reason);
  if (turn.reply->attempts > 1) extra["attempts"] = turn.reply->attempts;
  if (turn.reply->error) {
    extra["error"] = {{"code", to_string(turn.reply->error->code)},
                      {"message", turn.reply->error->message}};
  }
  return extra;
}

class Writer {
 public:
  void write(const Prompt& p) {
    Json& step = add(p.at, source_of(p.message.role), p.message.text);
    if (p.message.role == Role::assistant) step["llm_call_count"] = 0;
    step["extra"] = {{"by", p.by}};
  }

  void write(const ModelTurn& p) {
    const Message* said = p.reply && p.reply->message ? &*p.reply->message : nullptr;
    Json& step = add(p.ended_at, "agent", said == nullptr ? "" : said->text);
    step["model_name"] = p.request.model;
    if (said != nullptr && !said->reasoning.empty()) step["reasoning_content"] = said->reasoning;
    add_tools(step, p.tools);
    if (p.reply) step["metrics"] = metrics_json(p.request, *p.reply);
    step["llm_call_count"] = 1;
    step["extra"] = turn_extra(p);
  }

  void write(const PlannerStep& p) {
    Json& step = add(p.at, "agent", "");
    add_tools(step, p.tools);
    step["llm_call_count"] = 0;
    step["extra"] = {{"by", "planner"}};
  }

  void write(const Compaction& p) {
    Json& step = add(p.at, "system",
                     fmt::format("Messages {} to {} of the history were replaced by one",
                                 p.what.first, p.what.last - 1));
    step["observation"] = observation_of(p.what.summary.text);
    step["extra"] = {{"event", "compacted"},
                     {"first", p.what.first},
                     {"last", p.what.last},
                     {"role", to_string(p.what.summary.role)}};
  }

  void write(const CheckRun& p) {
    if (!p.verdict) return;  // interrupted: it is begun again
    const std::string said = !p.verdict->error.empty() ? p.verdict->error
                             : p.verdict->passed       ? "passed"
                                                       : "failed";
    Json& step = add(p.ended_at, "system", "Verification: " + said);
    step["observation"] = observation_of(p.verdict->output);
    step["extra"] = {{"event", "verified"},
                     {"passed", p.verdict->passed},
                     {"exit_code", p.verdict->exit_code},
                     {"seconds", seconds(p.verdict->took)}};
  }

  void write(const Remark& p) { add(p.at, "system", p.text)["extra"] = {{"event", p.kind}}; }

  void write_task(const RunTurns& turns) { add(turns.begun_at, "user", turns.run.task().prompt); }

  // What an agent did that worked by itself: one step for all of its calls.
  void write_whole_work(const RunTurns& turns) {
    const Receipt receipt = turns.receipt();
    const Usage usage = receipt.total_usage();
    Json& step = add(turns.run->last_at, "agent", turns.run->outcome->answer);
    step["llm_call_count"] = receipt.model_calls;
    if (receipt.model_calls == 0) return;
    step["metrics"] = {{"prompt_tokens", usage.prompt_tokens},
                       {"completion_tokens", usage.completion_tokens},
                       {"cached_tokens", usage.cached_prompt_tokens}};
    if (receipt.cost_known) step["metrics"]["cost_usd"] = usd(receipt.total_cost());
  }

  Json take() && { return std::move(steps_); }

 private:
  Json& add(Instant at, const char* source, const std::string& message) {
    steps_.push_back({{"step_id", steps_.size() + 1},
                      {"timestamp", iso_time(at)},
                      {"source", source},
                      {"message", message}});
    return steps_.back();
  }

  Json steps_ = Json::array();
};

template <class T>
bool has(const RunTurns& turns) {
  return std::ranges::any_of(turns.happenings,
                             [](const Happening& each) { return std::holds_alternative<T>(each); });
}

Json agent_json(const RunTurns& turns, const std::string& version) {
  const Started& started = turns.run->started;
  Json extra{{"asked_mode", started.asked_mode}, {"seed", started.seed}};
  const std::string foreign = foreign_agent(started);
  Json agent{{"name", foreign.empty() ? "pareto" : foreign},
             {"version", foreign.empty() ? version : "unknown"}};
  if (turns.run->route) {
    agent["model_name"] = turns.run->model.name;
    extra["mode"] = to_string(turns.run->route->mode);
    extra["effort"] = to_string(turns.run->route->effort);
  } else if (!started.asked_model.empty()) {
    agent["model_name"] = started.asked_model;
  }
  if (!turns.run->tools.empty()) extra["tools"] = turns.run->tools;
  agent["extra"] = std::move(extra);
  return agent;
}

Json final_metrics_json(const RunTurns& turns, std::size_t steps) {
  const Receipt receipt = turns.receipt();
  const Usage usage = receipt.total_usage();
  Json json{{"total_prompt_tokens", usage.prompt_tokens},
            {"total_completion_tokens", usage.completion_tokens},
            {"total_cached_tokens", usage.cached_prompt_tokens}};
  if (receipt.cost_known) json["total_cost_usd"] = usd(receipt.total_cost());
  json["total_steps"] = steps;
  json["extra"] = {{"turns", receipt.turns},           {"model_calls", receipt.model_calls},
                   {"tool_calls", receipt.tool_calls}, {"seconds", seconds(receipt.seconds)},
                   {"cost_known", receipt.cost_known}, {"cost_estimated", receipt.cost_estimated}};
  return json;
}

}  // namespace

Json atif_trajectory(const RunTurns& turns, const std::string& version) {
  Writer writer;
  if (!has<Prompt>(turns)) writer.write_task(turns);
  for (const Happening& happening : turns.happenings) {
    std::visit([&writer](const auto& each) { writer.write(each); }, happening);
  }
  if (turns.run->outcome && !has<ModelTurn>(turns)) writer.write_whole_work(turns);
  Json steps = std::move(writer).take();
  Json extra{{"task", turns.run.task().id}};
  if (const auto& outcome = turns.run->outcome) {
    extra["status"] = to_string(outcome->status);
    extra["reason"] = to_string(outcome->reason);
    extra["answer"] = outcome->answer;
    if (!outcome->error.empty()) extra["error"] = outcome->error;
    if (!outcome->diff.empty()) extra["diff"] = outcome->diff;
  } else {
    extra["status"] = "running";
  }
  Json final_metrics = final_metrics_json(turns, steps.size());
  return {{"schema_version", "ATIF-v1.7"},
          {"session_id", turns.run.id().value},
          {"agent", agent_json(turns, version)},
          {"steps", std::move(steps)},
          {"final_metrics", std::move(final_metrics)},
          {"extra", std::move(extra)}};
}

}  // namespace pareto::exporting
