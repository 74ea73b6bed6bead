#include "apps/report/report.h"

#include <cmath>

#include "apps/report/csv.h"
#include "apps/report/json.h"
#include "apps/report/terminal.h"
#include "tests/apps/report/report_fixture.h"

// The files in golden/ are what the program prints for golden/results.jsonl; after a change that is
// meant, write them again from that folder with
//   pareto report results.jsonl --baseline auto --plan --hourly-usd 0.2 --csv report.csv >
//   report.txt
// and --json for report.json.

namespace pareto::reporting {
namespace {

const std::string kGolden = PARETO_GOLDEN;

Report golden_report() {
  const std::vector<std::string> folders{kGolden + "/results.jsonl"};
  auto report = make_report(read_results(folders).value(),
                            {.baseline = "auto", .hourly_usd = 0.2, .plan = true});
  EXPECT_TRUE(report) << report.error().message;
  for (std::string& note : report->notes) note.erase(0, kGolden.size() + 1);
  return std::move(*report);
}

// The first place where two values differ by more than rounding.
std::string difference(const Json& found, const Json& expected, const std::string& path) {
  if (found.is_number() && expected.is_number()) {
    const double a = found.get<double>();
    const double b = expected.get<double>();
    return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b)) ? "" : path;
  }
  if (found.type() != expected.type() || found.size() != expected.size()) return path;
  if (!found.is_structured()) return found == expected ? "" : path;
  for (auto at = found.begin(), other = expected.begin(); at != found.end(); ++at, ++other) {
    if (found.is_object() && at.key() != other.key()) return path + "/" + at.key();
    const std::string name =
        found.is_object() ? at.key() : std::to_string(std::distance(found.begin(), at));
    if (auto inner = difference(*at, *other, path + "/" + name); !inner.empty()) return inner;
  }
  return "";
}

TEST(ReportTest, TheTerminalShowsEverything) {
  EXPECT_EQ(terminal_report(golden_report()), text_of_file(kGolden + "/report.txt"));
}

TEST(ReportTest, CsvHasEverySummary) {
  EXPECT_EQ(csv_report(golden_report()), text_of_file(kGolden + "/report.csv"));
}

TEST(ReportTest, JsonHasEverything) {
  const Json expected = Json::parse(text_of_file(kGolden + "/report.json"));
  // Through its text, as a reader gets it: no number may be infinite.
  const Json found = Json::parse(dump_json(json_report(golden_report())));
  EXPECT_EQ(difference(found, expected, ""), "");
}

TEST(ReportTest, KnowsOfInfrastructureErrors) {
  Json error = row_of("b", "auto", 0);
  error["status"] = "error";
  error["score"] = nullptr;
  EXPECT_TRUE(report_of({row_of("a", "auto", 1), error})->has_errors());
  EXPECT_FALSE(report_of({row_of("a", "auto", 1)})->has_errors());
}

TEST(ReportTest, VersionsOfASuiteAreReportedApart) {
  Json other = row_of("a", "auto", 0);
  other["suite_hash"] = "h2";
  const auto report = report_of({row_of("a", "auto", 1), other});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->suites.size(), 2U);
  EXPECT_EQ(report->suites[0].costs[0].arms[0].success_of_all.share, 1);
  EXPECT_EQ(report->suites[1].costs[0].arms[0].success_of_all.share, 0);
}

TEST(ReportTest, ABaselineThatIsUnclearOrMissingIsAnError) {
  Json big = row_of("a", "auto", 1);
  big["model"] = "big";
  const std::vector<Json> rows{row_of("a", "auto", 1), big};
  EXPECT_EQ(report_of(rows, {.baseline = "auto"}).error().message,
            "--baseline auto: several arms fit; say which: auto/big, auto/m");
  EXPECT_EQ(report_of(rows, {.baseline = "auto/big"})->suites[0].baseline, "auto/big");
  EXPECT_EQ(report_of(rows, {.baseline = "agentic"}).error().message,
            "--baseline agentic: no comparison: this suite has no arm agentic (it has auto/big, "
            "auto/m)");
}

TEST(ReportTest, APlanNeedsABaselineAndAReportNeedsRows) {
  EXPECT_EQ(report_of({row_of("a", "auto", 1)}, {.plan = true}).error().code, ErrorCode::invalid);
  EXPECT_EQ(report_of({}).error().code, ErrorCode::invalid);
  Json cancelled = row_of("a", "auto", 0);
  cancelled["status"] = "cancelled";
  const std::string why = report_of({cancelled}).error().message;
  EXPECT_NE(why.find("1 rows of cancelled runs were left out"), std::string::npos) << why;
}

TEST(ReportTest, RowsThatContradictEachOtherAreNamed) {
  Json other = row_of("a", "instant", 1);
  other["class"] = "another";
  const auto report = report_of({row_of("a", "auto", 1), other});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace pareto::reporting
