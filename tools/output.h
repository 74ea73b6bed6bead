#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pareto {

// What a model is shown of an output: its head and its tail (tests print their summary last).
inline constexpr std::size_t kOutputHead = 4'000;
inline constexpr std::size_t kOutputTail = 6'000;
inline constexpr std::size_t kOutputMax = kOutputHead + kOutputTail;

// The text, or its first `head` and last `tail` bytes around a line that counts what is missing.
// Cuts between characters, never inside of one.
std::string clip_output(std::string_view text, std::size_t head = kOutputHead,
                        std::size_t tail = kOutputTail);

// The first `bytes` of a text without half a character at the end.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes);
// The last `bytes` of a text without half a character at the start.
std::string_view utf8_suffix(std::string_view text, std::size_t bytes);

bool is_valid_utf8(std::string_view text);
// Every byte that is not part of a character becomes U+FFFD.
std::string to_valid_utf8(std::string_view text);

// A file that holds a zero byte in its first 8,000 bytes, or no valid UTF-8.
bool looks_binary(std::string_view content);

// `text` on one line, at most `bytes` long, with an ellipsis where it was cut.
std::string one_line(std::string_view text, std::size_t bytes);

}  // namespace pareto
