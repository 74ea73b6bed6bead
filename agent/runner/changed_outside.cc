#include "agent/runner/changed_outside.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pareto {

Error changed_outside(const Run& run, std::span<const std::string> paths) {
  constexpr std::size_t kNamed = 3;
  const auto named = paths.first(std::min(paths.size(), kNamed));
  const std::string more =
      paths.size() > kNamed ? fmt::format(" and {} more", paths.size() - kNamed) : "";
  return {ErrorCode::invalid,
          fmt::format("the workspace of run {} was changed from outside since its last event: {}{}; "
                      "expected it as the run left it. Put it back, or go on with it as it is: "
                      "--force",
                      run.id().value, fmt::join(named, ", "), more)};
}

}  // namespace pareto
