#include "apps/export/otlp.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "agent/text/hashing.h"

namespace pareto::exporting {
namespace {

// opentelemetry.proto.trace.v1.Span.SpanKind and Status.StatusCode.
constexpr int kInternal = 1;
constexpr int kClient = 3;
constexpr int kStatusError = 2;

// All zeros would be no id.
std::string hex_id(std::uint64_t hash) { return fmt::format("{:016x}", hash == 0 ? 1 : hash); }

std::string nanoseconds(Instant at) { return fmt::format("{}000000", to_ms(at)); }

// 64-bit integers are texts in the JSON of protocol buffers.
Json value_of(std::int64_t value) { return {{"intValue", std::to_string(value)}}; }
Json value_of(bool value) { return {{"boolValue", value}}; }
Json value_of(const std::string& value) { return {{"stringValue", value}}; }
Json value_of(const char* value) { return {{"stringValue", value}}; }

class Attributes {
 public:
  template <class T>
  Attributes& add(const char* key, const T& value) {
    json_.push_back({{"key", key}, {"value", value_of(value)}});
    return *this;
  }
  Attributes& add_text(const char* key, const std::string& value) {
    return value.empty() ? *this : add(key, value);
  }
  Attributes& add_list(const char* key, const std::string& only) {
    Json values = Json::array({value_of(only)});
    json_.push_back({{"key", key}, {"value", {{"arrayValue", {{"values", std::move(values)}}}}}});
    return *this;
  }
  Json take() && { return std::move(json_); }

 private:
  Json json_ = Json::array();
};

// The words of the conventions' schema of output messages.
const char* finish_reason_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::tool_calls:
      return "tool_call";
    case FinishReason::length:
      return "length";
    case FinishReason::refusal:
      return "content_filter";
    case FinishReason::unknown:
      break;
  }
  return "error";
}

Json arguments_or_text(const ToolCall& call) {
  auto arguments = arguments_of(call);
  return arguments ? std::move(*arguments) : Json(call.arguments);
}

Json message_json(const Message& message) {
  Json parts = Json::array();
  if (!message.reasoning.empty()) {
    parts.push_back({{"type", "reasoning"}, {"content", message.reasoning}});
  }
  if (message.role == Role::tool) {
    parts.push_back(
        {{"type", "tool_call_response"}, {"id", message.tool_call_id}, {"response", message.text}});
  } else if (!message.text.empty()) {
    parts.push_back({{"type", "text"}, {"content", message.text}});
  }
  for (const ToolCall& call : message.tool_calls) {
    parts.push_back({{"type", "tool_call"},
                     {"id", call.id},
                     {"name", call.name},
                     {"arguments", arguments_or_text(call)}});
  }
  return {{"role", to_string(message.role)}, {"parts", std::move(parts)}};
}

