#pragma once

#include <complex>
#include <optional>
#include <string>
#include <string_view>

namespace pareto {

// The final answer within a solution: the last \boxed{...} or \fbox{...}; else what stands behind
// the last "answer is" or "answer:"; else the last line that is not blank.
std::string final_math_answer(std::string_view solution);

// Whether two answers of the MATH data set (Hendrycks et al. 2021) say the same. LaTeX that does
// not matter is left out (\left, \text, units, degrees, percent, dollars, spacing, "x =");
// \frac12, 1/2 and 0.5 are equal, as are any two expressions without variables of the same value;
// tuples, intervals and matrices are compared element by element, sets, plain lists and unions in
// any order. Expressions with variables must be written alike.
bool math_equal(std::string_view answer, std::string_view gold);

// The one form in which answers are compared: plain characters without blanks, \frac{a}{b} as
// ((a)/(b)), \sqrt{a} as sqrt(a), braces of sets as bytes 1 and 2.
std::string plain_math(std::string_view latex);

// The value of an expression in the form of `plain_math`, without variables but with pi and i;
// nothing when it is none, or not finite.
std::optional<std::complex<double>> math_value(std::string_view plain);

}  // namespace pareto
