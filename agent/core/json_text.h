#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/core/json.h"
#include "agent/core/result.h"

namespace pareto {

inline constexpr int kMaxJsonDepth = 64;

// Parses untrusted JSON. Nesting beyond `max_depth` is an error before any deep value is built, as
// deep values overflow the stack when copied or printed. Errors name line and column.
Result<Json> parse_json(std::string_view text, int max_depth = kMaxJsonDepth);

// Hands `take` the value of each line that is not blank, and the line's number from 1. Stops at the
// first error, be it of the parser or of `take`, with `place` and the number before its text.
Result<void> each_json_line(std::string_view text, std::string_view place,
                            const std::function<Result<void>(Json value, int line)>& take);

// Compact JSON on one line; invalid UTF-8 becomes U+FFFD.
std::string dump_json(const Json& json);

}  // namespace pareto
