#include "apps/bench/answers.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>
#include <vector>

namespace pareto {
namespace {

bool is_word_byte(unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c >= 0x80; }

// White space of Unicode beyond ASCII becomes a blank, so that splitting on blanks is enough.
std::string plain_blanks(std::string text) {
  static const RE2* const kBlank = new RE2(
      "[\\s\\x{0085}\\x{00A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}"
      "\\x{205F}\\x{3000}]+");
  RE2::GlobalReplace(&text, *kBlank, " ");
  return text;
}

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

std::string normalise_answer(std::string_view answer) {
  std::string text;
  for (const char c : plain_blanks(std::string(answer))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::ispunct(byte) != 0) continue;
    text += byte < 0x80 ? static_cast<char>(std::tolower(byte)) : c;
  }
  std::string result;
  std::size_t i = 0;
  while (i < text.size()) {
    if (!is_word_byte(static_cast<unsigned char>(text[i]))) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word_byte(static_cast<unsigned char>(text[end]))) ++end;
    const std::string_view word = std::string_view(text).substr(i, end - i);
    if (word != "a" && word != "an" && word != "the") {
      if (!result.empty()) result += ' ';
      result += word;
    }
    i = end;
  }
  return result;
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

std::optional<double> last_number(std::string_view text) {
  static const RE2* const kNumber =
      new RE2("([-+]?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?(?:[eE][-+]?\\d+)?|[-+]?\\.\\d+)");
  re2::StringPiece rest(text.data(), text.size());
  re2::StringPiece found;
  std::string last;
  while (RE2::FindAndConsume(&rest, *kNumber, &found)) {
    last.assign(found.data(), found.size());
    // "3-4" is two numbers, and its second is not negative.
    const char* before = found.data();
    if ((last.front() == '-' || last.front() == '+') && before != text.data() &&
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
  static const RE2* const kLone = new RE2("(?:^|[^\\pL\\d'])([A-Z])(?:$|[^\\pL\\d'])");
  static const RE2* const kAlone = new RE2("^\\W*([a-zA-Z])\\W*$");
  std::string letter;
  const re2::StringPiece whole(answer.data(), answer.size());
  if (RE2::PartialMatch(whole, *kAlone, &letter)) {
    return {static_cast<char>(std::toupper(static_cast<unsigned char>(letter.front())))};
  }
  std::string last;
  std::size_t from = 0;
  while (from < answer.size()) {
    re2::StringPiece rest(answer.data() + from, answer.size() - from);
    re2::StringPiece found;
    if (!RE2::PartialMatch(rest, *kLone, &found)) break;
    last.assign(found.data(), found.size());
    from = static_cast<std::size_t>(found.data() - answer.data()) + 1;
  }
  return last;
}

}  // namespace pareto
