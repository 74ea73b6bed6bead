#include "apps/bench/answers.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <climits>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cwchar>
#include <cwctype>
#include <map>
#include <sstream>
#include <vector>

namespace pareto {
namespace {

bool is_punctuation(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x80 && std::ispunct(byte) != 0;
}

// Removes "a", "an" and "the" where they are whole words: re2's \b knows ASCII only, and would see
// one in "caña".
std::string without_articles(std::string_view text) {
  static const RE2* const kWord = new RE2("([\\pL\\pN_]+)");
  re2::StringPiece rest(text.data(), text.size());
  re2::StringPiece word;
  std::string result;
  const char* at = text.data();
  while (RE2::FindAndConsume(&rest, *kWord, &word)) {
    result.append(at, word.data());
    at = word.data() + word.size();
    if (word == "a" || word == "an" || word == "the") {
      result += ' ';
    } else {
      result.append(word.data(), word.size());
    }
  }
  return result.append(at, text.data() + text.size());
}

// What str.split() of Python splits at.
const RE2& blanks() {
  static const RE2* const kBlanks = new RE2(
      "[\\t-\\r\\x1c-\\x20\\x{0085}\\x{00A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}"
      "\\x{205F}\\x{3000}]+");
  return *kBlanks;
}

// Single blanks between words, none at the ends.
std::string single_blanks(std::string text) {
  RE2::GlobalReplace(&text, blanks(), " ");
  if (text.ends_with(' ')) text.pop_back();
  if (text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::string upper(std::string letter) {
  for (char& c : letter) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return letter;
}

constexpr std::string_view kMinus = "\u2212";  // as typographers write it

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> result;
  for (std::string word; stream >> word;) result.push_back(word);
  return result;
}

double f1(std::string_view answer, std::string_view gold) {
  const auto predicted = words(normalise_answer(answer));
  const auto expected = words(normalise_answer(gold));
  if (predicted.empty() || expected.empty()) return predicted == expected ? 1 : 0;
  std::map<std::string, int> left;
  for (const std::string& word : expected) ++left[word];
  int common = 0;
  for (const std::string& word : predicted) {
    if (left[word] > 0) {
      --left[word];
      ++common;
    }
  }
  if (common == 0) return 0;
  const double precision = common / static_cast<double>(predicted.size());
  const double recall = common / static_cast<double>(expected.size());
  return 2 * precision * recall / (precision + recall);
}

}  // namespace

// Python's str.lower beyond ASCII. The C library has the table, in a locale that is always there.
std::string lower_case(std::string_view text) {
  static const locale_t kUnicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = kUnicode == nullptr ? nullptr : uselocale(kUnicode);
  std::string result;
  std::mbstate_t reading{};
  for (std::size_t at = 0; at < text.size();) {
    wchar_t character = 0;
    char bytes[MB_LEN_MAX];
    const std::size_t read = std::mbrtowc(&character, text.data() + at, text.size() - at, &reading);
    std::mbstate_t writing{};
    const bool whole = read > 0 && read <= text.size() - at;
    const std::size_t written =
        whole ? std::wcrtomb(bytes, std::towlower(character), &writing) : std::size_t(-1);
    if (written == std::size_t(-1)) {  // no character: the byte as it is
      result += text[at++];
      reading = {};
      continue;
    }
    result.append(bytes, written);
    at += read;
  }
  if (before != nullptr) uselocale(before);
  return result;
}

std::string trim_blanks(std::string_view text) {
  static const RE2* const kEnds =
      new RE2("^" + blanks().pattern() + "|" + blanks().pattern() + "$");
  std::string trimmed(text);
  RE2::GlobalReplace(&trimmed, *kEnds, "");
  return trimmed;
}

std::string without_blanks(std::string_view text) {
  std::string rest(text);
  RE2::GlobalReplace(&rest, blanks(), "");
  return rest;
}

std::string without_punctuation(std::string_view text) {
  std::string rest(text);
  std::erase_if(rest, is_punctuation);
  return rest;
}

std::string normalise_answer(std::string_view answer) {
  return single_blanks(without_articles(without_punctuation(lower_case(answer))));
}

double exact_match(std::string_view answer, std::span<const std::string> golds) {
  const std::string normal = normalise_answer(answer);
  return std::ranges::any_of(
             golds, [&normal](const std::string& gold) { return normalise_answer(gold) == normal; })
             ? 1
             : 0;
}

double token_f1(std::string_view answer, std::span<const std::string> golds) {
  double best = 0;
  for (const std::string& gold : golds) best = std::max(best, f1(answer, gold));
  return best;
}

std::optional<double> last_number(std::string_view answer) {
  static const RE2* const kNumber = new RE2(
      "([-+\\x{2212}]?(?:\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+)"
      "(?:[eE][-+]?\\d+)?)");
  re2::StringPiece rest(answer.data(), answer.size());
  re2::StringPiece found;
  std::string last;
  while (RE2::FindAndConsume(&rest, *kNumber, &found)) {
    last.assign(found.data(), found.size());
    if (last.starts_with(kMinus)) last.replace(0, kMinus.size(), "-");
    // "3-4" is two numbers, and its second is not negative.
    const char* before = found.data();
    if ((last.front() == '-' || last.front() == '+') && before != answer.data() &&
        std::isalnum(static_cast<unsigned char>(before[-1])) != 0) {
      last.erase(0, 1);
    }
  }
  if (last.empty()) return std::nullopt;
  std::erase(last, ',');
  const double value = std::strtod(last.c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::string chosen_letter(std::string_view answer) {
  static const RE2* const kAlone = new RE2("^\\W*([a-zA-Z])\\W*$");
  // "The answer is B", "Answer: **(b)**": said outright, whatever else the text discusses.
  static const RE2* const kSaid = new RE2(
      "(?i:answer(?:\\s+is)?\\s*[:=]?)[\\s*_$\\\\\"']*(?:boxed|text|\\{|\\()*"
      "([A-Z]|[a-z]\\))(?:$|[^\\pL\\d'])");
  // The pronoun in "I think" is no choice.
  static const RE2* const kLone =
      new RE2("(?:^|[^\\pL\\d'])(?:\\(([a-zA-Z])\\)|([A-HJ-Z])|(I))($|[^\\pL\\d'])");
  std::string letter;
  const re2::StringPiece whole(answer.data(), answer.size());
  if (RE2::PartialMatch(whole, *kAlone, &letter)) return upper(letter);
  std::string last;
  re2::StringPiece rest = whole;
  while (RE2::FindAndConsume(&rest, *kSaid, &letter)) last = letter.substr(0, 1);
  if (!last.empty()) return upper(last);
  for (std::size_t from = 0; from < answer.size();) {
    rest = re2::StringPiece(answer.data() + from, answer.size() - from);
    re2::StringPiece in_brackets;
    re2::StringPiece plain;
    re2::StringPiece pronoun;
    re2::StringPiece after;
    if (!RE2::PartialMatch(rest, *kLone, &in_brackets, &plain, &pronoun, &after)) break;
    const auto end = static_cast<std::size_t>(after.data() - answer.data());
    const bool choice = pronoun.empty() || after.empty() || after != " ";
    if (choice)
      last = std::string(!in_brackets.empty() ? in_brackets : plain.empty() ? pronoun : plain);
    from = end;
    if (after.empty()) break;
  }
  return upper(last);
}

}  // namespace pareto
