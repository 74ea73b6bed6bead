#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "tools/sandbox/sandbox.h"

namespace pareto {

// What an edit of a .py or .json file breaks that was whole before (`before` is empty for a new
// file): the parser's message, or nothing. Errors that were there already, other kinds of files and
// a parser that can't be run pass.
std::optional<std::string> broken_syntax(std::string_view path,
                                         const std::optional<std::string>& before,
                                         const std::string& after, const Sandbox& sandbox,
                                         std::stop_token stop);

}  // namespace pareto
