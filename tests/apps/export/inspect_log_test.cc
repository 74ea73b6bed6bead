#include "apps/export/inspect_log.h"

#include <algorithm>

#include "agent/core/json_text.h"
#include "apps/export/inspect_rows.h"
#include "apps/export/inspect_sample.h"
#include "tests/apps/export/export_fixture.h"

namespace pareto::exporting {
namespace {

using reporting::ReportRow;
using reporting::SuiteRows;

ReportRow row_of(const std::string& task, std::int64_t repeat, std::optional<double> score,
                 const std::string& events) {
  ReportRow row{.status = "success", .reason = "verified", .run = events, .seed = 1};
  row.observation = {.task = task,
                     .task_class = "repair",
                     .arm = {"auto", "local"},
                     .repeat = repeat,
                     .score = score,
                     .ending = offline::Ending::success,
                     .list_cost = Money::nanos(518'400),
                     .prompt_tokens = 400,
                     .completion_tokens = 40,
                     .seconds = 4.08,
                     .turns = 4};
  return row;
}

// Rows of the golden runs, of a run without a journal, and of one that failed.
SuiteRows suite() {
  SuiteRows rows{.suite = "demo", .suite_hash = "5e1f"};
  rows.rows.push_back(row_of("gcd", 0, 1.0, "agentic_repair"));
  rows.rows.push_back(row_of("gcd", 1, 0.5, "instant_repair"));
  rows.rows.push_back(row_of("hop", 0, 0.0, "agentic_wrap_up"));
  rows.rows.back().status = "limit";
  rows.rows.back().reason = "turns";
  rows.rows.push_back(row_of("lost", 0, 1.0, "01JD0000000000000000000009"));
  rows.rows.push_back(row_of("down", 0, std::nullopt, ""));
  rows.rows.back().status = "error";
  rows.rows.back().error = "the server is down";
  rows.rows.back().observation.ending = offline::Ending::infrastructure_error;
  rows.rows.push_back(row_of("gcd", 0, 1.0, ""));
  rows.rows.back().observation.arm = {"instant", "local"};
  return rows;
}

Result<std::vector<Event>> events_of(const ReportRow& row) {
  if (row.run.find('_') == std::string::npos) return fail(ErrorCode::not_found, "no journal");
  return golden_events(row.run);
}

InspectLog log_of(const SuiteRows& rows) {
  return inspect_log(rows, {"auto", "local"}, events_of, "0.1.0");
}

Json document_of(const InspectLog& log, const std::string& name) {
  const auto entry = std::ranges::find(log.entries, name, &ZipEntry::name);
  return entry == log.entries.end() ? Json() : parse_json(entry->text).value();
}

TEST(InspectLogTest, TheDocumentsOfAnArmAreAsExpected) {
  const InspectLog log = log_of(suite());
  Json documents = Json::object();
  for (const ZipEntry& entry : log.entries) documents[entry.name] = *parse_json(entry.text);
  expect_golden("demo.eval.json", documents);
  EXPECT_EQ(log.samples, 5);
  EXPECT_EQ(log.without_events, 2);
  EXPECT_EQ(log.file_name.substr(0, 36), "2023-11-14T22-13-20_demo-auto-local_");
}

TEST(InspectLogTest, ASuiteHasALogForEachArm) {
  EXPECT_EQ(arms_of(suite()),
            (std::vector<offline::ArmId>{{"auto", "local"}, {"instant", "local"}}));
}

TEST(InspectLogTest, TheSameRowsGiveTheSameLog) {
  const InspectLog one = log_of(suite());
  const InspectLog other = log_of(suite());
  EXPECT_EQ(*zip_archive(one.entries, one.created), *zip_archive(other.entries, other.created));
}

TEST(InspectLogTest, TheUsageOfSamplesAddsUpToThatOfTheLog) {
  const InspectLog log = log_of(suite());
  std::int64_t input = 0;
  double cost = 0;
  for (const ZipEntry& entry : log.entries) {
    if (!entry.name.starts_with("samples/")) continue;
    const Json usage = parse_json(entry.text).value()["model_usage"]["local"];
    input += usage["input_tokens"].get<std::int64_t>();
    cost += usage["total_cost"].get<double>();
  }
  const Json total = document_of(log, "header.json")["stats"]["model_usage"]["local"];
  EXPECT_EQ(total["input_tokens"], input);
  EXPECT_NEAR(total["total_cost"].get<double>(), cost, 1e-9);
}

TEST(InspectLogTest, WhatACallCostAddsUpToWhatTheRowSays) {
  for (const char* name : {"agentic_repair", "agentic_wrap_up", "instant_repair"}) {
    const RunTurns turns = turns_of_golden(name);
    const Spending spending = spending_of(row_of("t", 0, 1.0, name), &turns);
    ASSERT_EQ(spending.size(), 1U);
    EXPECT_EQ(spending.at("local").usage, turns.receipt().total_usage());
    EXPECT_EQ(spending.at("local").cost, turns.receipt().total_cost());
  }
}

TEST(InspectLogTest, ACostThatIsUnknownStaysSo) {
  ReportRow row = row_of("t", 0, 1.0, "");
  row.observation.list_cost.reset();
  const InspectSample sample = inspect_sample(row, nullptr);
  EXPECT_FALSE(sample.sample["model_usage"]["local"].contains("total_cost"));
  EXPECT_FALSE(sample.sample["metadata"].contains("cost_usd"));
}

TEST(InspectLogTest, NamesOfTasksLeadNowhere) {
  SuiteRows rows{.suite = "../s", .suite_hash = ""};
  for (const char* id : {"../../etc/passwd", "/root", "Python/0", "a\\b\n"}) {
    rows.rows.push_back(row_of(id, 0, 1.0, ""));
  }
  std::vector<std::string> names;
  const InspectLog log = log_of(rows);
  for (const ZipEntry& entry : log.entries) {
    if (entry.name.starts_with("samples/")) names.push_back(entry.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{
                       "samples/_/_/etc/passwd_epoch_1.json", "samples/_/root_epoch_1.json",
                       "samples/Python/0_epoch_1.json", "samples/a_b__epoch_1.json"}));
  EXPECT_EQ(log.file_name.find('/'), std::string::npos);
}

// Back through the import: what a report needs of a row is what was written.
TEST(InspectLogTest, RowsComeBack) {
  const InspectLog log = log_of(suite());
  const std::string bytes = *zip_archive(log.entries, log.created);
  auto archive = ZipReader::of_bytes(bytes, "FILE");
  ASSERT_TRUE(archive.has_value());
  const auto read = read_inspect_log(*archive, "FILE");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->notes, std::vector<std::string>{});
  std::vector<std::string> told;
  for (const Json& row : read->rows) {
    told.push_back(row["task"].get<std::string>() + " " + row["repeat"].dump() + " " +
                   row["status"].get<std::string>() + " " + row["score"].dump() + " " +
                   row["cost_usd"].get<std::string>());
    EXPECT_EQ(row["suite"], "demo");
    EXPECT_EQ(row["suite_hash"], "5e1f");
    EXPECT_EQ(row["mode"], "inspect:auto");
    EXPECT_EQ(row["class"], "repair");
  }
  EXPECT_EQ(told, (std::vector<std::string>{
                      "gcd 0 success 1.0 0.000518400", "gcd 1 success 0.5 0.000259200",
                      "hop 0 limit 0.0 0.000388800", "lost 0 success 1.0 0.000518400",
                      "down 0 error null 0.000518400"}));
}

}  // namespace
}  // namespace pareto::exporting
