#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pareto {

// A score type that compares an answer with a list of gold answers: 0..1.
struct AnswerRule {
  std::string_view type;
  double (*score)(std::string_view answer, std::span<const std::string> golds);
};

// The best of the gold answers: `math` (equal as mathematics), `gaia`, `hotpot_f1` (yes, no and
// noanswer match whole or not at all), `browsecomp` (a gold answer is "BASE64 CANARY", opened here
// only). All of them: `set_f1`, F1 of the set of items of an answer, which stand one a line.
// Null when no rule has that name.
const AnswerRule* find_answer_rule(std::string_view type);
std::string answer_rule_names();  // "math, gaia, ..."

}  // namespace pareto
