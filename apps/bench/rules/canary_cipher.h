#pragma once

#include <string>
#include <string_view>

#include "agent/core/result.h"

namespace pareto {

// Undoes the cipher by which BrowseComp (Wei et al. 2025) keeps its items out of training data:
// base64 of the text XORed with SHA-256(canary), repeated. invalid: no base64.
Result<std::string> open_with_canary(std::string_view sealed, std::string_view canary);
std::string seal_with_canary(std::string_view text, std::string_view canary);

}  // namespace pareto
