#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pareto {

// How many tests a test runner says it ran.
struct TestCounts {
  std::int64_t passed = 0;
  std::int64_t failed = 0;  // with errors
  std::int64_t skipped = 0;

  std::int64_t ran() const { return passed + failed; }
  friend bool operator==(const TestCounts&, const TestCounts&) = default;
};

// Reads the summary of pytest, unittest, GoogleTest, CTest, Cargo, Go (-v), Jest, Mocha or TAP at
// the end of an output; nothing when there is none. An output can claim anything: the exit status
// decides, and this is only evidence that tests ran.
std::optional<TestCounts> count_tests(std::string_view output);

// "3 passed, 1 failed"
std::string to_string(const TestCounts& counts);

}  // namespace pareto
