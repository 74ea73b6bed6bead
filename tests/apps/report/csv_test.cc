#include "apps/report/csv.h"

#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

TEST(CsvTest, FormulasAreDefused) {
  for (const char* text : {"=1+1", "+1", "-1", "@SUM(A1)"}) {
    EXPECT_EQ(csv_field(text), std::string("'") + text);
  }
  EXPECT_EQ(csv_field("\t=1"), "'\t=1");
  EXPECT_EQ(csv_field("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(csv_field("=HYPERLINK(\"http://x\",\"y\")"),
            "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
}

TEST(CsvTest, SeparatorsAreQuotedAndBadBytesReplaced) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("a\nb"), "\"a\nb\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("\xFFz"), "\xEF\xBF\xBDz");
  EXPECT_EQ(csv_field(""), "");
}

// Of each line.
std::vector<std::ptrdiff_t> commas_of(const std::vector<Json>& rows) {
  const auto report = report_of(rows);
  EXPECT_TRUE(report) << report.error().message;
  std::stringstream lines(csv_report(*report));
  std::string line;
  std::vector<std::ptrdiff_t> commas;
  while (std::getline(lines, line)) commas.push_back(std::ranges::count(line, ','));
  return commas;
}

TEST(CsvTest, EveryLineHasTheColumnsOfTheHeader) {
  // Nothing is priced and nothing is passed: the most empty fields.
  Json row = row_of("t", "auto", 0);
  row["cost_known"] = false;
  EXPECT_EQ(commas_of({row, row_of("t", "instant", 0)}),
            std::vector<std::ptrdiff_t>(3, commas_of({row}).front()));
  // And the fullest.
  std::vector<Json> rows;
  for (const char* mode : {"agentic", "auto", "instant"}) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      rows.push_back(row_of("t", mode, repeat));
      rows.back()["repeat"] = repeat;
      rows.back()["entities"] = {{"required", {"a"}}, {"obtained", {"a"}}, {"actions", 1}};
    }
  }
  EXPECT_EQ(commas_of(rows), std::vector<std::ptrdiff_t>(4, commas_of({row}).front()));
}

}  // namespace
}  // namespace pareto::reporting
