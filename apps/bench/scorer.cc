#include "apps/bench/scorer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/json_fields.h"
#include "agent/core/json_text.h"
#include "agent/text/first_few.h"
#include "apps/bench/answers.h"
#include "apps/bench/rules/answer_rules.h"
#include "apps/bench/rules/swe_tests.h"
#include "tools/schema/schema.h"
#include "tools/test_counts.h"
#include "tools/workspace/folder.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

// A scorer as read from its JSON; which fields matter depends on `type`.
struct Score {
  std::string type;
  std::vector<std::string> answers;
  double number = 0;
  double tolerance = 1e-6;
  std::string pattern;
  std::string schema;
  std::string command;
  std::map<std::string, std::string> files;
  Milliseconds timeout{10'000};
  std::int64_t expect_tests = 0;
  std::string expect_output;
  bool sealed = false;  // the answers of a judge's score
};

void check_pattern(JsonFields& fields, const char* key, const std::string& pattern) {
  const RE2 compiled(pattern, RE2::Quiet);
  if (!compiled.ok()) {
    fields.add_error(key, "is not a valid RE2 pattern");
  } else if (RE2::PartialMatch("", compiled)) {
    fields.add_error(key, "matches the empty text, so that doing nothing would do");
  }
}

void read_command(JsonFields& fields, Score& score) {
  fields.only({"type", "command", "files", "seconds", "expect_tests", "expect_output"});
  score.command = fields.text("command");
  if (fields.find("command") != nullptr && score.command.empty()) {
    fields.add_error("command", "must not be empty");
  }
  const double seconds = fields.number_or("seconds", 10);
  if (!(seconds > 0) || seconds > 86'400) fields.add_error("seconds", "must be above 0");
  score.timeout = Milliseconds(std::llround(seconds * 1000));
  score.expect_tests = fields.integer_or("expect_tests", 0);
  if (score.expect_tests < 0) fields.add_error("expect_tests", "must be 0 or more");
  score.expect_output = fields.text_or("expect_output", "");
  if (!score.expect_output.empty()) check_pattern(fields, "expect_output", score.expect_output);
  const Json* files = fields.find("files");
  if (files == nullptr) return;
  if (!files->is_object()) return fields.add_error("files", "expected an object of path to text");
  for (const auto& [path, text] : files->items()) {
    if (auto normal = Folder::normal(path); !normal) {
      return fields.add_error("files", normal.error().message);
    }
    if (!text.is_string()) return fields.add_error("files", "every text must be a string");
    score.files[path] = text.get<std::string>();
  }
}

void read_number(JsonFields& fields, Score& score) {
  fields.only({"type", "answer", "tolerance"});
  const Json* answer = fields.need("answer");
  if (answer == nullptr) return;
  if (answer->is_number()) {
    score.number = answer->get<double>();
  } else if (answer->is_string() &&
             RE2::FullMatch(answer->get<std::string>(), R"([-+]?\d+(?:\.\d+)?)")) {
    score.number = std::strtod(answer->get<std::string>().c_str(), nullptr);
  } else {
    fields.add_error("answer", "expected a number or a decimal string");
  }
  score.tolerance = fields.number_or("tolerance", 1e-6);
  if (score.tolerance < 0) fields.add_error("tolerance", "must be 0 or more");
}

void read_answers(JsonFields& fields, Score& score) {
  score.answers = fields.texts("answers");
  if (score.answers.empty()) fields.add_error("answers", "expected a list of at least one answer");
  // Such a one would be met by an empty answer.
  const auto empty = [](const std::string& answer) { return normalise_answer(answer).empty(); };
  if (const auto found = std::ranges::find_if(score.answers, empty); found != score.answers.end()) {
    fields.add_error("answers", fmt::format("nothing is left of \"{}\" once articles and "
                                            "punctuation are gone; use another type of score",
                                            *found));
  }
}

void read_judge(JsonFields& fields, Score& score) {
  fields.only({"type", "answers", "usd", "sealed"});
  read_answers(fields, score);
  score.sealed = fields.flag_or("sealed", false);
  if (fields.optional_money("usd").value_or(Money::nanos(1)) <= Money()) {
    fields.add_error("usd", "must be above 0");
  }
}

void read_rule(JsonFields& fields, const AnswerRule& rule, Score& score) {
  fields.only({"type", "answers"});
  score.answers = fields.texts("answers");
  if (score.answers.empty()) {
    fields.add_error("answers", "expected a list of at least one answer");
  } else if (rule.score("", score.answers) > 0) {
    fields.add_error("answers", "would be met by an empty answer");
  }
}

void read_choice(JsonFields& fields, Score& score) {
  fields.only({"type", "answer"});
  score.answers = {chosen_letter(fields.text("answer"))};
  if (score.answers.front().empty()) fields.add_error("answer", "expected one letter");
}

Result<Score> read_score(const std::string& text) {
  auto json = parse_json(text);
  if (!json) return std::unexpected(json.error());
  JsonFields fields(*json, "score");
  Score score{.type = fields.text("type")};
  if (score.type == "command") {
    read_command(fields, score);
  } else if (score.type == "exact" || score.type == "f1") {
    fields.only({"type", "answers"});
    read_answers(fields, score);
  } else if (score.type == "judge") {
    read_judge(fields, score);
  } else if (const AnswerRule* rule = find_answer_rule(score.type)) {
    read_rule(fields, *rule, score);
  } else if (score.type == "number") {
    read_number(fields, score);
  } else if (score.type == "choice") {
    read_choice(fields, score);
  } else if (score.type == "regex") {
    fields.only({"type", "pattern"});
    score.pattern = fields.text("pattern");
    check_pattern(fields, "pattern", score.pattern);
  } else if (score.type == "schema") {
    fields.only({"type", "schema"});
    if (const Json* schema = fields.need("schema")) {
      score.schema = dump_json(*schema);
      if (auto compiled = Schema::compile(*schema); !compiled) {
        fields.add_error("schema", compiled.error().message);
      }
    }
  } else if (fields.find("type") != nullptr) {
    fields.add_error("type", fmt::format("unknown scorer \"{}\"; known are command, exact, f1, "
                                         "number, choice, regex, schema, judge, swe_tests, {}",
                                         score.type, answer_rule_names()));
  }
  if (auto read = fields.done(); !read) return std::unexpected(read.error());
  return score;
}

double matches_schema(const Score& score, const std::string& answer) {
  const auto value = parse_json(answer);
  const auto wanted = parse_json(score.schema);
  if (!value || !wanted) return 0;
  const auto schema = Schema::compile(*wanted);
  return schema && schema->check(*value).empty() ? 1 : 0;
}

// What the exit status does not say; empty when there is nothing to object to.
std::string objection(const Score& score, const std::string& output) {
  if (score.expect_tests > 0) {
    const auto counts = count_tests(output);
    if (!counts) return fmt::format("no sign of the {} expected tests", score.expect_tests);
    if (counts->ran() < score.expect_tests || counts->failed > 0) {
      return fmt::format("{} of {} expected tests", to_string(*counts), score.expect_tests);
    }
  }
  if (!score.expect_output.empty() && !RE2::PartialMatch(output, score.expect_output)) {
    return "the expected output is not there";
  }
  return "";
}

Result<Scored> run_command(const Score& score, const WorkProduct& work, const Sandbox& sandbox,
                           std::stop_token stop) {
  const ScoredWorkspace found = score_workspace({.workspace = work.workspace,
                                                 .snapshot = work.snapshot,
                                                 .files = score.files,
                                                 .command = score.command,
                                                 .timeout = score.timeout},
                                                sandbox, std::move(stop));
  const Verdict& verdict = found.verdict;
  if (!verdict.error.empty()) return fail(ErrorCode::unavailable, verdict.error);
  std::vector<std::string> notes;
  if (!verdict.passed) {
    notes.push_back(found.ending);
  } else if (std::string why = objection(score, verdict.output); !why.empty()) {
    notes.push_back(std::move(why));
  }
  const double value = notes.empty() ? 1 : 0;
  if (!found.removed.empty()) {
    notes.push_back("removed before scoring: " + first_few(found.removed, ", "));
  }
  return Scored{value, fmt::format("{}", fmt::join(notes, "; "))};
}

double score_answer(const Score& score, const std::string& answer) {
  if (const AnswerRule* rule = find_answer_rule(score.type)) {
    return rule->score(answer, score.answers);
  }
  if (score.sealed) return find_answer_rule("browsecomp")->score(answer, score.answers);
  if (score.type == "exact" || score.type == "judge") return exact_match(answer, score.answers);
  if (score.type == "f1") return token_f1(answer, score.answers);
  if (score.type == "choice") return chosen_letter(answer) == score.answers.front() ? 1 : 0;
  if (score.type == "regex") return RE2::PartialMatch(answer, score.pattern) ? 1 : 0;
  if (score.type == "schema") return matches_schema(score, answer);
  const auto number = last_number(answer);
  return number && std::abs(*number - score.number) <= score.tolerance ? 1 : 0;
}

}  // namespace

Result<void> check_score(const std::string& score) {
  if (score.empty()) return {};
  if (is_swe_tests(score)) return check_swe_tests(score);
  if (auto read = read_score(score); !read) return std::unexpected(read.error());
  return {};
}

Result<Scored> score_work(const std::string& text, const WorkProduct& work, const Sandbox& sandbox,
                          std::stop_token stop) {
  if (text.empty()) return Scored{};
  if (is_swe_tests(text)) return score_swe_tests(text, work, sandbox, std::move(stop));
  auto score = read_score(text);
  if (!score) return std::unexpected(score.error());
  if (score->type == "command") return run_command(*score, work, sandbox, std::move(stop));
  Scored scored{score_answer(*score, work.answer), ""};
  // What equals a gold answer needs no judge, nor does nothing.
  scored.ask_judge =
      score->type == "judge" && scored.score < 1 && !normalise_answer(work.answer).empty();
  return scored;
}

}  // namespace pareto
