#include "agent/core/event.h"

#include <array>
#include <functional>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/core/names.h"

// Each payload has a `write` that adds its fields to the event's object and a `read` that takes
// them from it. A field added later is read with a default, so that old journals stay readable.

namespace pareto {
namespace {

constexpr std::array<const char*, std::variant_size_v<Payload>> kNames{
    "started",    "recalled",         "routed",         "planned",       "call_begun",
    "call_ended", "step_begun",       "step_ended",     "limit_reached", "nudged",
    "compacted",  "approval_asked",   "approval_given", "verify_begun",  "verified",
    "resumed",    "cancel_requested", "finished"};

Json error_json(const Error& error) {
  return {{"code", to_string(error.code)}, {"message", error.message}};
}

Result<Error> error_from_json(const Json& json) {
  constexpr NameTable<ErrorCode, 9> kCodes{{{ErrorCode::invalid, "invalid"},
                                            {ErrorCode::denied, "denied"},
                                            {ErrorCode::not_found, "not_found"},
                                            {ErrorCode::timeout, "timeout"},
                                            {ErrorCode::cancelled, "cancelled"},
                                            {ErrorCode::limit, "limit"},
                                            {ErrorCode::unavailable, "unavailable"},
                                            {ErrorCode::protocol, "protocol"},
                                            {ErrorCode::internal, "internal"}}};
  JsonFields fields(json, "error");
  Error error;
  error.code = fields.keep<ErrorCode>("code", value_in(kCodes, fields.text("code"), "error code"));
  error.message = fields.text_or("message", "");
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return error;
}

Json model_json(const ModelInfo& model) {
  Json json = {{"name", model.name},
               {"context", model.context},
               {"max_output_tokens", model.max_output_tokens},
               {"tools", to_string(model.tools)},
               {"small", model.small}};
  if (model.price) json["price"] = to_json(*model.price);
  return json;
}

Result<ConcernTime> concern_time_from_json(const Json& json) {
  JsonFields fields(json, "concern");
  ConcernTime time{fields.text("name"), fields.integer_or("reviews", 0),
                   fields.integer_or("nanoseconds", 0)};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return time;
}

Result<Price> price_from_json(const Json& json) {
  JsonFields fields(json, "price");
  Price price{fields.money("input"), fields.money("cached_input"), fields.money("cache_write"),
              fields.money("output")};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return price;
}

Result<ModelInfo> model_from_json(const Json& json) {
  JsonFields fields(json, "model");
  ModelInfo model;
  model.name = fields.text("name");
  model.context = fields.integer_or("context", model.context);
  model.max_output_tokens = fields.integer_or("max_output_tokens", model.max_output_tokens);
  model.tools = fields.keep<ToolDialect>("tools", parse_tool_dialect(fields.text("tools")));
  model.small = fields.flag_or("small", false);
  if (fields.find("price") != nullptr) model.price = fields.nested<Price>("price", price_from_json);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return model;
}

Json messages_json(const std::vector<Message>& messages) {
  Json json = Json::array();
  for (const Message& message : messages) json.push_back(to_json(message));
  return json;
}

Json calls_json(const std::vector<ToolCall>& calls) {
  Json json = Json::array();
  for (const ToolCall& call : calls) json.push_back(to_json(call));
  return json;
}

// Writers.
void write(Json& json, const Started& p) {
  json["run"] = p.run.value;
  json["task"] = to_json(p.task);
  json["limits"] = to_json(p.limits);
  json["mode"] = p.asked_mode;
  json["model"] = p.asked_model;
  json["effort"] = p.asked_effort;
  json["seed"] = p.seed;
  json["origin"] = p.origin;
  json["config_hash"] = p.config_hash;
  json["disabled_concerns"] = p.disabled_concerns;
}
void write(Json& json, const Recalled& p) { json["recall"] = to_json(p.recall); }
void write(Json& json, const Routed& p) {
  json["route"] = to_json(p.route);
  json["model"] = model_json(p.model);
  if (p.tool_bytes > 0) json["tool_bytes"] = p.tool_bytes;
}
void write(Json& json, const Planned& p) {
  json["messages"] = messages_json(p.messages);
  json["tools"] = p.tools;
}
void write(Json& json, const CallBegun& p) {
  json["call"] = p.call.value;
  json["role"] = to_string(p.role);
  json["model"] = p.model;
  json["reserved_usd"] = p.reserved.to_string();
  json["priced"] = p.priced;
  json["max_output_tokens"] = p.max_output_tokens;
  if (!p.appended.empty()) json["appended"] = messages_json(p.appended);
  if (!p.tail.empty()) json["tail"] = p.tail;
  json["history_hash"] = p.history_hash;
  if (p.wrap_up) json["wrap_up"] = true;
}
void write(Json& json, const CallEnded& p) {
  json["call"] = p.call.value;
  json["settled_usd"] = p.settled.to_string();
  if (p.estimated) json["estimated"] = true;
  if (p.usage) json["usage"] = to_json(*p.usage);
  if (p.message) json["message"] = to_json(*p.message);
  json["finish_reason"] = to_string(p.finish_reason);
  if (p.error) json["error"] = error_json(*p.error);
  json["attempts"] = p.attempts;
  json["took_ms"] = p.took.count();
}
void write(Json& json, const StepBegun& p) {
  json["calls"] = calls_json(p.calls);
  if (p.from_planner) json["from_planner"] = true;
}
void write(Json& json, const StepEnded& p) {
  json["result"] = to_json(p.result);
  json["took_ms"] = p.took.count();
}
void write(Json& json, const LimitReached& p) {
  json["reason"] = to_string(p.reason);
  json["concern"] = p.concern;
  json["detail"] = p.detail;
}
void write(Json& json, const Nudged& p) {
  json["concern"] = p.concern;
  json["text"] = p.text;
}
void write(Json& json, const Compacted& p) {
  json["first"] = p.first;
  json["last"] = p.last;
  json["summary"] = to_json(p.summary);
}
void write(Json& json, const ApprovalAsked& p) {
  json["call_ids"] = p.call_ids;
  json["question"] = p.question;
}
void write(Json& json, const ApprovalGiven& p) {
  json["call_ids"] = p.call_ids;
  json["approved"] = p.approved;
  json["by"] = p.by;
}
void write(Json&, const VerifyBegun&) {}
void write(Json& json, const Verified& p) { json["verdict"] = to_json(p.verdict); }
void write(Json& json, const Resumed& p) { json["owner"] = p.owner; }
void write(Json& json, const CancelRequested& p) { json["by"] = p.by; }
void write(Json& json, const Finished& p) {
  json["outcome"] = to_json(p.outcome);
  for (const ConcernTime& time : p.concerns) {
    json["concerns"].push_back(
        {{"name", time.name}, {"reviews", time.reviews}, {"nanoseconds", time.nanoseconds}});
  }
}

// Readers, in the order of `Payload`.
Payload read_started(JsonFields& f) {
  Started p;
  p.run = RunId{f.text("run")};
  p.task = f.nested<Task>("task", [](const Json& json) { return task_from_json(json, "/"); });
  p.limits = f.nested<Limits>("limits", limits_from_json);
  p.asked_mode = f.text_or("mode", "auto");
  p.asked_model = f.text_or("model", "");
  p.asked_effort = f.text_or("effort", "");
  p.seed = static_cast<std::uint64_t>(f.integer_or("seed", 0));
  p.origin = f.text_or("origin", "");
  p.config_hash = f.text_or("config_hash", "");
  p.disabled_concerns = f.texts("disabled_concerns");
  return p;
}
Payload read_recalled(JsonFields& f) {
  return Recalled{f.nested<Recall>("recall", recall_from_json)};
}
Payload read_routed(JsonFields& f) {
  return Routed{f.nested<Route>("route", route_from_json),
                f.nested<ModelInfo>("model", model_from_json), f.integer_or("tool_bytes", 0)};
}
Payload read_planned(JsonFields& f) {
  return Planned{f.list<Message>("messages", message_from_json), f.texts("tools")};
}
Payload read_call_begun(JsonFields& f) {
  CallBegun p;
  p.call = CallId{f.text("call")};
  p.role = f.keep<Spender>("role", parse_spender(f.text("role")));
  p.model = f.text("model");
  p.reserved = f.money("reserved_usd");
  p.priced = f.flag_or("priced", true);
  p.max_output_tokens = f.integer_or("max_output_tokens", 0);
  p.appended = f.list<Message>("appended", message_from_json);
  p.tail = f.text_or("tail", "");
  p.history_hash = static_cast<std::uint64_t>(f.integer_or("history_hash", 0));
  p.wrap_up = f.flag_or("wrap_up", false);
  return p;
}
Payload read_call_ended(JsonFields& f) {
  CallEnded p;
  p.call = CallId{f.text("call")};
  p.settled = f.money("settled_usd");
  p.estimated = f.flag_or("estimated", false);
  if (f.find("usage") != nullptr) p.usage = f.nested<Usage>("usage", usage_from_json);
  if (f.find("message") != nullptr) p.message = f.nested<Message>("message", message_from_json);
  p.finish_reason =
      f.keep<FinishReason>("finish_reason", parse_finish_reason(f.text("finish_reason")));
  if (f.find("error") != nullptr) p.error = f.nested<Error>("error", error_from_json);
  p.attempts = static_cast<int>(f.integer_or("attempts", 1));
  p.took = f.milliseconds_or("took_ms", Milliseconds(0));
  return p;
}
Payload read_step_begun(JsonFields& f) {
  return StepBegun{f.list<ToolCall>("calls", tool_call_from_json),
                   f.flag_or("from_planner", false)};
}
Payload read_step_ended(JsonFields& f) {
  return StepEnded{f.nested<ToolResult>("result", tool_result_from_json),
                   f.milliseconds_or("took_ms", Milliseconds(0))};
}
Payload read_limit_reached(JsonFields& f) {
  return LimitReached{f.keep<Reason>("reason", parse_reason(f.text("reason"))), f.text("concern"),
                      f.text_or("detail", "")};
}
Payload read_nudged(JsonFields& f) { return Nudged{f.text("concern"), f.text("text")}; }
Payload read_compacted(JsonFields& f) {
  return Compacted{f.integer("first"), f.integer("last"),
                   f.nested<Message>("summary", message_from_json)};
}
Payload read_approval_asked(JsonFields& f) {
  return ApprovalAsked{f.texts("call_ids"), f.text_or("question", "")};
}
Payload read_approval_given(JsonFields& f) {
  return ApprovalGiven{f.texts("call_ids"), f.flag_or("approved", false), f.text_or("by", "")};
}
Payload read_verify_begun(JsonFields&) { return VerifyBegun{}; }
Payload read_verified(JsonFields& f) {
  return Verified{f.nested<Verdict>("verdict", verdict_from_json)};
}
Payload read_resumed(JsonFields& f) { return Resumed{f.text_or("owner", "")}; }
Payload read_cancel_requested(JsonFields& f) { return CancelRequested{f.text_or("by", "")}; }
Payload read_finished(JsonFields& f) {
  return Finished{f.nested<Outcome>("outcome", outcome_from_json),
                  f.list<ConcernTime>("concerns", concern_time_from_json)};
}

using Reader = Payload (*)(JsonFields&);
constexpr std::array<Reader, std::variant_size_v<Payload>> kReaders{
    read_started,          read_recalled,     read_routed,     read_planned,
    read_call_begun,       read_call_ended,   read_step_begun, read_step_ended,
    read_limit_reached,    read_nudged,       read_compacted,  read_approval_asked,
    read_approval_given,   read_verify_begun, read_verified,   read_resumed,
    read_cancel_requested, read_finished};

}  // namespace

const char* name_of(const Payload& payload) { return kNames.at(payload.index()); }

Json to_json(const Event& event) {
  Json json = {{"v", kEventVersion},
               {"seq", event.seq},
               {"at", to_ms(event.at)},
               {"type", name_of(event.payload)}};
  std::visit([&json](const auto& payload) { write(json, payload); }, event.payload);
  return json;
}

Result<Event> event_from_json(const Json& json) {
  JsonFields fields(json, "event");
  const std::int64_t version = fields.integer("v");
  if (version > kEventVersion) {
    return fail(ErrorCode::invalid,
                fmt::format("event of version {} is newer than this program, which reads up to {}; "
                            "use a newer pareto",
                            version, kEventVersion));
  }
  Event event;
  event.seq = fields.integer("seq");
  event.at = instant_from_ms(fields.integer("at"));
  const std::string type = fields.text("type");
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (type != kNames[i]) continue;
    event.payload = kReaders[i](fields);
    if (auto read = fields.done(); !read) return std::unexpected(read.error());
    return event;
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return fail(ErrorCode::invalid, fmt::format("event: unknown type \"{}\"", type));
}

std::string to_line(const Event& event) { return dump_json(to_json(event)); }

Result<Event> event_from_line(std::string_view line) {
  // A message may quote JSON of its own, but always as text. A task's scorer and metadata are the
  // one thing that is as deep as a task file may be, and lies a few levels down.
  constexpr int kLevelsAbove = 4;
  auto json = parse_json(line, kMaxJsonDepth + kLevelsAbove);
  if (!json) return std::unexpected(json.error());
  return event_from_json(*json);
}

}  // namespace pareto
