#include "apps/bench/rules/gaia_answer.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "apps/bench/answers.h"

namespace pareto {
namespace {

// The number that GAIA sees in an answer.
std::optional<double> answered_number(std::string_view answer) {
  std::string text(answer);
  std::erase_if(text, [](char c) { return c == '$' || c == '%' || c == ','; });
  return python_float(text);
}

std::vector<std::string_view> elements(std::string_view list) {
  std::vector<std::string_view> result;
  for (std::size_t from = 0;;) {
    const std::size_t end = list.find_first_of(",;", from);
    result.push_back(list.substr(from, end - from));
    if (end == std::string_view::npos) return result;
    from = end + 1;
  }
}

bool same_number(std::string_view answer, double gold) {
  const auto number = answered_number(answer);
  return number && *number == gold;
}

std::string compact(std::string_view text) { return without_blanks(lower_case(text)); }

}  // namespace

std::optional<double> python_float(std::string_view text) {
  static const RE2* const kNumber = new RE2(
      R"((?i)[-+]?(?:inf|infinity|nan|(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[-+]?\d(?:_?\d)*)?))");
  std::string number = trim_blanks(text);
  if (!RE2::FullMatch(number, *kNumber)) return std::nullopt;
  std::erase(number, '_');
  return std::strtod(number.c_str(), nullptr);
}

bool gaia_equal(std::string_view answer, std::string_view gold) {
  if (const auto number = python_float(gold)) return same_number(answer, *number);
  if (gold.find_first_of(",;") == std::string_view::npos) {
    return without_punctuation(compact(answer)) == without_punctuation(compact(gold));
  }
  const auto expected = elements(gold);
  const auto found = elements(answer);
  return std::ranges::equal(found, expected, [](std::string_view a, std::string_view b) {
    const auto number = python_float(b);
    return number ? same_number(a, *number) : compact(a) == compact(b);
  });
}

}  // namespace pareto
