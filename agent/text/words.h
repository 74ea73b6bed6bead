#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pareto {

// ASCII letters in lower case; other bytes as they are.
std::string ascii_lower(std::string_view text);

// The runs of letters, digits, "_" and "'" of a text, bytes outside of ASCII counting as letters.
// The views point into `text`.
std::vector<std::string_view> words_of(std::string_view text);

// The words of a text that look like names of files: a path with a known extension, as in
// "src/gcd.py"; not URLs. The views point into `text`.
std::vector<std::string_view> file_names_in(std::string_view text);

// What sort of file an extension stands for.
enum class FileSort { code, data, prose, unknown };
FileSort sort_of_file(std::string_view path);

}  // namespace pareto
