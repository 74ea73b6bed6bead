#include "agent/core/ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace pareto {

Ledger::Ledger(std::optional<Money> budget) { nodes_.push_back({.budget = budget}); }

Ledger::Account Ledger::open(Account parent, std::optional<Money> budget) {
  nodes_.push_back({.parent = parent, .budget = budget});
  return nodes_.size() - 1;
}

void Ledger::lower(Money budget) {
  std::optional<Money>& known = nodes_[kRoot].budget;
  known = std::min(known.value_or(budget), budget);
}

Result<void> Ledger::reserve(Account account, const CallId& call, Spender role, Money worst_case) {
  if (worst_case < Money()) {
    return fail(ErrorCode::invalid, "a reservation must not be negative");
  }
  if (reservation(call)) {
    return fail(ErrorCode::invalid, fmt::format("call {} has a reservation already", call.value));
  }
  if (worst_case > available(account)) {
    return fail(ErrorCode::limit,
                fmt::format("this call may cost up to {} USD, but {} USD are left",
                            worst_case.to_string(), available(account).to_string()));
  }
  for (std::optional<Account> at = account; at; at = nodes_[*at].parent) {
    nodes_[*at].reserved += worst_case;
  }
  open_.push_back({call, account, role, worst_case});
  return {};
}

Result<void> Ledger::settle(const CallId& call, Money actual) {
  const auto found =
      std::ranges::find_if(open_, [&call](const OpenCall& open) { return open.call == call; });
  if (found == open_.end()) {
    return fail(ErrorCode::invalid, fmt::format("call {} has no reservation", call.value));
  }
  for (std::optional<Account> at = found->account; at; at = nodes_[*at].parent) {
    Node& node = nodes_[*at];
    node.reserved -= found->amount;
    node.settled += actual;
    node.by_role[static_cast<std::size_t>(found->role)] += actual;
  }
  open_.erase(found);
  return {};
}

Money Ledger::available(Account account) const {
  Money least = Money::max();
  for (std::optional<Account> at = account; at; at = nodes_[*at].parent) {
    const Node& node = nodes_[*at];
    if (node.budget) least = std::min(least, *node.budget - node.settled - node.reserved);
  }
  return std::max(least, Money());
}

Money Ledger::settled(Account account) const { return nodes_[account].settled; }
Money Ledger::reserved(Account account) const { return nodes_[account].reserved; }

const std::array<Money, kSpenders>& Ledger::by_role(Account account) const {
  return nodes_[account].by_role;
}

std::optional<Money> Ledger::reservation(const CallId& call) const {
  const auto found =
      std::ranges::find_if(open_, [&call](const OpenCall& open) { return open.call == call; });
  if (found == open_.end()) return std::nullopt;
  return found->amount;
}

}  // namespace pareto
