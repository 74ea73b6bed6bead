#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pareto {

// Up to ten texts in a row, and "..." for the others.
std::string first_few(std::span<const std::string> texts, std::string_view between);

}  // namespace pareto
