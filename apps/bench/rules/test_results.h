#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pareto {

// How one test ended.
enum class TestStatus { passed, failed, skipped, expected_failure };

// The tests that pytest (-rA, or -v) or unittest (-v) name in their output, with how they ended;
// the last mention counts.
std::map<std::string, TestStatus> read_test_results(std::string_view output);

// Which tests stand against SWE-bench's verdict "resolved" (Jimenez et al. 2024; its harness,
// grading): those of `fail_to_pass` and `pass_to_pass` that did not pass. An expected failure counts
// as passed; a skipped test is good enough for `pass_to_pass` only; one that is not named did not
// pass. A name with parameters that was cut off, "test_a[x", stands for the one result that begins
// so.
std::vector<std::string> not_passed(const std::map<std::string, TestStatus>& results,
                                    const std::vector<std::string>& fail_to_pass,
                                    const std::vector<std::string>& pass_to_pass);

}  // namespace pareto
