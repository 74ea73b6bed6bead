#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/core/json.h"
#include "agent/core/money.h"
#include "agent/core/result.h"
#include "agent/core/time.h"

namespace pareto {

// Whose work a token is charged to.
enum class Spender { agent, router, judge, memory, compaction, embedding, tool };
inline constexpr std::size_t kSpenders = 7;

// What a check said of the work product.
struct Verdict {
  bool passed = false;
  int exit_code = 0;
  std::string output;  // bounded; what a repair is shown
  std::string error;   // infrastructure failed: no verdict was reached
  Milliseconds took{0};

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

enum class Status { success, failure, limit, error, cancelled };

enum class Reason {
  verified,
  unverified,
  verify_failed,
  turns,
  usd,
  seconds,
  loop,
  invalid_calls,
  context,
  refused_budget,
  cancelled,
  model,
  sandbox,
};

// What a run used, by role, and how much of it is certain.
struct Receipt {
  std::array<Usage, kSpenders> usage{};
  std::array<Money, kSpenders> cost{};
  bool cost_known = true;       // false when a model without a price was used
  bool cost_estimated = false;  // true when a call was settled at its reservation
  int turns = 0;
  int tool_calls = 0;
  int model_calls = 0;
  Milliseconds seconds{0};  // working time; time between a crash and a resume is not work
  Milliseconds model_seconds{0};

  Usage total_usage() const;
  Money total_cost() const;
  // Of prompt tokens, how many the provider served from its cache; 0 without prompt tokens.
  double cached_share() const;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct Outcome {
  Status status = Status::failure;
  Reason reason = Reason::unverified;
  std::string answer;
  std::optional<Verdict> verdict;
  std::string diff;   // unified diff of the workspace, bounded
  std::string error;  // for a person, when status is `error`
  Receipt receipt;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

const char* to_string(Spender spender);
Result<Spender> parse_spender(std::string_view text);
const char* to_string(Status status);
Result<Status> parse_status(std::string_view text);
const char* to_string(Reason reason);
Result<Reason> parse_reason(std::string_view text);

Json to_json(const Usage& usage);
Result<Usage> usage_from_json(const Json& json);
Json to_json(const Verdict& verdict);
Result<Verdict> verdict_from_json(const Json& json);
Json to_json(const Receipt& receipt);
Result<Receipt> receipt_from_json(const Json& json);
Json to_json(const Outcome& outcome);
Result<Outcome> outcome_from_json(const Json& json);

}  // namespace pareto
