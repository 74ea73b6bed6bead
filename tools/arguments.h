#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "agent/core/tool.h"
#include "tools/schema/schema.h"

namespace pareto {

// Bounds on what a model may write as the arguments of a call.
inline constexpr int kMaxArgumentDepth = 64;
inline constexpr std::size_t kMaxArgumentBytes = 1 << 20;

// Reads the arguments of a call as a model wrote them: empty text means no arguments, an object in
// a JSON string is unwrapped, and values of the wrong scalar type that mean exactly one value of
// the right type ("3" for 3, null for an absent optional) are taken for it. Errors are phrased for
// the model; the schema is quoted only to one that wrote no JSON.
Result<Json> read_arguments(std::string_view text, const ToolSpec& spec, const Schema& schema);

}  // namespace pareto
