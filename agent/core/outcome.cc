#include "agent/core/outcome.h"

#include "agent/core/json_fields.h"
#include "agent/core/names.h"

namespace pareto {
namespace {

constexpr NameTable<Spender, kSpenders> kSpenderNames{{{Spender::agent, "agent"},
                                                       {Spender::router, "router"},
                                                       {Spender::judge, "judge"},
                                                       {Spender::memory, "memory"},
                                                       {Spender::compaction, "compaction"},
                                                       {Spender::embedding, "embedding"},
                                                       {Spender::tool, "tool"}}};
constexpr NameTable<Status, 5> kStatuses{{{Status::success, "success"},
                                          {Status::failure, "failure"},
                                          {Status::limit, "limit"},
                                          {Status::error, "error"},
                                          {Status::cancelled, "cancelled"}}};
constexpr NameTable<Reason, 13> kReasons{{{Reason::verified, "verified"},
                                          {Reason::unverified, "unverified"},
                                          {Reason::verify_failed, "verify_failed"},
                                          {Reason::turns, "turns"},
                                          {Reason::usd, "usd"},
                                          {Reason::seconds, "seconds"},
                                          {Reason::loop, "loop"},
                                          {Reason::invalid_calls, "invalid_calls"},
                                          {Reason::context, "context"},
                                          {Reason::refused_budget, "refused_budget"},
                                          {Reason::cancelled, "cancelled"},
                                          {Reason::model, "model"},
                                          {Reason::sandbox, "sandbox"}}};

}  // namespace

const char* to_string(Spender spender) { return name_in(kSpenderNames, spender); }
Result<Spender> parse_spender(std::string_view text) {
  return value_in(kSpenderNames, text, "role");
}
const char* to_string(Status status) { return name_in(kStatuses, status); }
Result<Status> parse_status(std::string_view text) { return value_in(kStatuses, text, "status"); }
const char* to_string(Reason reason) { return name_in(kReasons, reason); }
Result<Reason> parse_reason(std::string_view text) { return value_in(kReasons, text, "reason"); }

Usage Receipt::total_usage() const {
  Usage total;
  for (const Usage& part : usage) total += part;
  return total;
}

Money Receipt::total_cost() const {
  Money total;
  for (const Money part : cost) total += part;
  return total;
}

double Receipt::cached_share() const {
  const Usage total = total_usage();
  if (total.prompt_tokens == 0) return 0;
  return static_cast<double>(total.cached_prompt_tokens) / static_cast<double>(total.prompt_tokens);
}

Json to_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"cached_prompt_tokens", usage.cached_prompt_tokens},
          {"cache_write_tokens", usage.cache_write_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"reasoning_tokens", usage.reasoning_tokens}};
}

Result<Usage> usage_from_json(const Json& json) {
  JsonFields fields(json, "usage");
  Usage usage{fields.integer_or("prompt_tokens", 0), fields.integer_or("cached_prompt_tokens", 0),
              fields.integer_or("cache_write_tokens", 0), fields.integer_or("completion_tokens", 0),
              fields.integer_or("reasoning_tokens", 0)};
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return usage;
}

Json to_json(const Verdict& verdict) {
  Json json = {{"passed", verdict.passed},
               {"exit_code", verdict.exit_code},
               {"output", verdict.output},
               {"took_ms", verdict.took.count()}};
  if (!verdict.error.empty()) json["error"] = verdict.error;
  return json;
}

Result<Verdict> verdict_from_json(const Json& json) {
  JsonFields fields(json, "verdict");
  Verdict verdict;
  verdict.passed = fields.flag_or("passed", false);
  verdict.exit_code = static_cast<int>(fields.integer_or("exit_code", 0));
  verdict.output = fields.text_or("output", "");
  verdict.error = fields.text_or("error", "");
  verdict.took = fields.milliseconds_or("took_ms", Milliseconds(0));
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return verdict;
}

Json to_json(const Receipt& receipt) {
  Json roles = Json::object();
  for (std::size_t i = 0; i < kSpenders; ++i) {
    if (receipt.usage[i] == Usage{} && receipt.cost[i] == Money{}) continue;
    Json role = to_json(receipt.usage[i]);
    role["cost_usd"] = receipt.cost[i].to_string();
    roles[to_string(static_cast<Spender>(i))] = std::move(role);
  }
  return {{"roles", std::move(roles)},
          {"cost_usd", receipt.total_cost().to_string()},
          {"cost_known", receipt.cost_known},
          {"cost_estimated", receipt.cost_estimated},
          {"turns", receipt.turns},
          {"tool_calls", receipt.tool_calls},
          {"model_calls", receipt.model_calls},
          {"cached_share", receipt.cached_share()},
          {"worked_ms", receipt.seconds.count()},
          {"model_ms", receipt.model_seconds.count()}};
}

Result<Receipt> receipt_from_json(const Json& json) {
  JsonFields fields(json, "receipt");
  Receipt receipt;
  if (const Json* roles = fields.need("roles"); roles != nullptr && roles->is_object()) {
    for (const auto& [name, role] : roles->items()) {
      const auto index =
          static_cast<std::size_t>(fields.keep<Spender>("roles", parse_spender(name)));
      receipt.usage[index] = fields.keep<Usage>("roles", usage_from_json(role));
      JsonFields part(role, "role");
      receipt.cost[index] = part.money("cost_usd");
      if (auto read = part.done(); !read) fields.add_error("roles", read.error().message);
    }
  }
  receipt.cost_known = fields.flag_or("cost_known", true);
  receipt.cost_estimated = fields.flag_or("cost_estimated", false);
  receipt.turns = static_cast<int>(fields.integer_or("turns", 0));
  receipt.tool_calls = static_cast<int>(fields.integer_or("tool_calls", 0));
  receipt.model_calls = static_cast<int>(fields.integer_or("model_calls", 0));
  receipt.seconds = fields.milliseconds_or("worked_ms", Milliseconds(0));
  receipt.model_seconds = fields.milliseconds_or("model_ms", Milliseconds(0));
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return receipt;
}

Json to_json(const Outcome& outcome) {
  Json json = {{"status", to_string(outcome.status)},
               {"reason", to_string(outcome.reason)},
               {"answer", outcome.answer},
               {"verdict", nullptr},
               {"diff", outcome.diff},
               {"error", outcome.error},
               {"receipt", to_json(outcome.receipt)}};
  if (outcome.verdict) json["verdict"] = to_json(*outcome.verdict);
  return json;
}

Result<Outcome> outcome_from_json(const Json& json) {
  JsonFields fields(json, "outcome");
  Outcome outcome;
  outcome.status = fields.keep<Status>("status", parse_status(fields.text("status")));
  outcome.reason = fields.keep<Reason>("reason", parse_reason(fields.text("reason")));
  outcome.answer = fields.text_or("answer", "");
  if (fields.find("verdict") != nullptr) {
    outcome.verdict = fields.nested<Verdict>("verdict", verdict_from_json);
  }
  outcome.diff = fields.text_or("diff", "");
  outcome.error = fields.text_or("error", "");
  outcome.receipt = fields.nested<Receipt>("receipt", receipt_from_json);
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return outcome;
}

}  // namespace pareto
