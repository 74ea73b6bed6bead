#include "policies/concerns/catalogue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "agent/text/nearest_name.h"
#include "policies/concerns/approval.h"
#include "policies/concerns/compaction.h"
#include "policies/concerns/loop.h"
#include "policies/concerns/reminder.h"
#include "policies/concerns/turn_limit.h"

namespace pareto {
namespace {

constexpr std::array<Concern, 5> kConcerns{{{"turn_limit", review_turn_limit},
                                            {"loop", review_loop},
                                            {"compaction", review_compaction},
                                            {"reminder", review_reminder},
                                            {"approval", review_approval}}};

constexpr std::string_view kBudgetGuard = "budget_guard";

Result<Concern> find(const std::string& name) {
  const auto found = std::ranges::find(kConcerns, name, &Concern::name);
  if (found != kConcerns.end()) return *found;
  if (name == kBudgetGuard) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{} is no concern to order or to switch off: it is always on and first", name));
  }
  const std::vector<std::string> names = default_concern_order();
  const auto nearest = nearest_name(name, names);
  return fail(ErrorCode::invalid,
              fmt::format("unknown concern \"{}\"; {}", name,
                          nearest ? fmt::format("did you mean \"{}\"?", *nearest)
                                  : fmt::format("known are {}", fmt::join(names, ", "))));
}

Result<void> check_names(std::span<const std::string> names) {
  for (const std::string& name : names) {
    if (auto known = find(name); !known) return std::unexpected(known.error());
    if (std::ranges::count(names, name) > 1) {
      return fail(ErrorCode::invalid,
                  fmt::format("concern \"{}\" is named twice; name each once", name));
    }
  }
  return {};
}

}  // namespace

std::span<const Concern> all_concerns() { return kConcerns; }

std::vector<std::string> default_concern_order() {
  std::vector<std::string> names;
  for (const Concern& concern : kConcerns) names.emplace_back(concern.name);
  return names;
}

Result<std::vector<Concern>> concerns(std::span<const std::string> order,
                                      std::span<const std::string> disabled) {
  for (const auto& names : {order, disabled}) {
    if (auto checked = check_names(names); !checked) return std::unexpected(checked.error());
  }
  std::vector<Concern> chosen;
  for (const std::string& name : order) {
    if (std::ranges::find(disabled, name) == disabled.end()) chosen.push_back(*find(name));
  }
  return chosen;
}

}  // namespace pareto
