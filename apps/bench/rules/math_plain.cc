#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "apps/bench/answers.h"
#include "apps/bench/rules/math_answer.h"

namespace pareto {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxAnswer = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What is written in several ways, as plain text. Longer names come before their beginnings.
constexpr std::array<std::pair<std::string_view, std::string_view>, 48> kPlain{{
    {"\\{", "\x01"},
    {"\\}", "\x02"},
    {"\\lbrace", "\x01"},
    {"\\rbrace", "\x02"},
    {"\\leftarrow", "<-"},
    {"\\left", ""},
    {"\\rightarrow", "->"},
    {"\\right", ""},
    {"\\dfrac", "\\frac"},
    {"\\tfrac", "\\frac"},
    {"\\cfrac", "\\frac"},
    {"\\displaystyle", ""},
    {"\\quad", " "},
    {"\\qquad", " "},
    {"\\!", ""},
    {"\\,", " "},
    {"\\;", " "},
    {"\\:", " "},
    {"\\ ", " "},
    {"~", " "},
    {"\\$", ""},
    {"\\%", ""},
    {"%", ""},
    {"$", ""},
    {"\\(", ""},
    {"\\)", ""},
    {"\\[", ""},
    {"\\]", ""},
    {"^\\circ", ""},
    {"^{\\circ}", ""},
    {"^ \\circ", ""},
    {"\\degree", ""},
    {"\u00b0", ""},
    {"\u2212", "-"},
    {"\\cdots", "..."},
    {"\\cdot", "*"},
    {"\\times", "*"},
    {"\\div", "/"},
    {"\\pi", " pi "},
    {"\u03c0", " pi "},
    {"\\infty", " inf "},
    {"\u221e", " inf "},
    {"\\cup", "\\cup "},
    {"\u222a", "\\cup "},
    {"\\pm", "\\pm "},
    {"\u00b1", "\\pm "},
    {"\\mathrm", "\\text"},
    {"\\mbox", "\\text"},
}};

std::string with_plain_names(std::string_view latex) {
  std::string text;
  while (!latex.empty()) {
    const auto* known = std::ranges::find_if(
        kPlain, [latex](const auto& pair) { return latex.starts_with(pair.first); });
    // "\\" ends a row of a matrix, and is not the beginning of "\ ".
    if (latex.starts_with("\\\\")) {
      text += "\\\\";
      latex.remove_prefix(2);
    } else if (known != kPlain.end()) {
      text += known->second;
      latex.remove_prefix(known->first.size());
    } else {
      text += latex.front();
      latex.remove_prefix(1);
    }
  }
  return text;
}

// The length of a group "{...}" at the start of `text`, or 0.
std::size_t group_length(std::string_view text) {
  if (!text.starts_with('{')) return 0;
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++open;
    if (text[i] == '}' && --open == 0) return i + 1;
  }
  return 0;
}

// \text{...}: a unit behind a number goes, with its exponent; "and" and "or" separate a list; any
// other stands for what it says.
std::string without_text_commands(std::string_view latex) {
  static const RE2* const kText =
      new RE2(R"(\\text(?:bf|it|rm|normal)?\s*\{([^{}]*)\}(\^\{?\d\}?)?)");
  static const RE2* const kAnd = new RE2(R"(\s*,?\s*(?:and|or)\s*)");
  std::string result;
  re2::StringPiece rest(latex.data(), latex.size());
  re2::StringPiece inner;
  re2::StringPiece power;
  const char* at = latex.data();
  while (RE2::FindAndConsume(&rest, *kText, &inner, &power)) {
    const std::string_view whole(at, static_cast<std::size_t>(rest.data() - at));
    const std::size_t command = whole.find("\\text");
    result += whole.substr(0, command);
    at = rest.data();
    const std::size_t last = result.find_last_not_of(' ');
    const bool behind_number =
        last != std::string::npos && (is_digit(result[last]) || result[last] == '}');
    if (RE2::FullMatch(inner, *kAnd)) {
      result += ',';
    } else if (!behind_number) {
      result.append(inner.data(), inner.size());
      result.append(power.data(), power.size());
    }
  }
  return result.append(at, latex.data() + latex.size());
}

