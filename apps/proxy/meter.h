#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/core/event.h"
#include "agent/core/ledger.h"
#include "agent/core/limits.h"
#include "agent/core/model.h"
#include "agent/core/outcome.h"
#include "apps/proxy/prompt_bound.h"

namespace pareto {

// Why a call is not made.
struct Refusal {
  Reason reason = Reason::usd;  // or turns
  std::string text;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// What the calls of one foreign agent may cost and what they did, any number of them at a time. The
// money is kept by a Ledger as that of our own runs: the worst case is reserved before a call and
// what was used is settled after it. Pure.
class Meter {
 public:
  Meter(Limits limits, ModelInfo model);

  // Reserves for a call, or says which limit it would pass.
  std::optional<Refusal> begin(const CallId& call, const ChatRequest& request);
  // Ends a call. One that reached the provider and has no usage is settled at its reservation; a
  // usage of zero owes nothing.
  CallEnded end(const CallId& call, const ChatRequest& request, Reply reply);

  const Ledger& ledger() const { return ledger_; }
  // Turns are calls that brought a reply; `seconds` stays 0.
  const Receipt& receipt() const { return receipt_; }
  // What stands between begin and end of a call, for its log.
  Money worst_case(const ChatRequest& request) const;
  std::int64_t prompt_bound(const ChatRequest& request) const { return bound_.of(request); }

 private:
  Limits limits_;
  ModelInfo model_;
  Ledger ledger_;
  PromptBound bound_;
  Receipt receipt_;
};

}  // namespace pareto
