#include "agent/core/loop_trace.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

// Arguments with sorted keys and no blanks, so that a reordered object is the same call.
std::string canonical(const std::string& arguments) {
  const auto parsed = parse_json(arguments);
  if (!parsed) return arguments;
  return nlohmann::json(*parsed).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void LoopTrace::add(const ToolCall& call, const ToolResult& result) {
  const Message parts{.text = call.name + "\n" + canonical(call.arguments) + "\n" +
                              to_string(result.status) + "\n" + result.text};
  recent.push_back(chain_hash(0, parts));
  if (recent.size() > kKept) recent.erase(recent.begin());
}

int LoopTrace::repeats() const {
  if (recent.empty()) return 0;
  int most = 1;
  const auto size = static_cast<int>(recent.size());
  for (int cycle = 1; cycle <= kLongestCycle; ++cycle) {
    int same = 0;
    while (same + cycle < size && recent[static_cast<std::size_t>(size - 1 - same)] ==
                                      recent[static_cast<std::size_t>(size - 1 - same - cycle)]) {
      ++same;
    }
    most = std::max(most, same / cycle + 1);
  }
  return most;
}

}  // namespace pareto
