#include "apps/bench/rules/answer_rules.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include "apps/bench/answers.h"
#include "apps/bench/rules/canary_cipher.h"
#include "apps/bench/rules/gaia_answer.h"
#include "apps/bench/rules/judge_reply.h"
#include "apps/bench/rules/math_answer.h"

namespace pareto {
namespace {

double math(std::string_view answer, std::span<const std::string> golds) {
  const std::string found = final_math_answer(answer);
  return std::ranges::any_of(golds,
                             [&found](const std::string& gold) { return math_equal(found, gold); })
             ? 1
             : 0;
}

double gaia(std::string_view answer, std::span<const std::string> golds) {
  return std::ranges::any_of(golds,
                             [answer](const std::string& gold) { return gaia_equal(answer, gold); })
             ? 1
             : 0;
}

// HotpotQA's evaluation (Yang et al. 2018): for yes, no and noanswer a part is worth nothing.
double hotpot_f1(std::string_view answer, std::span<const std::string> golds) {
  const auto is_whole = [](const std::string& text) {
    return text == "yes" || text == "no" || text == "noanswer";
  };
  const std::string found = normalise_answer(answer);
  double best = 0;
  for (const std::string& gold : golds) {
    const std::string expected = normalise_answer(gold);
    if ((is_whole(found) || is_whole(expected)) && found != expected) continue;
    best = std::max(best, token_f1(answer, std::span(&gold, 1)));
  }
  return best;
}

double browsecomp(std::string_view answer, std::span<const std::string> golds) {
  for (const std::string& sealed : golds) {
    const std::size_t blank = sealed.find(' ');
    if (blank == std::string::npos) continue;
    const auto gold = open_with_canary(std::string_view(sealed).substr(0, blank),
                                       std::string_view(sealed).substr(blank + 1));
    if (gold && exact_match(exact_answer(answer), std::span(&*gold, 1)) == 1) return 1;
  }
  return 0;
}

// The items of a list: lines, or parts of a line between ";" or, failing that, ",".
std::set<std::string> items_of(std::string_view answer) {
  static const RE2* const kMark = new RE2(R"(^\s*(?:[-*+]|\d+[.)])\s+)");
  std::string text(answer);
  const auto split = [&text](char mark) { std::ranges::replace(text, mark, '\n'); };
  if (!text.contains('\n')) split(text.contains(';') ? ';' : ',');
  std::istringstream lines(text);
  std::set<std::string> items;
  for (std::string line; std::getline(lines, line);) {
    RE2::Replace(&line, *kMark, "");
    if (std::string item = normalise_answer(line); !item.empty()) items.insert(std::move(item));
  }
  return items;
}

// WebLeaper's reward (Tao et al. 2025, section 4) with precision and recall of equal weight.
double set_f1(std::string_view answer, std::span<const std::string> golds) {
  const std::set<std::string> found = items_of(answer);
  std::set<std::string> expected;
  for (const std::string& gold : golds) expected.insert(normalise_answer(gold));
  const auto common = std::ranges::count_if(
      found, [&expected](const std::string& item) { return expected.contains(item); });
  return 2.0 * static_cast<double>(common) / static_cast<double>(found.size() + expected.size());
}

constexpr std::array<AnswerRule, 5> kRules{{{"math", math},
                                            {"gaia", gaia},
                                            {"hotpot_f1", hotpot_f1},
                                            {"browsecomp", browsecomp},
                                            {"set_f1", set_f1}}};

}  // namespace

const AnswerRule* find_answer_rule(std::string_view type) {
  const auto* rule = std::ranges::find(kRules, type, &AnswerRule::type);
  return rule == kRules.end() ? nullptr : rule;
}

std::string answer_rule_names() {
  std::string names;
  for (const AnswerRule& rule : kRules) names.append(names.empty() ? "" : ", ").append(rule.type);
  return names;
}

}  // namespace pareto
