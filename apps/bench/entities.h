#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/core/event.h"
#include "agent/core/json.h"
#include "agent/core/ports.h"
#include "agent/core/task.h"

namespace pareto {

// Which of the passages that an answer rests on a run has read: what the measures of WebLeaper (Tao
// et al. 2025, section 3.4) are computed from, ISR = |obtained| / |required| and
// ISE = |required| / actions.
struct EntityTrace {
  std::vector<std::string> required;  // ids or titles of passages
  std::vector<std::string> obtained;  // those of `required` that were opened, in their order there
  std::int64_t actions = 0;           // tool calls, failed ones too, without `finish`

  friend bool operator==(const EntityTrace&, const EntityTrace&) = default;
};

// What the task's metadata call `required`; empty for most tasks.
std::vector<std::string> required_entities(const Task& task);

// Only what `open` showed counts: a title in search results is no reading.
EntityTrace trace_entities(std::vector<std::string> required, std::span<const Event> events);

// Adds "entities" to a row whose task names required ones. A journal that can't be read leaves the
// row as it is.
void add_entities(Json& row, const Task& task, const RunId& run, Journal& journal);

}  // namespace pareto
