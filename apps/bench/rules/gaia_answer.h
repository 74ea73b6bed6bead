#pragma once

#include <optional>
#include <string_view>

namespace pareto {

// What Python's float() makes of a text: blanks around it, "nan", "inf", "1_000" and "1e5" are
// numbers. Nothing where Python raises ValueError. (Digits of other scripts are none here.)
std::optional<double> python_float(std::string_view text);

// GAIA's rule (Mialon et al. 2023, scorer of its leaderboard). A gold number: the answer without
// "$", "%" and "," must be the same number. A gold list (with "," or ";"): as many elements, each
// equal as a number, or as a text without blanks and in lower case. Any other: equal texts without
// blanks and ASCII punctuation, in lower case. One difference: there an answer that is no number
// counts as infinity, and would equal a gold "inf".
bool gaia_equal(std::string_view answer, std::string_view gold);

}  // namespace pareto
