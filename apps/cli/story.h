#pragma once

#include <span>
#include <string>

#include "agent/core/event.h"

namespace pareto {

// A run told from its events for a person: what was asked, how it was routed and why, each turn
// with its calls and results, what it cost, how it ended. `whole`: long texts are not shortened.
enum class StoryLength { shortened, whole };
std::string tell_story(std::span<const Event> events, StoryLength length);

// How long the budget guard and each concern took, a line each; empty for a run that has not ended.
std::string tell_concern_times(std::span<const Event> events);

}  // namespace pareto
