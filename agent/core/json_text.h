#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/core/json.h"
#include "agent/core/result.h"

namespace pareto {

inline constexpr int kMaxJsonDepth = 64;

// Parses untrusted JSON. Nesting beyond `max_depth` is an error before any deep value is built, as
// deep values overflow the stack when copied or printed. Errors name line and column.
Result<Json> parse_json(std::string_view text, int max_depth = kMaxJsonDepth);

// Compact JSON on one line; invalid UTF-8 becomes U+FFFD.
std::string dump_json(const Json& json);

}  // namespace pareto
