#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace pareto {

// A text that can't steer a terminal: without control characters (C0, DEL and C1) but line ends and
// tabs. For what models, tools and pages say.
std::string terminal_text(std::string_view text);

// The text as it is, or `terminal_text` of it where `stream` is a terminal.
std::string text_for(std::FILE* stream, const std::string& text);

}  // namespace pareto
