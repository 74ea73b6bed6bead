#include "apps/bench/rules/math_answer.h"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <utility>
#include <vector>

#include "apps/bench/answers.h"

namespace pareto {
namespace {

using Texts = std::vector<std::string_view>;

constexpr int kMaxDepth = 16;
constexpr double kSlack = 1e-9;  // relative

// Splits where `mark` stands outside of all brackets.
Texts split(std::string_view text, std::string_view mark) {
  Texts parts;
  int open = 0;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '(' || c == '[' || c == '\x01') ++open;
    if (c == ')' || c == ']' || c == '\x02') --open;
    if (open == 0 && text.substr(at).starts_with(mark)) {
      parts.push_back(text.substr(from, at - from));
      from = at + mark.size();
      at = from - 1;
    }
  }
  parts.push_back(text.substr(from));
  return parts;
}

// Whether one pair of brackets holds all of a text.
bool is_bracketed(std::string_view text, std::string_view opening, std::string_view closing) {
  if (text.size() < 2 || !opening.contains(text.front()) || !closing.contains(text.back())) {
    return false;
  }
  int open = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (std::string_view("([\x01").contains(text[at])) ++open;
    if (std::string_view(")]\x02").contains(text[at]) && --open == 0) return at + 1 == text.size();
  }
  return false;
}

std::string_view inside(std::string_view text) { return text.substr(1, text.size() - 2); }

bool is_word(std::string_view text) {
  return text.size() > 1 && std::ranges::all_of(text, [](char c) {
           return std::isalpha(static_cast<unsigned char>(c)) != 0;
         });
}

bool is_integer(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
  });
}

bool same_value(std::string_view a, std::string_view b) {
  // Beyond 2^53 a double would take neighbours for equal.
  if (is_integer(a) && is_integer(b) && std::max(a.size(), b.size()) > 15) return a == b;
  const auto first = math_value(a);
  const auto second = math_value(b);
  return first && second && std::abs(*first - *second) <= kSlack * std::max(1.0, std::abs(*second));
}

bool same(std::string_view a, std::string_view b, int depth);

bool same_in_order(const Texts& a, const Texts& b, int depth) {
  return std::ranges::equal(
      a, b, [depth](std::string_view x, std::string_view y) { return same(x, y, depth); });
}

bool same_in_any_order(const Texts& a, Texts b, int depth) {
  if (a.size() != b.size()) return false;
  for (const std::string_view part : a) {
    const auto found =
        std::ranges::find_if(b, [&](std::string_view other) { return same(part, other, depth); });
    if (found == b.end()) return false;
    b.erase(found);
  }
  return true;
}

// The rows of "\begin(pmatrix)a&b\\c&d\end(pmatrix)"; nothing when it is no matrix.
std::vector<Texts> rows_of(std::string_view text) {
  std::string body;
  if (!RE2::FullMatch(re2::StringPiece(text.data(), text.size()),
                      R"(\\begin.[pbvB]?matrix.(.*)\\end.[pbvB]?matrix.)", nullptr)) {
    return {};
  }
  const std::size_t from = text.find("matrix") + 7;
  const std::size_t end = text.rfind("\\end");
  std::string_view inner = text.substr(from, end - from);
  while (inner.ends_with("\\\\")) inner.remove_suffix(2);
  std::vector<Texts> rows;
  for (const std::string_view row : split(inner, "\\\\")) rows.push_back(split(row, "&"));
  return rows;
}

// "1\pm2" is the list of both.
std::string with_both_signs(std::string_view text) {
  const std::size_t at = text.find("\\pm");
  if (at == std::string_view::npos || text.find("\\pm", at + 3) != std::string_view::npos) {
    return std::string(text);
  }
  // Only the element of a list in which it stands.
  std::size_t from = text.find_last_of(",\x01", at);
  from = from == std::string_view::npos ? 0 : from + 1;
  const std::size_t end = std::min(text.find_first_of(",\x02", at), text.size());
  std::string result(text.substr(0, from));
  for (const char sign : {'+', '-'}) {
    if (sign == '-') result += ',';
    result.append(text.substr(from, at - from)).append(1, sign);
    result.append(text.substr(at + 3, end - at - 3));
  }
  return result.append(text.substr(end));
}

