#include "apps/report/figure_tables.h"

#include <nlohmann/json.hpp>
#include <regex>

#include "apps/report/csv.h"
#include "apps/report/json.h"
#include "apps/report/page.h"
#include "apps/report/terminal.h"
#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

std::vector<std::string> titles_of(const std::vector<Json>& rows,
                                   const ReportOptions& options = {}) {
  const auto report = report_of(rows, options);
  EXPECT_TRUE(report) << report.error().message;
  std::vector<std::string> titles;
  for (const FigureTable& table : further_tables(report->suites.at(0))) {
    for (const auto& row : table.rows) EXPECT_EQ(row.size(), table.header.size()) << table.title;
    titles.push_back(table.title);
  }
  return titles;
}

Json again(Json row) {
  row["repeat"] = 1;
  return row;
}

Json changed(const Json& row, const Json& changes) {
  Json result = row;
  result.update(changes);
  return result;
}

TEST(FurtherTablesTest, AreThereOnlyWhereTheRowsBearThem) {
  const std::vector<Json> two{row_of("a", "auto", 1), row_of("a", "instant", 0)};
  EXPECT_EQ(titles_of(two), std::vector<std::string>());
  std::vector<Json> three = two;
  three.push_back(row_of("a", "agentic", 1));
  EXPECT_EQ(titles_of(three), std::vector<std::string>{"Ranking (Bradley-Terry)"});
  std::vector<Json> repeated = two;
  repeated.push_back(again(two[0]));
  EXPECT_EQ(titles_of(repeated),
            (std::vector<std::string>{"Several tries", "How far the seed moves the score",
                                      "If failures were tried again"}));
  std::vector<Json> twice = three;
  for (const Json& row : three) twice.push_back(again(row));
  const auto all = titles_of(twice, {.baseline = "auto"});
  EXPECT_EQ(all.back(), "Choosing by one repeat");
}

TEST(FrontierTableTest, SaysSoWhenNothingIsPassedAndNothingOfOneArm) {
  const auto frontier = [](const std::vector<Json>& rows) {
    return frontier_table(report_of(rows)->suites.at(0).costs.at(0));
  };
  const auto none = frontier({row_of("a", "auto", 0), row_of("a", "instant", 0)});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->says, "1 task run by every arm at a known cost, none passed by any");
  EXPECT_TRUE(none->rows.empty());
  EXPECT_FALSE(frontier({row_of("a", "auto", 1)}));
}

TEST(RetriedTableTest, LeavesOutArmsThatRanEverythingOnce) {
  const Json twice = row_of("a", "instant", 0);
  const auto report = report_of({row_of("a", "auto", 1), twice, again(twice)});
  ASSERT_TRUE(report);
  const auto tables = further_tables(report->suites.at(0));
  const auto retried =
      std::ranges::find(tables, "If failures were tried again", &FigureTable::title);
  ASSERT_NE(retried, tables.end());
  ASSERT_EQ(retried->rows.size(), 1U);
  EXPECT_EQ(retried->rows[0][0].figure, "instant/m");
}

TEST(AutoTableTest, CountsTheModesOfEachClass) {
  std::vector<Json> rows{row_of("a", "auto", 1), row_of("b", "auto", 1), row_of("c", "auto", 1),
                         row_of("a", "instant", 1)};
  rows[0].update({{"class", "maths"}, {"mode_used", "instant"}});
  rows[1].update({{"class", "repair"}, {"mode_used", "agentic"}});
  rows[2].update({{"class", "repair"}, {"mode_used", "instant"}});
  rows[3].update({{"class", "maths"}, {"mode_used", "instant"}});
  const auto report = report_of(rows);
  ASSERT_TRUE(report);
  const std::string text = terminal_summary(*report);
  EXPECT_NE(text.find("What auto chose: runs by the mode that worked on them\n"
                      "class   agentic  instant\n"
                      "maths         0        1\n"
                      "repair        1        1\n"),
            std::string::npos)
      << text;
}

// Rows at the edge of what there can be, by what is odd about them.
std::map<std::string, std::vector<Json>> odd_rows() {
  const Json pass = row_of("a", "auto", 1);
  const Json fail = row_of("b", "auto", 0);
  const Json error = changed(fail, {{"status", "error"}, {"score", nullptr}});
  const Json unknown = {{"cost_known", false}};
  std::map<std::string, std::vector<Json>> odd{
      {"only errors", {error, again(error)}},
      {"one run that failed", {fail}},
      {"one run that passed", {pass}},
      {"one arm", {pass, fail}},
      {"no cost is known", {changed(pass, unknown), changed(fail, unknown)}},
      {"some costs are unknown", {changed(pass, unknown), fail}},
      {"all is free", {changed(pass, {{"cost_usd", "0"}}), changed(fail, {{"cost_usd", "0"}})}},
      {"versions", {pass, changed(fail, {{"suite_hash", "other"}})}},
  };
  std::vector<Json> arms;
  for (const char* mode : {"agentic", "auto", "instant"}) {
    for (int i = 0; i < 2; ++i) arms.push_back(changed(row_of("a", mode, 0), {{"repeat", i}}));
  }
  odd["three arms, twice, nothing passed"] = arms;
  for (Json& row : arms) row.update({{"score", 1}, {"status", "success"}});
  odd["three arms, twice, all passed"] = arms;
  for (Json& row : arms) row["score"] = 0.5;
  odd["three arms, twice, all graded"] = arms;
  arms[0]["status"] = arms[1]["status"] = "error";
  odd["three arms, one of errors only"] = arms;
  return odd;
}

TEST(OddRowsTest, EveryOutputIsMadeOfFigures) {
  const std::regex nonsense("(^|[^a-z])-?(nan|inf)([^a-z]|$)");
  const PageSource source{.version = "0",
                          .command = "",
                          .folders = {"."},
                          .manifests = {Json()},
                          .events = [](const ReportRow&) -> Result<std::vector<Event>> {
                            return std::unexpected(Error{ErrorCode::not_found, "gone"});
                          }};
  for (const auto& [name, rows] : odd_rows()) {
    for (const std::string baseline : {"", "auto"}) {
      SCOPED_TRACE(name + " " + baseline);
      const auto report =
          report_of(rows, {.baseline = baseline, .hourly_usd = 1, .plan = !baseline.empty()});
      ASSERT_TRUE(report) << report.error().message;
      EXPECT_EQ(csv_report(*report).find("nan"), std::string::npos);
      for (const std::string& text : {terminal_report(*report), html_report(*report, source),
                                      dump_json(json_report(*report))}) {
        // An open end of an interval is said as "inf".
        const std::string plain = std::regex_replace(text, std::regex(", inf\\]"), "]");
        std::smatch found;
        EXPECT_FALSE(std::regex_search(plain, found, nonsense)) << plain.substr(
            static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, found.position() - 200)), 220);
      }
    }
  }
}

}  // namespace
}  // namespace pareto::reporting
