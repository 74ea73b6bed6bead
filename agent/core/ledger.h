#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "agent/core/id.h"
#include "agent/core/money.h"
#include "agent/core/outcome.h"
#include "agent/core/result.h"

namespace pareto {

// Money of a run and of what it delegates. A call reserves its worst case before it is made and
// settles what it used afterwards; at every moment settled + reserved <= budget for each account
// and all of its parents, unless a provider bills more than was reserved. A value: copyable and
// comparable, a fold of CallBegun and CallEnded.
class Ledger {
 public:
  // 0 is the root; others come from `open`.
  using Account = std::size_t;
  static constexpr Account kRoot = 0;

  // Without a budget nothing is refused, but everything is still counted.
  explicit Ledger(std::optional<Money> budget = std::nullopt);

  // A sub-account whose spending counts in `parent` too.
  Account open(Account parent, std::optional<Money> budget);

  // Makes the root's budget smaller; a larger one changes nothing.
  void lower(Money budget);

  // Refused with ErrorCode::limit when the account or a parent can't bear it; a call id that is in
  // use or a negative amount is ErrorCode::invalid.
  Result<void> reserve(Account account, const CallId& call, Spender role, Money worst_case);
  // Ends a reservation. The actual amount may exceed it (then the budget may be overdrawn).
  Result<void> settle(const CallId& call, Money actual);

  // What could still be reserved; Money::max() without any budget. Never below zero.
  Money available(Account account = kRoot) const;
  Money settled(Account account = kRoot) const;
  Money reserved(Account account = kRoot) const;
  // Settled amounts of the account and its children by role.
  const std::array<Money, kSpenders>& by_role(Account account = kRoot) const;
  // The reservation of a call under way.
  std::optional<Money> reservation(const CallId& call) const;
  std::size_t open_calls() const { return open_.size(); }

  friend bool operator==(const Ledger&, const Ledger&) = default;

 private:
  struct Node {
    std::optional<Account> parent;
    std::optional<Money> budget;
    Money settled;
    Money reserved;
    std::array<Money, kSpenders> by_role{};

    friend bool operator==(const Node&, const Node&) = default;
  };
  struct OpenCall {
    CallId call;
    Account account = kRoot;
    Spender role = Spender::agent;
    Money amount;

    friend bool operator==(const OpenCall&, const OpenCall&) = default;
  };

  std::vector<Node> nodes_;
  std::vector<OpenCall> open_;  // few at a time: a linear search beats a map
};

}  // namespace pareto
