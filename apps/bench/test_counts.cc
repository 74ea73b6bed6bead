#include "apps/bench/test_counts.h"

#include <re2/re2.h>

#include <algorithm>
#include <string>

namespace pareto {

int tests_run(std::string_view output) {
  static const RE2* const kRan = new RE2("(?m)^Ran (\\d{1,6}) tests? in");
  static const RE2* const kPlan = new RE2("(?m)^1\\.\\.(\\d{1,6})\\s*$");
  static const RE2* const kCount = new RE2("(\\d{1,6}) (?:passed|failed|errors?)\\b");
  const re2::StringPiece text(output.data(), output.size());
  int number = 0;
  if (RE2::PartialMatch(text, *kRan, &number)) return number;
  int most = 0;
  re2::StringPiece rest = text;
  int sum = 0;
  while (RE2::FindAndConsume(&rest, *kCount, &number)) sum += number;
  most = std::max(most, sum);
  if (RE2::PartialMatch(text, *kPlan, &number)) most = std::max(most, number);
  return most;
}

}  // namespace pareto
