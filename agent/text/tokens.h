#pragma once

#include <cstdint>
#include <string_view>

namespace pareto {

// About how many tokens a text has, counted by kinds of bytes: five letters or two symbols to a
// token, and one per character outside of ASCII. For forecasts only, never for a limit.
std::int64_t estimated_tokens(std::string_view text);

// No byte-level tokenizer makes more tokens than this: one per UTF-8 byte. For reservations.
inline std::int64_t token_bound(std::string_view text) {
  return static_cast<std::int64_t>(text.size());
}

}  // namespace pareto
