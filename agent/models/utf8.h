#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pareto {

// Appends `bytes` to `out` as valid UTF-8: every byte that belongs to no character becomes U+FFFD.
// Surrogates that were encoded on their own (as half of a JSON escape arrives when a provider cuts
// between the halves) are joined when they form a pair.
void append_valid_utf8(std::string& out, std::string_view bytes);
std::string valid_utf8(std::string_view bytes);

// The length of `bytes` without a character at its end that may still be completed.
std::size_t complete_utf8(std::string_view bytes);

// Encodes a code point, surrogates included.
void append_code_point(std::string& out, char32_t code_point);

// Appends `text` as a JSON string with its quotes, or as the inside of one. Never fails: invalid
// UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
void append_json_string_body(std::string& out, std::string_view text);

}  // namespace pareto
