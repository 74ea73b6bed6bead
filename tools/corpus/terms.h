#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pareto {

// The words of a text that say something: lower-case, each once, without English function words
// unless there are no others; at most `limit`. Letters outside of ASCII are part of words.
std::vector<std::string> query_terms(std::string_view text, std::size_t limit = 32);

// All words of a text in order, in lower case (ASCII letters only are folded).
std::vector<std::string> words_of(std::string_view text);
bool is_function_word(std::string_view word);

// The stretch of `text` of at most `bytes` bytes that has most of the terms, cut at words and with
// ellipses where it was cut.
std::string best_snippet(std::string_view text, const std::vector<std::string>& terms,
                         std::size_t bytes = 300);

}  // namespace pareto