bool same(std::string_view a, std::string_view b, int depth) {
  if (a == b) return !a.empty();
  if (depth > kMaxDepth || a.empty() || b.empty()) return false;
  if (same_value(a, b)) return true;
  if (is_word(a) && is_word(b)) return lower_case(a) == lower_case(b);
  const auto rows = rows_of(a);
  const auto other_rows = rows_of(b);
  if (!rows.empty() || !other_rows.empty()) {
    return std::ranges::equal(rows, other_rows, [depth](const Texts& x, const Texts& y) {
      return same_in_order(x, y, depth + 1);
    });
  }
  for (const std::string_view mark : {"\\cup", ","}) {
    const Texts parts = split(a, mark);
    const Texts others = split(b, mark);
    if (parts.size() > 1 || others.size() > 1) return same_in_any_order(parts, others, depth + 1);
  }
  if (is_bracketed(a, "\x01", "\x02") && is_bracketed(b, "\x01", "\x02")) {
    return same_in_any_order(split(inside(a), ","), split(inside(b), ","), depth + 1);
  }
  if (!is_bracketed(a, "([", ")]") || !is_bracketed(b, "([", ")]")) return false;
  const Texts parts = split(inside(a), ",");
  return a.front() == b.front() && a.back() == b.back() && parts.size() > 1 &&
         same_in_order(parts, split(inside(b), ","), depth + 1);
}

// What the last \boxed or \fbox of a text holds; nothing without one that is closed.
std::optional<std::string_view> boxed(std::string_view text) {
  const std::size_t box = text.rfind("\\boxed");
  const std::size_t frame = text.rfind("\\fbox");
  const std::size_t at = box == std::string_view::npos     ? frame
                         : frame == std::string_view::npos ? box
                                                           : std::max(box, frame);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(text.find_first_of("d x", at + 4));
  rest.remove_prefix(std::min<std::size_t>(1, rest.size()));
  if (!rest.starts_with('{')) {  // "\boxed 5"
    const std::size_t first = rest.find_first_not_of(' ');
    if (first == std::string_view::npos) return std::nullopt;
    return rest.substr(first, rest.find_first_of(" \n$.", first) - first);
  }
  int open = 0;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '{') ++open;
    if (rest[i] == '}' && --open == 0) return rest.substr(1, i - 1);
  }
  return std::nullopt;
}

}  // namespace

std::string final_math_answer(std::string_view solution) {
  static const RE2* const kSaid = new RE2(R"((?i)answer(?:\s+is|\s*:)\s*:?[ \t*]*([^\n]+))");
  if (const auto found = boxed(solution)) return std::string(*found);
  re2::StringPiece rest(solution.data(), solution.size());
  re2::StringPiece line;
  std::string_view last;
  while (RE2::FindAndConsume(&rest, *kSaid, &line)) last = {line.data(), line.size()};
  if (last.empty()) {
    const std::size_t end = solution.find_last_not_of(" \t\r\n");
    if (end == std::string_view::npos) return "";
    const std::size_t before = solution.rfind('\n', end);
    const std::size_t from = before == std::string_view::npos ? 0 : before + 1;
    last = solution.substr(from, end + 1 - from);
  }
  while (!last.empty() && std::string_view("* .\r\t").contains(last.back())) last.remove_suffix(1);
  return std::string(last);
}

bool math_equal(std::string_view answer, std::string_view gold) {
  return same(with_both_signs(plain_math(answer)), with_both_signs(plain_math(gold)), 0);
}

}  // namespace pareto
