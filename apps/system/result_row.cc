#include "apps/system/result_row.h"

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

double seconds(Milliseconds span) { return static_cast<double>(span.count()) / 1000; }

Money overhead(const Receipt& receipt) {
  return receipt.total_cost() - receipt.cost[static_cast<std::size_t>(Spender::agent)];
}

// What the run would have cost if the provider had no cache: prices with and without one differ by
// the cached tokens alone. Calls of all roles are taken to be one model's.
Json without_cache(const std::optional<Price>& price, const Receipt& receipt) {
  if (!price || !receipt.cost_known) return {};
  Usage plain = receipt.total_usage();
  const Money cached = cost_of(plain, *price);
  plain.cached_prompt_tokens = 0;
  plain.cache_write_tokens = 0;
  return (receipt.total_cost() + (cost_of(plain, *price) - cached)).to_string();
}

}  // namespace

Json result_row(const Run& run, const Outcome& outcome, const RowContext& context) {
  const Receipt& receipt = outcome.receipt;
  const Usage usage = receipt.total_usage();
  const auto& route = run->route;
  std::optional<std::string> error = context.error;
  if (!error && !outcome.error.empty()) error = outcome.error;
  return {
      {"schema", 1},
      {"suite", text_or_null(context.suite)},
      {"suite_hash", text_or_null(context.suite_hash)},
      {"task", run.task().id},
      {"class", text_or_null(run.task().label)},
      {"repeat", context.repeat},
      {"seed", run->started.seed},
      {"mode", run->started.asked_mode},
      {"model", context.asked_model},
      {"mode_used", route ? Json(to_string(route->mode)) : Json()},
      {"model_used", route ? Json(route->model) : Json()},
      {"effort_used", route ? Json(to_string(route->effort)) : Json()},
      {"status", to_string(outcome.status)},
      {"reason", to_string(outcome.reason)},
      {"score", context.score ? Json(*context.score) : Json()},
      {"answer", outcome.answer},
      {"turns", receipt.turns},
      {"tool_calls", receipt.tool_calls},
      {"model_calls", receipt.model_calls},
      {"prompt_tokens", usage.prompt_tokens},
      {"cached_prompt_tokens", usage.cached_prompt_tokens},
      {"completion_tokens", usage.completion_tokens},
      {"reasoning_tokens", usage.reasoning_tokens},
      {"cost_usd", receipt.total_cost().to_string()},
      {"cost_known", receipt.cost_known},
      {"cost_estimated", receipt.cost_estimated},
      {"overhead_cost_usd", overhead(receipt).to_string()},
      {"cost_without_cache_usd", without_cache(route ? run->model.price : context.price, receipt)},
      {"seconds", seconds(receipt.seconds)},
      {"model_seconds", seconds(receipt.model_seconds)},
      {"propensity", route ? Json(route->propensity) : Json()},
      {"recalled", run->recall ? run->recall->neighbours.size() : 0},
      {"run", run.id().value},
      {"error", error ? Json(*error) : Json()}};
}

}  // namespace pareto
