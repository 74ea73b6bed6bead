#pragma once

#include <span>
#include <string>
#include <vector>

#include "agent/core/concern.h"
#include "agent/core/result.h"

namespace pareto {

// Every concern but the budget guard, which is always on, in the order they run by default:
// turn_limit, loop, compaction, reminder, approval.
std::span<const Concern> all_concerns();
std::vector<std::string> default_concern_order();

// The concerns named in `order` without those named in `disabled`. Unknown and repeated names are
// errors, as is the budget guard; an unknown one gets the nearest known name.
Result<std::vector<Concern>> concerns(std::span<const std::string> order,
                                      std::span<const std::string> disabled);

}  // namespace pareto
