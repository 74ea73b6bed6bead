#include "agent/text/first_few.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pareto {

std::string first_few(std::span<const std::string> texts, std::string_view between) {
  constexpr std::size_t kMost = 10;
  const auto named = texts.first(std::min(texts.size(), kMost));
  std::string row = fmt::format("{}", fmt::join(named, between));
  if (named.size() < texts.size()) row.append(between).append("...");
  return row;
}

}  // namespace pareto
