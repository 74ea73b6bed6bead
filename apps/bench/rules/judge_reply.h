#pragma once

#include <span>
#include <string_view>

namespace pareto {

// SimpleQA (Wei et al. 2024): what a judge may say of an answer.
enum class SimpleQaGrade { correct, incorrect, not_attempted };

// Reads a judge's reply: "A", "B" or "C" standing alone ("B", "(b).", "C: NOT_ATTEMPTED"), or one
// of the words CORRECT, INCORRECT and NOT_ATTEMPTED. The first letter of prose and the C of
// "CORRECT" are no grades. What can't be read, or names several words, is not_attempted, as the
// authors have it.
SimpleQaGrade simpleqa_grade(std::string_view reply);

// Section 2.3 of the paper; fractions of all questions.
struct SimpleQaMetrics {
  double correct = 0;
  double incorrect = 0;
  double not_attempted = 0;
  double accuracy_given_attempted = 0;  // correct / (correct + incorrect); 0 when none is
  double f1 = 0;                        // harmonic mean of it and `correct`

  friend bool operator==(const SimpleQaMetrics&, const SimpleQaMetrics&) = default;
};
SimpleQaMetrics simpleqa_metrics(std::span<const SimpleQaGrade> grades);

// BrowseComp (Wei et al. 2025): whether a judge's reply has a line "correct: yes". No such line, or
// "no": it is not.
bool browsecomp_correct(std::string_view reply);

// The text behind "Exact Answer:" in the form that BrowseComp asks for, without emphasis; the whole
// text where there is no such line.
std::string_view exact_answer(std::string_view answer);

}  // namespace pareto