// Takes one argument of a command from the start of `text`: a group, a command or a character.
std::string take_argument(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::size_t length = group_length(text);
  const bool group = length > 0;
  if (!group && text.starts_with('\\')) {
    length = 1;
    while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length])) != 0)
      ++length;
  } else if (!group) {
    length = std::min<std::size_t>(1, text.size());
  }
  std::string argument(group ? text.substr(1, length - 2) : text.substr(0, length));
  text.remove_prefix(length);
  return argument;
}

std::string with_plain_commands(std::string_view text, int depth);

std::string plain_fraction(std::string_view& text, std::string& before, int depth) {
  const std::string above = with_plain_commands(take_argument(text), depth);
  const std::string below = with_plain_commands(take_argument(text), depth);
  const std::string fraction = fmt::format("(({})/({}))", above, below);
  while (before.ends_with(' ')) before.pop_back();
  const auto digits = [](const std::string& t) { return std::ranges::all_of(t, is_digit); };
  if (before.empty() || !is_digit(before.back()) || !digits(above) || !digits(below)) {
    return fraction;
  }
  // "2\frac12" is two and a half.
  std::size_t whole = before.size();
  while (whole > 0 && is_digit(before[whole - 1])) --whole;
  const std::string mixed = fmt::format("({}+{})", before.substr(whole), fraction);
  before.resize(whole);
  return mixed;
}

std::string with_plain_commands(std::string_view text, int depth) {
  std::string result;
  if (depth > kMaxDepth) return result;
  const auto take = [&text](std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
  };
  while (!text.empty()) {
    if (take("\\frac")) {
      const std::string fraction = plain_fraction(text, result, depth + 1);
      result += fraction;
    } else if (take("\\sqrt")) {
      while (take(" ")) {
      }
      std::string degree;
      if (const std::size_t end = text.find(']'); text.starts_with('[') && end != text.npos) {
        degree = with_plain_commands(text.substr(1, end - 1), depth + 1);
        text.remove_prefix(end + 1);
      }
      const std::string inner = with_plain_commands(take_argument(text), depth + 1);
      result += degree.empty() ? fmt::format("sqrt({})", inner)
                               : fmt::format("root({})({})", degree, inner);
    } else if (take("^")) {
      const std::string power = with_plain_commands(take_argument(text), depth + 1);
      result += power.size() == 1 ? "^" + power : fmt::format("^({})", power);
    } else if (take("_")) {
      result += "_" + with_plain_commands(take_argument(text), depth + 1);
    } else if (text.starts_with("\\begin") || text.starts_with("\\end")) {
      const std::size_t end = std::min(text.find('}'), text.size() - 1);
      result += text.substr(0, end + 1);
      text.remove_prefix(end + 1);
    } else {
      const char c = text.front();
      result += c == '{' ? '(' : c == '}' ? ')' : c;
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

std::string plain_math(std::string_view latex) {
  static const RE2* const kUnits =
      new RE2(R"(^([-+]?[\d,]*\.?\d+)\s+[a-zA-Z]{2,}(?:\s+[a-zA-Z]{2,})*(?:\s*\^\s*\d)?$)");
  static const RE2* const kNamed =
      new RE2(R"(^(?:[a-zA-Z]|[a-zA-Z]\([a-z]\)|[a-zA-Z]_\d)(?:=|\\in)([^=]+)$)");
  static const RE2* const kThousands = new RE2(R"(^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$)");
  if (latex.size() > kMaxAnswer) return std::string(latex);
  std::string text = without_text_commands(with_plain_names(latex));
  text = trim_blanks(text);
  while (text.ends_with('.') || text.ends_with(' ')) text.pop_back();
  std::string number;
  if (RE2::FullMatch(text, *kUnits, &number) && !text.ends_with(" pi") && !text.ends_with(" inf")) {
    text = number;
  }
  // With its braces still there, "32,\!348" has been joined, and "{,}" is a thousands separator.
  RE2::GlobalReplace(&text, R"(\{,\})", ",");
  text = without_blanks(with_plain_commands(text, 0));
  std::string named;
  if (RE2::FullMatch(text, *kNamed, &named)) text = named;
  if (RE2::FullMatch(text, *kThousands)) std::erase(text, ',');
  if (RE2::FullMatch(text, R"(\([A-Za-z]\))")) text = text.substr(1, 1);
  return text;
}

}  // namespace pareto
