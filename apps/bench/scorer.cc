#include "apps/bench/scorer.h"

#include <fmt/format.h>
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
#include "apps/bench/answers.h"
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
};

void read_command(JsonFields& fields, Score& score) {
  fields.only({"type", "command", "files", "seconds", "expect_tests", "expect_output"});
  score.command = fields.text("command");
  const double seconds = fields.number_or("seconds", 10);
  if (!(seconds > 0) || seconds > 86'400) fields.add_error("seconds", "must be above 0");
  score.timeout = Milliseconds(std::llround(seconds * 1000));
  score.expect_tests = fields.integer_or("expect_tests", 0);
  if (score.expect_tests < 0) fields.add_error("expect_tests", "must be 0 or more");
  score.expect_output = fields.text_or("expect_output", "");
  if (!score.expect_output.empty() && !RE2(score.expect_output, RE2::Quiet).ok()) {
    fields.add_error("expect_output", "is not a valid RE2 pattern");
  }
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
  fields.only({"type", "answers"});
  score.answers = fields.texts("answers");
  if (score.answers.empty()) fields.add_error("answers", "expected a list of at least one answer");
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
    read_answers(fields, score);
  } else if (score.type == "number") {
    read_number(fields, score);
  } else if (score.type == "choice") {
    read_choice(fields, score);
  } else if (score.type == "regex") {
    fields.only({"type", "pattern"});
    score.pattern = fields.text("pattern");
    if (!RE2(score.pattern, RE2::Quiet).ok()) {
      fields.add_error("pattern", "is not a valid RE2 pattern");
    }
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
                                         "number, choice, regex, schema",
                                         score.type));
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

Result<std::optional<double>> run_command(const Score& score, const WorkProduct& work,
                                          const Sandbox& sandbox, std::stop_token stop) {
  const Verdict verdict = score_workspace({.workspace = work.workspace,
                                           .snapshot = work.snapshot,
                                           .files = score.files,
                                           .command = score.command,
                                           .timeout = score.timeout},
                                          sandbox, std::move(stop));
  if (!verdict.error.empty()) return fail(ErrorCode::unavailable, verdict.error);
  bool passed = verdict.passed;
  if (score.expect_tests > 0) {
    const auto counts = count_tests(verdict.output);
    passed = passed && counts && counts->ran() >= score.expect_tests;
  }
  if (!score.expect_output.empty()) {
    passed = passed && RE2::PartialMatch(verdict.output, score.expect_output);
  }
  return passed ? 1.0 : 0.0;
}

}  // namespace

Result<void> check_score(const std::string& score) {
  if (score.empty()) return {};
  if (auto read = read_score(score); !read) return std::unexpected(read.error());
  return {};
}

Result<std::optional<double>> score_work(const std::string& text, const WorkProduct& work,
                                         const Sandbox& sandbox, std::stop_token stop) {
  if (text.empty()) return std::nullopt;
  auto score = read_score(text);
  if (!score) return std::unexpected(score.error());
  if (score->type == "command") return run_command(*score, work, sandbox, std::move(stop));
  if (score->type == "exact") return exact_match(work.answer, score->answers);
  if (score->type == "f1") return token_f1(work.answer, score->answers);
  if (score->type == "choice") return chosen_letter(work.answer) == score->answers.front() ? 1 : 0;
  if (score->type == "regex") return RE2::PartialMatch(work.answer, score->pattern) ? 1 : 0;
  if (score->type == "schema") return matches_schema(*score, work.answer);
  const auto number = last_number(work.answer);
  const double slack = score->tolerance;
  return number && std::abs(*number - score->number) <= slack ? 1 : 0;
}

}  // namespace pareto
