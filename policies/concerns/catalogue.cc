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

Result<Concern> find(const std::string& name) {
  const auto found = std::ranges::find(kConcerns, name, &Concern::name);
  if (found != kConcerns.end()) return *found;
  const std::vector<std::string> names = default_concern_order();
  const auto nearest = nearest_name(name, names);
  return fail(ErrorCode::invalid,
              fmt::format("unknown concern \"{}\"; {}", name,
                          nearest ? fmt::format("did you mean \"{}\"?", *nearest)
                                  : fmt::format("known are {}", fmt::join(names, ", "))));
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
  for (const std::string& name : disabled) {
    if (auto known = find(name); !known) return std::unexpected(known.error());
  }
  std::vector<Concern> chosen;
  for (const std::string& name : order) {
    const auto concern = find(name);
    if (!concern) return std::unexpected(concern.error());
    if (std::ranges::count(order, name) > 1) {
      return fail(ErrorCode::invalid,
                  fmt::format("concern \"{}\" is named twice; name each once", name));
    }
    if (std::ranges::find(disabled, name) == disabled.end()) chosen.push_back(*concern);
  }
  return chosen;
}

}  // namespace pareto
