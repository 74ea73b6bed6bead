#include "agent/text/words.h"

#include <algorithm>
#include <span>

namespace pareto {
namespace {

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  const char lower = static_cast<char>(c | 0x20);
  return byte >= 0x80 || (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '\'';
}

bool is_path_byte(char c) {
  return (is_word_byte(c) && c != '\'') || c == '.' || c == '/' || c == '-' || c == '\\' ||
         c == ':' || c == '~';
}

template <class Belongs>
std::vector<std::string_view> runs_of(std::string_view text, Belongs belongs) {
  std::vector<std::string_view> runs;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && belongs(text[end])) ++end;
    if (end > begin) runs.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return runs;
}

constexpr std::string_view kCode[] = {"c",   "cc",    "cpp", "cs",   "cxx",   "go",  "h",
                                      "hh",  "hpp",   "hs",  "java", "js",    "jsx", "kt",
                                      "lua", "m",     "php", "pl",   "py",    "r",   "rb",
                                      "rs",  "scala", "sh",  "sql",  "swift", "ts",  "tsx"};
constexpr std::string_view kData[] = {"cfg", "conf", "csv", "ini", "json", "jsonl",
                                      "log", "toml", "tsv", "xml", "yaml", "yml"};
constexpr std::string_view kProse[] = {"htm", "html", "md", "pdf", "rst", "tex", "txt"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

std::vector<std::string_view> words_of(std::string_view text) {
  return runs_of(text, is_word_byte);
}

FileSort sort_of_file(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == path.size()) return FileSort::unknown;
  const std::string extension = ascii_lower(path.substr(dot + 1));
  if (is_one_of(extension, kCode)) return FileSort::code;
  if (is_one_of(extension, kData)) return FileSort::data;
  if (is_one_of(extension, kProse)) return FileSort::prose;
  return FileSort::unknown;
}

std::vector<std::string_view> file_names_in(std::string_view text) {
  std::vector<std::string_view> names;
  for (std::string_view run : runs_of(text, is_path_byte)) {
    while (!run.empty() && (run.back() == '.' || run.back() == ':')) run.remove_suffix(1);
    const bool is_url = run.find("://") != std::string_view::npos || run.starts_with("www.");
    const std::size_t stem = run.rfind('.');
    if (is_url || stem == std::string_view::npos || stem == 0) continue;
    const bool single_letters = stem == 1 && run.size() <= 3;  // "e.g", "i.e"
    if (!single_letters && sort_of_file(run) != FileSort::unknown) names.push_back(run);
  }
  return names;
}

}  // namespace pareto
