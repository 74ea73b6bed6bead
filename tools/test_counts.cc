#include "tools/test_counts.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "tools/output.h"

namespace pareto {
namespace {

using Counted = std::optional<TestCounts>;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// The last number that `pattern` captures, or `fallback`.
std::int64_t last_number(std::string_view text, const char* pattern, std::int64_t fallback = 0) {
  const RE2 compiled(pattern);
  re2::StringPiece rest = piece(text);
  std::int64_t number = fallback;
  std::int64_t found = 0;
  while (RE2::FindAndConsume(&rest, compiled, &found)) number = found;
  return number;
}

bool occurs(std::string_view text, const char* pattern) {
  return RE2::PartialMatch(piece(text), pattern);
}

std::int64_t occurrences(std::string_view text, const char* pattern) {
  const RE2 compiled(pattern);
  re2::StringPiece rest = piece(text);
  std::int64_t count = 0;
  while (RE2::FindAndConsume(&rest, compiled)) ++count;
  return count;
}

// "==== 1 failed, 2 passed, 1 skipped in 0.03s ====" or the same of -q without the bars.
Counted pytest(std::string_view text) {
  const RE2 line(R"((?m)^=*\s?((?:\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed|)"
                 R"(warnings?|deselected)(?:, )?)+) in [\d.]+s)");
  re2::StringPiece rest = piece(text);
  std::string found;
  std::string summary;
  while (RE2::FindAndConsume(&rest, line, &found)) summary = found;
  if (summary.empty()) return std::nullopt;
  return TestCounts{
      last_number(summary, R"((\d+) passed)") + last_number(summary, R"((\d+) xpassed)"),
      last_number(summary, R"((\d+) failed)") + last_number(summary, R"((\d+) errors?)"),
      last_number(summary, R"((\d+) skipped)") + last_number(summary, R"((\d+) xfailed)")};
}

// "Ran 5 tests in 0.1s", then "OK (skipped=1)" or "FAILED (failures=1, errors=2)".
Counted unittest(std::string_view text) {
  if (!occurs(text, R"((?m)^Ran \d+ tests? in )")) return std::nullopt;
  const std::int64_t ran = last_number(text, R"((?m)^Ran (\d+) tests? in )");
  const std::size_t end = text.rfind("\nRan ");
  const std::string_view verdict = end == std::string_view::npos ? text : text.substr(end);
  TestCounts counts;
  counts.failed = last_number(verdict, R"(failures=(\d+))") +
                  last_number(verdict, R"(errors=(\d+))") +
                  last_number(verdict, R"(unexpected successes=(\d+))");
  counts.skipped =
      last_number(verdict, R"(skipped=(\d+))") + last_number(verdict, R"(expected failures=(\d+))");
  counts.passed = std::max<std::int64_t>(0, ran - counts.failed - counts.skipped);
  return counts;
}

Counted google_test(std::string_view text) {
  if (!occurs(text, R"(\[  PASSED  \] \d+ tests?)")) return std::nullopt;
  return TestCounts{last_number(text, R"(\[  PASSED  \] (\d+) tests?)"),
                    last_number(text, R"(\[  FAILED  \] (\d+) tests?)"),
                    last_number(text, R"(\[  SKIPPED \] (\d+) tests?)")};
}

// "67% tests passed, 1 tests failed out of 3"
Counted ctest(std::string_view text) {
  if (!occurs(text, R"(% tests passed, \d+ tests failed out of \d+)")) return std::nullopt;
  const std::int64_t failed = last_number(text, R"(% tests passed, (\d+) tests failed)");
  return TestCounts{last_number(text, R"(tests failed out of (\d+))") - failed, failed, 0};
}

// One line a binary: "test result: ok. 3 passed; 0 failed; 1 ignored"
Counted cargo(std::string_view text) {
  const RE2 line(R"(test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored)");
  re2::StringPiece rest = piece(text);
  TestCounts sum;
  TestCounts one;
  bool any = false;
  while (RE2::FindAndConsume(&rest, line, &one.passed, &one.failed, &one.skipped)) {
    any = true;
    sum.passed += one.passed;
    sum.failed += one.failed;
    sum.skipped += one.skipped;
  }
  return any ? Counted(sum) : std::nullopt;
}

Counted go(std::string_view text) {
  if (!occurs(text, R"((?m)^--- (?:PASS|FAIL|SKIP): )")) return std::nullopt;
  return TestCounts{occurrences(text, R"((?m)^--- PASS: )"),
                    occurrences(text, R"((?m)^--- FAIL: )"),
                    occurrences(text, R"((?m)^--- SKIP: )")};
}

// "Tests:       1 failed, 2 passed, 3 total"
Counted jest(std::string_view text) {
  const RE2 line(R"((?m)^Tests:\s+(.*\d+ total))");
  std::string summary;
  if (!RE2::PartialMatch(piece(text), line, &summary)) return std::nullopt;
  return TestCounts{last_number(summary, R"((\d+) passed)"),
                    last_number(summary, R"((\d+) failed)"),
                    last_number(summary, R"((\d+) (?:skipped|todo))")};
}

// "  3 passing (5ms)" and "  1 failing"
Counted mocha(std::string_view text) {
  if (!occurs(text, R"((?m)^\s+\d+ passing)")) return std::nullopt;
  return TestCounts{last_number(text, R"((?m)^\s+(\d+) passing)"),
                    last_number(text, R"((?m)^\s+(\d+) failing)"),
                    last_number(text, R"((?m)^\s+(\d+) pending)")};
}

Counted tap(std::string_view text) {
  if (!occurs(text, R"((?m)^1\.\.\d+$)")) return std::nullopt;
  return TestCounts{occurrences(text, R"((?m)^ok \d+)"), occurrences(text, R"((?m)^not ok \d+)"),
                    0};
}

}  // namespace

std::optional<TestCounts> count_tests(std::string_view output) {
  // Summaries stand at the end.
  constexpr std::size_t kRead = 1 << 20;
  const std::string text = to_valid_utf8(utf8_suffix(output, kRead));
  for (const auto& reader : {pytest, unittest, google_test, ctest, cargo, go, jest, mocha, tap}) {
    if (auto counts = reader(text)) return counts;
  }
  return std::nullopt;
}

std::string to_string(const TestCounts& counts) {
  std::string text = fmt::format("{} passed, {} failed", counts.passed, counts.failed);
  if (counts.skipped > 0) text += fmt::format(", {} skipped", counts.skipped);
  return text;
}

}  // namespace pareto
