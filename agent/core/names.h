#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>
#include <utility>

#include "agent/core/result.h"

namespace pareto {

// The enumerators of a type with their names in files, in one table for both directions.
template <class Enum, std::size_t N>
using NameTable = std::array<std::pair<Enum, const char*>, N>;

template <class Enum, std::size_t N>
const char* name_in(const NameTable<Enum, N>& table, Enum value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return "unknown";
}

template <class Enum, std::size_t N>
Result<Enum> value_in(const NameTable<Enum, N>& table, std::string_view text,
                      std::string_view what) {
  std::string known;
  for (const auto& [value, name] : table) {
    if (text == name) return value;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  return fail(ErrorCode::invalid,
              fmt::format("expected a {} (one of {}); found \"{}\"", what, known, text));
}

}  // namespace pareto
