#pragma once

#include <optional>

#include "agent/core/money.h"

namespace pareto {

class JsonCursor;

// Reads a "usage" value in the spellings of OpenAI, DeepSeek, xAI and their likes into our
// convention: prompt tokens include cached ones, completion tokens include reasoning ones. Null and
// an object without counts give nothing. Counts are clamped to what can be meant. False when the
// JSON is broken.
bool read_usage_json(JsonCursor& json, std::optional<Usage>& out);

// Reads llama.cpp's "timings".
bool read_timings_json(JsonCursor& json, std::optional<Usage>& out);

}  // namespace pareto
