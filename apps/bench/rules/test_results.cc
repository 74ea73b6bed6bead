#include "apps/bench/rules/test_results.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace pareto {
namespace {

constexpr std::array<std::pair<std::string_view, TestStatus>, 11> kWords{{
    {"PASSED", TestStatus::passed},
    {"XPASS", TestStatus::passed},
    {"FAILED", TestStatus::failed},
    {"ERROR", TestStatus::failed},
    {"XFAIL", TestStatus::expected_failure},
    {"SKIPPED", TestStatus::skipped},
    {"ok", TestStatus::passed},
    {"FAIL", TestStatus::failed},
    {"skipped", TestStatus::skipped},
    {"expected failure", TestStatus::expected_failure},
    {"unexpected success", TestStatus::failed},
}};

TestStatus status_of(std::string_view word) {
  const auto* found =
      std::ranges::find(kWords, word, &std::pair<std::string_view, TestStatus>::first);
  return found == kWords.end() ? TestStatus::failed : found->second;
}

// From 3.11 on Python repeats a test's name, "test_a (module.Class.test_a)", which names from
// earlier runs don't.
std::string plain_name(std::string name) {
  static const RE2* const kDotted = new RE2(R"((\w+) \(([\w.]+)\.(\w+)\))");
  std::string test;
  std::string where;
  std::string last;
  const bool repeats = RE2::FullMatch(name, *kDotted, &test, &where, &last) && test == last;
  return repeats ? test + " (" + where + ")" : name;
}

std::optional<TestStatus> find_result(const std::map<std::string, TestStatus>& results,
                                      const std::string& given) {
  const std::string name = plain_name(given);
  if (const auto exact = results.find(name); exact != results.end()) return exact->second;
  if (!name.contains('[') || name.ends_with(']')) return std::nullopt;
  const auto first = results.lower_bound(name);
  if (first == results.end() || !first->first.starts_with(name)) return std::nullopt;
  const auto next = std::next(first);
  const bool unique = next == results.end() || !next->first.starts_with(name);
  return unique ? std::optional(first->second) : std::nullopt;
}

}  // namespace

std::map<std::string, TestStatus> read_test_results(std::string_view output) {
  // "PASSED tests/test_a.py::test_b - why" of pytest -rA.
  static const RE2* const kSummary =
      new RE2(R"((PASSED|XPASS|FAILED|ERROR|XFAIL|SKIPPED) (\S+::.*?)(?: - .*)?)");
  // "tests/test_a.py::test_b PASSED   [ 50%]" of pytest -v.
  static const RE2* const kVerbose = new RE2(
      R"((\S+::.*?) (PASSED|XPASS|FAILED|ERROR|XFAIL|SKIPPED)(?: \(.*\))?\s*(?:\[\s*\d+%\])?)");
  // "test_b (package.module.Class) ... ok" of unittest.
  static const RE2* const kUnittest = new RE2(
      R"((\w+ \([\w.]+\)).*? \.\.\. (ok|FAIL|ERROR|skipped|expected failure|unexpected success)(?: .*)?)");
  std::map<std::string, TestStatus> results;
  while (!output.empty()) {
    const std::size_t end = std::min(output.find('\n'), output.size());
    re2::StringPiece line(output.data(), end);
    output.remove_prefix(std::min(end + 1, output.size()));
    if (line.ends_with("\r")) line.remove_suffix(1);
    std::string name;
    std::string word;
    if (RE2::FullMatch(line, *kSummary, &word, &name) ||
        RE2::FullMatch(line, *kVerbose, &name, &word) ||
        RE2::FullMatch(line, *kUnittest, &name, &word)) {
      results[plain_name(name)] = status_of(word);
    }
  }
  return results;
}

std::vector<std::string> not_passed(const std::map<std::string, TestStatus>& results,
                                    const std::vector<std::string>& fail_to_pass,
                                    const std::vector<std::string>& pass_to_pass) {
  std::vector<std::string> missing;
  const auto passed = [](std::optional<TestStatus> status) {
    return status == TestStatus::passed || status == TestStatus::expected_failure;
  };
  for (const std::string& name : fail_to_pass) {
    if (!passed(find_result(results, name))) missing.push_back(name);
  }
  for (const std::string& name : pass_to_pass) {
    const auto status = find_result(results, name);
    if (!passed(status) && status != TestStatus::skipped) missing.push_back(name);
  }
  return missing;
}

}  // namespace pareto
