#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pareto {

// What Python's str.lower, str.strip and str.split know: letters and white space are Unicode's.
std::string lower_case(std::string_view text);
std::string trim_blanks(std::string_view text);
std::string without_blanks(std::string_view text);
// Without the 32 characters of Python's string.punctuation.
std::string without_punctuation(std::string_view text);

// SQuAD's normalisation (Rajpurkar et al. 2016, evaluate-v1.1): lower case, no ASCII punctuation,
// no articles, single blanks. White space and word boundaries are Unicode's, as in the original.
std::string normalise_answer(std::string_view answer);

// Whether the normalised texts are equal, for the best of several gold answers: 1 or 0.
double exact_match(std::string_view answer, std::span<const std::string> golds);

// Token F1 of the normalised texts, 0..1, for the best of several gold answers.
double token_f1(std::string_view answer, std::span<const std::string> golds);

// The last number of a text: "1,234.5", "-3", ".5", "1e-3"; "2/5" gives 5. Nothing when there is
// none, or it is beyond a double.
std::optional<double> last_number(std::string_view text);

// The letter chosen in an answer to a multiple-choice question, in upper case: "B", "(b)",
// "\boxed{B}". What stands after "answer" or "answer is" goes before any other; of several the last
// holds. Empty when there is none: a lone letter is needed, and the C of "CORRECT" is none.
std::string chosen_letter(std::string_view answer);

}  // namespace pareto
