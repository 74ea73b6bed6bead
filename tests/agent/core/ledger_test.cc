#include "agent/core/ledger.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "agent/core/random.h"

namespace pareto {
namespace {

Money usd(const char* text) { return *Money::parse(text); }
CallId call(int number) { return {"call-" + std::to_string(number)}; }

TEST(LedgerTest, ReservesTheWorstCaseAndSettlesWhatWasUsed) {
  Ledger ledger(usd("1"));
  ASSERT_TRUE(ledger.reserve(Ledger::kRoot, call(1), Spender::agent, usd("0.6")));
  EXPECT_EQ(ledger.available(), usd("0.4"));
  EXPECT_EQ(ledger.reservation(call(1)), usd("0.6"));
  ASSERT_TRUE(ledger.settle(call(1), usd("0.1")));
  EXPECT_EQ(ledger.available(), usd("0.9"));
  EXPECT_EQ(ledger.settled(), usd("0.1"));
  EXPECT_EQ(ledger.reserved(), Money());
  EXPECT_EQ(ledger.by_role()[static_cast<std::size_t>(Spender::agent)], usd("0.1"));
}

TEST(LedgerTest, RefusesWhatTheBudgetCannotBear) {
  Ledger ledger(usd("1"));
  ASSERT_TRUE(ledger.reserve(Ledger::kRoot, call(1), Spender::agent, usd("0.6")));
  const Ledger before = ledger;
  const auto refused = ledger.reserve(Ledger::kRoot, call(2), Spender::judge, usd("0.400000001"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(),
            (Error{ErrorCode::limit,
                   "this call may cost up to 0.400000001 USD, but 0.400000000 USD are left"}));
  EXPECT_EQ(ledger, before);
  EXPECT_TRUE(ledger.reserve(Ledger::kRoot, call(2), Spender::judge, usd("0.4")));
}

TEST(LedgerTest, RefusesCallsItCannotTellApart) {
  Ledger ledger(usd("1"));
  ASSERT_TRUE(ledger.reserve(Ledger::kRoot, call(1), Spender::agent, usd("0.1")));
  EXPECT_EQ(ledger.reserve(Ledger::kRoot, call(1), Spender::agent, usd("0.1")).error().code,
            ErrorCode::invalid);
  EXPECT_EQ(ledger.reserve(Ledger::kRoot, call(2), Spender::agent, usd("-0.1")).error().code,
            ErrorCode::invalid);
  EXPECT_EQ(ledger.settle(call(3), usd("0.1")).error().code, ErrorCode::invalid);
  ASSERT_TRUE(ledger.settle(call(1), usd("0.1")));
  EXPECT_EQ(ledger.settle(call(1), usd("0.1")).error().code, ErrorCode::invalid);
}

TEST(LedgerTest, WithoutABudgetEverythingIsStillCounted) {
  Ledger ledger;
  EXPECT_EQ(ledger.available(), Money::max());
  ASSERT_TRUE(ledger.reserve(Ledger::kRoot, call(1), Spender::memory, usd("1000000")));
  ASSERT_TRUE(ledger.settle(call(1), usd("999999")));
  EXPECT_EQ(ledger.settled(), usd("999999"));
  EXPECT_EQ(ledger.available(), Money::max());
}

TEST(LedgerTest, ABudgetOfZeroBearsNothingThatCosts) {
  Ledger ledger{Money()};
  EXPECT_FALSE(ledger.reserve(Ledger::kRoot, call(1), Spender::agent, Money::nanos(1)));
  EXPECT_TRUE(ledger.reserve(Ledger::kRoot, call(2), Spender::agent, Money()));
}

TEST(LedgerTest, ASubAccountDrawsFromItsParents) {
  Ledger ledger(usd("1"));
  const auto child = ledger.open(Ledger::kRoot, usd("0.5"));
  const auto grandchild = ledger.open(child, std::nullopt);
  ASSERT_TRUE(ledger.reserve(grandchild, call(1), Spender::agent, usd("0.4")));
  EXPECT_EQ(ledger.available(grandchild), usd("0.1"));
  EXPECT_EQ(ledger.available(), usd("0.6"));
  EXPECT_FALSE(ledger.reserve(child, call(2), Spender::agent, usd("0.2")));
  ASSERT_TRUE(ledger.reserve(Ledger::kRoot, call(3), Spender::agent, usd("0.58")));
  // The parent's money is short now, whatever the child's own budget says.
  EXPECT_EQ(ledger.available(grandchild), usd("0.02"));
  ASSERT_TRUE(ledger.settle(call(1), usd("0.3")));
  EXPECT_EQ(ledger.settled(), usd("0.3"));
  EXPECT_EQ(ledger.settled(child), usd("0.3"));
}

TEST(LedgerTest, ADearerCallThanReservedOverdrawsAndStopsTheRest) {
  Ledger ledger(usd("1"));
  ASSERT_TRUE(ledger.reserve(Ledger::kRoot, call(1), Spender::agent, usd("0.5")));
  ASSERT_TRUE(ledger.settle(call(1), usd("1.5")));
  EXPECT_EQ(ledger.settled(), usd("1.5"));
  EXPECT_EQ(ledger.available(), Money());
}

// The obviously right ledger: lists of what was done, summed up each time.
struct SlowLedger {
  struct Account {
    int parent;
    std::optional<Money> budget;
  };
  struct Entry {
    int account;
    Money amount;
    bool open;
    Spender role;
  };
  std::vector<Account> accounts;
  std::map<std::string, Entry> entries;

  bool within(int account, int above) const {
    for (int at = account; at >= 0; at = accounts[static_cast<std::size_t>(at)].parent) {
      if (at == above) return true;
    }
    return false;
  }
  Money used(int account, bool open) const {
    Money sum;
    for (const auto& [id, entry] : entries) {
      if (entry.open == open && within(entry.account, account)) sum += entry.amount;
    }
    return sum;
  }
  bool bears(int account, Money amount) const {
    for (int at = account; at >= 0; at = accounts[static_cast<std::size_t>(at)].parent) {
      const auto& budget = accounts[static_cast<std::size_t>(at)].budget;
      if (budget && used(at, false) + used(at, true) + amount > *budget) return false;
    }
    return true;
  }
};

struct Interleaving {
  SeededRandom random;
  Ledger ledger;
  SlowLedger slow;
  std::vector<std::string> open;
  int made = 0;

  explicit Interleaving(std::uint64_t seed) : random(seed), ledger(usd("1")) {
    slow.accounts.push_back({-1, usd("1")});
    for (int i = 1; i < 6; ++i) {
      const auto parent = static_cast<int>(random.next() % static_cast<std::uint64_t>(i));
      const std::optional<Money> budget =
          random.next() % 3 == 0
              ? std::nullopt
              : std::optional(Money::nanos(static_cast<std::int64_t>(random.next() % 900'000'000)));
      ledger.open(static_cast<Ledger::Account>(parent), budget);
      slow.accounts.push_back({parent, budget});
    }
  }

  void begin() {
    const int account = static_cast<int>(random.next() % slow.accounts.size());
    const auto amount = Money::nanos(static_cast<std::int64_t>(random.next() % 300'000'000));
    const auto role = static_cast<Spender>(random.next() % kSpenders);
    const CallId id = call(made++);
    const bool borne = slow.bears(account, amount);
    ASSERT_EQ(ledger.reserve(static_cast<Ledger::Account>(account), id, role, amount).has_value(),
              borne);
    if (!borne) return;
    slow.entries[id.value] = {account, amount, true, role};
    open.push_back(id.value);
  }

  // Success, a failure that still costs, a failure that costs nothing, or a call lost in a crash,
  // which is charged in full.
  void end() {
    if (open.empty()) return;
    const std::size_t at = random.next() % open.size();
    auto& entry = slow.entries[open[at]];
    const std::uint64_t how = random.next() % 4;
    if (how == 2) entry.amount = Money();
    if (how < 2) {
      entry.amount = Money::nanos(entry.amount.to_nanos() *
                                  static_cast<std::int64_t>(random.next() % 101) / 100);
    }
    entry.open = false;
    ASSERT_TRUE(ledger.settle({open[at]}, entry.amount));
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
  }

  void compare() const {
    for (std::size_t i = 0; i < slow.accounts.size(); ++i) {
      const int account = static_cast<int>(i);
      ASSERT_EQ(ledger.settled(i), slow.used(account, false));
      ASSERT_EQ(ledger.reserved(i), slow.used(account, true));
      if (const auto& budget = slow.accounts[i].budget) {
        ASSERT_LE(ledger.settled(i) + ledger.reserved(i), *budget);
      }
      Money by_role;
      for (const Money part : ledger.by_role(i)) by_role += part;
      ASSERT_EQ(by_role, ledger.settled(i));
    }
    ASSERT_EQ(ledger.open_calls(), open.size());
  }
};

TEST(LedgerTest, NoInterleavingSpendsPastAnyBudget) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Interleaving run(seed);
    for (int i = 0; i < 120; ++i) {
      ASSERT_NO_FATAL_FAILURE(run.random.next() % 5 < 3 ? run.begin() : run.end()) << seed;
      ASSERT_NO_FATAL_FAILURE(run.compare()) << "seed " << seed << ", step " << i;
    }
    while (!run.open.empty()) run.end();
    run.compare();
    EXPECT_EQ(run.ledger.reserved(), Money());
  }
}

}  // namespace
}  // namespace pareto
