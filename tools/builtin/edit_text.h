#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace pareto {

// A text with one stretch replaced.
struct TextEdit {
  std::string text;
  std::size_t first_line = 0;  // of the new stretch in the new text, from 1
  std::size_t last_line = 0;   // first_line - 1 when nothing is left of it
  std::string rule;            // how `old` was found, empty when it stood there to the byte
};

// Replaces the one occurrence of `old` in `content` by `fresh`; every other byte stays, line
// endings and a byte order mark included. When `old` does not occur it is looked for as whole lines
// (a) whatever their line endings, (b) whatever blanks end them, (c) indented otherwise, all by the
// same amount, (d) without line numbers copied from a listing, (e) with the line breaks that were
// escaped twice; `fresh` is adapted the same way and `rule` says so. Errors are phrased for the
// model: the line numbers when `old` occurs more than once, the nearest block when it does not
// occur.
Result<TextEdit> replace_once(std::string_view content, std::string_view old,
                              std::string_view fresh);

}  // namespace pareto
