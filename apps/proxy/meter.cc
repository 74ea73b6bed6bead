#include "apps/proxy/meter.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/runner/reply.h"

namespace pareto {

Meter::Meter(Limits limits, ModelInfo model)
    : limits_(std::move(limits)), model_(std::move(model)), ledger_(limits_.usd) {}

Money Meter::worst_case(const ChatRequest& request) const {
  if (!model_.price) return Money();
  const Price& price = *model_.price;
  const Money dearest = std::max({price.input, price.cached_input, price.cache_write});
  return cost_of(
      {.prompt_tokens = bound_.of(request), .completion_tokens = request.max_output_tokens},
      {.input = dearest, .output = price.output});
}

std::optional<Refusal> Meter::begin(const CallId& call, const ChatRequest& request) {
  const auto open = static_cast<int>(ledger_.open_calls());
  if (limits_.turns && receipt_.turns + open >= *limits_.turns) {
    return Refusal{Reason::turns,
                   fmt::format("the {} model calls of this task are used up", *limits_.turns)};
  }
  if (limits_.usd && !model_.price) {
    return Refusal{Reason::usd,
                   fmt::format("the price of the model \"{}\" is unknown and this task "
                               "has a budget; give the model a price",
                               model_.name)};
  }
  const Money worst = worst_case(request);
  if (auto reserved = ledger_.reserve(Ledger::kRoot, call, Spender::agent, worst); !reserved) {
    return Refusal{Reason::usd, fmt::format("the budget of this task: {}; ask for fewer "
                                            "max_tokens, or shorten the prompt",
                                            reserved.error().message)};
  }
  receipt_.model_calls += 1;
  if (!model_.price) receipt_.cost_known = false;
  return std::nullopt;
}

CallEnded Meter::end(const CallId& call, const ChatRequest& request, Reply reply) {
  const CallBegun begun{.call = call,
                        .model = model_.name,
                        .reserved = ledger_.reservation(call).value_or(Money()),
                        .priced = model_.price.has_value()};
  const bool replied = reply.message.has_value();
  CallEnded ended = settle(begun, model_, std::move(reply));
  (void)ledger_.settle(call, ended.settled);
  const auto role = static_cast<std::size_t>(Spender::agent);
  receipt_.cost[role] += ended.settled;
  if (ended.usage) {
    receipt_.usage[role] += *ended.usage;
    bound_.learn(request, ended.usage->prompt_tokens);
  }
  receipt_.cost_estimated |= ended.estimated;
  receipt_.model_seconds += ended.took;
  if (replied) receipt_.turns += 1;
  return ended;
}

}  // namespace pareto
