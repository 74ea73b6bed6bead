#pragma once

#include <string>
#include <string_view>

#include "agent/core/id.h"
#include "agent/core/outcome.h"
#include "agent/core/task.h"
#include "apps/bench/scorer.h"
#include "apps/bench/suite.h"
#include "apps/system/config.h"

namespace pareto {

// Scores that a model gives where no rule can: {"type": "judge", "answers": [...], "usd": "0.10",
// "sealed": false}. An answer that equals one of the gold ones is right and one that is empty is
// wrong without asking. With `sealed` a gold answer is "BASE64 CANARY" and opened only to be shown
// to the judge.

// The origin of a judge's run in the journal; its task's id is the run that it judges.
inline constexpr std::string_view kJudgeOrigin = "judge";

// What judging one answer may cost; zero for every other type of score.
Money judge_allowance(const std::string& score);

// The model that judges tasks of the suite, by the name that was asked for; empty where none needs
// one. Errors: a model that is not known, or whose price is not.
Result<std::string> judge_for(const Suite& suite, const Config& config, const std::string& asked);

// The question to the judge whether the answer of `judged` is right. The answer is untrusted text:
// it stands between marks of its own and is shortened.
Task judge_task(const Task& task, const std::string& answer, const RunId& judged);

// What the judge said: CORRECT is 1, INCORRECT and NOT_ATTEMPTED 0, and what says none of them as
// if not attempted (SimpleQA, Wei et al. 2024). Errors: unavailable when it did not get to say
// anything, which tells nothing of the answer.
Result<Scored> judgement(const Outcome& outcome);

}  // namespace pareto
