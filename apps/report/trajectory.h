#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "agent/core/event.h"

namespace pareto::reporting {

// A run as HTML, from its events: the task, the route and why, every turn folded, checks, answer
// and changes, spend by role. Texts are shortened in the middle; after `most_bytes` the rest of the
// events is left out, and said so.
std::string trajectory_html(std::span<const Event> events, std::size_t most_bytes);

}  // namespace pareto::reporting