void add_usage(Attributes& attributes, const Usage& usage) {
  attributes.add("gen_ai.usage.input_tokens", usage.prompt_tokens)
      .add("gen_ai.usage.output_tokens", usage.completion_tokens)
      .add("gen_ai.usage.cache_read.input_tokens", usage.cached_prompt_tokens);
  if (usage.cache_write_tokens > 0) {
    attributes.add("gen_ai.usage.cache_write.input_tokens", usage.cache_write_tokens);
  }
  if (usage.reasoning_tokens > 0) {
    attributes.add("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens);
  }
}

class Tracer {
 public:
  Tracer(const RunTurns& turns, const OtlpOptions& options)
      : turns_(turns),
        options_(options),
        run_(turns.run.id().value),
        trace_(hex_id(hash64(run_, 1)) + hex_id(hash64(run_, 2))),
        root_(id_of(1, 0)) {}

  Json spans() && {
    spans_.push_back(Json());  // the root, which knows the events once all is told
    for (const Happening& happening : turns_.happenings) {
      std::visit([this](const auto& each) { tell(each); }, happening);
    }
    spans_[0] = root();
    return std::move(spans_);
  }

 private:
  std::string id_of(std::int64_t seq, std::size_t index) const {
    return hex_id(hash64(fmt::format("{}/{}/{}", run_, seq, index)));
  }
  bool content() const { return options_.content == Content::included; }
  std::string provider_of(const std::string& model) const {
    const auto found = options_.providers.find(model);
    return found == options_.providers.end() ? "unknown" : found->second;
  }

  Json span(std::string id, std::string name, int kind, Instant begun, Instant ended) const {
    Json json{{"traceId", trace_}, {"spanId", std::move(id)}};
    if (json["spanId"] != root_) json["parentSpanId"] = root_;
    json["name"] = std::move(name);
    json["kind"] = kind;
    json["startTimeUnixNano"] = nanoseconds(begun);
    json["endTimeUnixNano"] = nanoseconds(ended);
    return json;
  }

  void add_event(Instant at, const std::string& kind, Attributes attributes) {
    events_.push_back({{"timeUnixNano", nanoseconds(at)},
                       {"name", "pareto." + kind},
                       {"attributes", std::move(attributes).take()}});
  }

  // Prompts are content, and part of the calls that sent them.
  void tell(const Prompt& p) {
    if (p.by == "planner") return;
    Attributes attributes;
    attributes.add("pareto.concern", p.by);
    if (content()) attributes.add("pareto.text", p.message.text);
    add_event(p.at, "nudged", std::move(attributes));
  }

  void tell(const ModelTurn& p) {
    Json json = span(id_of(p.seq, 0), "chat " + p.request.model, kClient, p.begun_at, p.ended_at);
    Attributes attributes;
    attributes.add("gen_ai.operation.name", "chat")
        .add("gen_ai.provider.name", provider_of(p.request.model))
        .add("gen_ai.request.model", p.request.model)
        .add("gen_ai.request.max_tokens", p.request.max_output_tokens)
        .add("gen_ai.conversation.id", run_);
    if (p.compacted) attributes.add("gen_ai.conversation.compacted", true);
    attributes.add("pareto.role", to_string(p.request.role));
    if (p.request.wrap_up) attributes.add("pareto.wrap_up", true);
    if (p.reply) add_reply(attributes, p);
    if (content()) add_content(attributes, p);
    json["attributes"] = std::move(attributes).take();
    if (p.reply && p.reply->error) {
      json["status"] = {{"code", kStatusError}, {"message", p.reply->error->message}};
    }
    spans_.push_back(std::move(json));
    add_tools(p.tools);
  }

  static void add_reply(Attributes& attributes, const ModelTurn& p) {
    const CallEnded& reply = *p.reply;
    if (reply.usage) add_usage(attributes, *reply.usage);
    if (reply.message) {
      attributes.add_list("gen_ai.response.finish_reasons", finish_reason_of(reply.finish_reason));
    }
    if (p.request.priced) attributes.add("pareto.cost_usd", reply.settled.to_string());
    if (reply.estimated) attributes.add("pareto.cost_estimated", true);
    if (reply.attempts > 1) attributes.add("pareto.attempts", std::int64_t{reply.attempts});
    if (reply.error) attributes.add("error.type", to_string(reply.error->code));
  }

  static void add_content(Attributes& attributes, const ModelTurn& p) {
    Json sent = Json::array();
    for (const MessageRef& message : p.history) sent.push_back(message_json(*message));
    if (!p.request.tail.empty()) {
      sent.push_back(message_json({.role = Role::user, .text = p.request.tail}));
    }
    attributes.add("gen_ai.input.messages", dump_json(sent));
    if (!p.reply || !p.reply->message) return;
    Json said = message_json(*p.reply->message);
    said["finish_reason"] = finish_reason_of(p.reply->finish_reason);
    attributes.add("gen_ai.output.messages", dump_json(Json::array({std::move(said)})));
  }

  void tell(const PlannerStep& p) { add_tools(p.tools); }

  void add_tools(const std::vector<ToolUse>& tools) {
    for (std::size_t i = 0; i < tools.size(); ++i) {
      const ToolUse& use = tools[i];
      if (!use.begun && !use.result) continue;
      Json json = span(id_of(use.seq, i), "execute_tool " + use.call.name, kInternal, use.begun_at,
                       use.ended_at);
      Attributes attributes;
      attributes.add("gen_ai.operation.name", "execute_tool")
          .add("gen_ai.tool.name", use.call.name)
          .add("gen_ai.tool.call.id", use.call.id)
          .add("gen_ai.tool.type", "function")
          .add("gen_ai.conversation.id", run_);
      const bool failed = use.result && use.result->status != ResultStatus::ok;
      if (failed) attributes.add("error.type", to_string(use.result->status));
      if (content()) {
        attributes.add("gen_ai.tool.call.arguments", use.call.arguments);
        if (use.result) attributes.add("gen_ai.tool.call.result", use.result->text);
      }
      json["attributes"] = std::move(attributes).take();
      if (failed) json["status"] = {{"code", kStatusError}};
      spans_.push_back(std::move(json));
    }
  }

  void tell(const Compaction& p) {
    Attributes attributes;
    attributes.add("pareto.first", p.what.first).add("pareto.last", p.what.last);
    if (content()) attributes.add("pareto.text", p.what.summary.text);
    add_event(p.at, "compacted", std::move(attributes));
  }

  void tell(const CheckRun& p) {
    Json json = span(id_of(p.seq, 0), "verify", kInternal, p.begun_at, p.ended_at);
    Attributes attributes;
    if (p.verdict) {
      attributes.add("pareto.verdict.passed", p.verdict->passed)
          .add("pareto.verdict.exit_code", std::int64_t{p.verdict->exit_code});
      if (!p.verdict->error.empty()) attributes.add("error.type", "no_verdict");
      if (content()) attributes.add("pareto.verdict.output", p.verdict->output);
    }
    json["attributes"] = std::move(attributes).take();
    if (p.verdict && !p.verdict->error.empty()) {
      json["status"] = {{"code", kStatusError}, {"message", p.verdict->error}};
    }
    spans_.push_back(std::move(json));
  }

  void tell(const Remark& p) {
    Attributes attributes;
    // A question quotes what a model wants to do.
    if (content() || p.kind != "approval_asked") attributes.add("pareto.text", p.text);
    add_event(p.at, p.kind, std::move(attributes));
  }

  Json root() {
    const Started& started = turns_.run->started;
    const std::string foreign = foreign_agent(started);
    const std::string name = foreign.empty() ? "pareto" : foreign;
    Json json =
        span(root_, "invoke_agent " + name, kInternal, turns_.begun_at, turns_.run->last_at);
    Attributes attributes;
    attributes.add("gen_ai.operation.name", "invoke_agent").add("gen_ai.agent.name", name);
    if (foreign.empty()) attributes.add("gen_ai.agent.version", options_.version);
    attributes.add("gen_ai.conversation.id", run_);
    const std::string model = turns_.run->route ? turns_.run->model.name : started.asked_model;
    if (!model.empty()) {
      attributes.add("gen_ai.provider.name", provider_of(model)).add("gen_ai.request.model", model);
    }
    const Receipt receipt = turns_.receipt();
    add_usage(attributes, receipt.total_usage());
    attributes.add("pareto.task", started.task.id)
        .add_text("pareto.asked_mode", started.asked_mode);
    if (turns_.run->route) attributes.add("pareto.mode", to_string(turns_.run->route->mode));
    if (receipt.cost_known) attributes.add("pareto.cost_usd", receipt.total_cost().to_string());
    attributes.add("pareto.turns", std::int64_t{receipt.turns});
    const auto& outcome = turns_.run->outcome;
    attributes.add("pareto.status", outcome ? to_string(outcome->status) : "running");
    if (outcome) attributes.add("pareto.reason", to_string(outcome->reason));
    const bool failed = outcome && outcome->status == Status::error;
    if (failed) attributes.add("error.type", to_string(outcome->reason));
    if (content()) {
      const auto words = [](Role role, const std::string& text) {
        return dump_json(Json::array({message_json({.role = role, .text = text})}));
      };
      attributes.add("gen_ai.input.messages", words(Role::user, started.task.prompt));
      if (outcome) attributes.add("pareto.answer", outcome->answer);
    }
    json["attributes"] = std::move(attributes).take();
    if (!events_.empty()) json["events"] = std::move(events_);
    if (failed) json["status"] = {{"code", kStatusError}, {"message", outcome->error}};
    return json;
  }

  const RunTurns& turns_;
  const OtlpOptions& options_;
  std::string run_;
  std::string trace_;
  std::string root_;
  Json spans_ = Json::array();
  Json events_ = Json::array();
};

}  // namespace

Json otlp_trace(const RunTurns& turns, const OtlpOptions& options) {
  Attributes resource;
  resource.add("service.name", "pareto").add("service.version", options.version);
  Json scope{{"scope", {{"name", "pareto"}, {"version", options.version}}},
             {"spans", Tracer(turns, options).spans()}};
  Json resource_spans{{"resource", {{"attributes", std::move(resource).take()}}},
                      {"scopeSpans", Json::array({std::move(scope)})}};
  return {{"resourceSpans", Json::array({std::move(resource_spans)})}};
}

}  // namespace pareto::exporting
