#include "apps/bench/rules/judge_reply.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>
#include <string>

namespace pareto {
namespace {

std::string_view stripped(std::string_view text) {
  constexpr const char* kAround = " \t\r\n*`\"'";
  const std::size_t first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

}  // namespace

SimpleQaGrade simpleqa_grade(std::string_view reply) {
  static const RE2* const kLetter =
      new RE2(R"((?i)\W*([abc])(?:\W*|\W+(?:correct|incorrect|not[_ ]attempted)\W*))");
  static const RE2* const kWord =
      new RE2(R"((?i)\b(not[_ ]attempted|not correct|incorrect|correct)\b)");
  const re2::StringPiece text(reply.data(), reply.size());
  std::string found;
  if (RE2::FullMatch(text, *kLetter, &found)) {
    switch (found[0] | 0x20) {
      case 'a':
        return SimpleQaGrade::correct;
      case 'b':
        return SimpleQaGrade::incorrect;
      default:
        return SimpleQaGrade::not_attempted;
    }
  }
  std::optional<SimpleQaGrade> grade;
  re2::StringPiece rest = text;
  while (RE2::FindAndConsume(&rest, *kWord, &found)) {
    const char first = static_cast<char>(found[0] | 0x20);
    const char last = static_cast<char>(found.back() | 0x20);
    const SimpleQaGrade said = first == 'c'  ? SimpleQaGrade::correct
                               : last == 't' ? SimpleQaGrade::incorrect
                                             : SimpleQaGrade::not_attempted;
    if (grade && *grade != said) return SimpleQaGrade::not_attempted;
    grade = said;
  }
  return grade.value_or(SimpleQaGrade::not_attempted);
}

SimpleQaMetrics simpleqa_metrics(std::span<const SimpleQaGrade> grades) {
  if (grades.empty()) return {};
  const auto share = [grades](SimpleQaGrade grade) {
    return static_cast<double>(std::ranges::count(grades, grade)) /
           static_cast<double>(grades.size());
  };
  SimpleQaMetrics metrics{.correct = share(SimpleQaGrade::correct),
                          .incorrect = share(SimpleQaGrade::incorrect),
                          .not_attempted = share(SimpleQaGrade::not_attempted)};
  const double attempted = metrics.correct + metrics.incorrect;
  if (attempted > 0) metrics.accuracy_given_attempted = metrics.correct / attempted;
  const double sum = metrics.accuracy_given_attempted + metrics.correct;
  if (sum > 0) metrics.f1 = 2 * metrics.accuracy_given_attempted * metrics.correct / sum;
  return metrics;
}

bool browsecomp_correct(std::string_view reply) {
  static const RE2* const kLine = new RE2(R"((?im)^[\s*_-]*correct[*_]*\s*:[\s*_]*(yes|no)\b)");
  std::string said;
  return RE2::PartialMatch(re2::StringPiece(reply.data(), reply.size()), *kLine, &said) &&
         (said[0] | 0x20) == 'y';
}

std::string_view exact_answer(std::string_view answer) {
  static const RE2* const kLine = new RE2(R"((?im)^[\s*_#-]*exact answer[*_]*\s*:[ \t]*([^\n]*))");
  re2::StringPiece rest(answer.data(), answer.size());
  re2::StringPiece found;
  std::string_view last = answer;
  while (RE2::FindAndConsume(&rest, *kLine, &found)) last = {found.data(), found.size()};
  return stripped(last);
}

}  // namespace pareto
