#pragma once

#include <string>
#include <string_view>

#include "apps/report/page.h"

namespace pareto::reporting {

// A word of a shell command, in single quotes where it needs them.
std::string shell_word(std::string_view text);

// How to get rows like these: the commands, what they depend on (seed, versions, prices, hosts), as
// far as the folders' bench.json and the rows say.
std::string reproduce_html(const SuiteReport& suite, const PageSource& source);

}  // namespace pareto::reporting
