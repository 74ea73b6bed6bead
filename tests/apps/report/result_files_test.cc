#include "apps/report/result_files.h"

#include "tests/apps/report/report_fixture.h"

namespace pareto::reporting {
namespace {

Result<ResultFiles> read(const std::vector<std::string>& folders) { return read_results(folders); }

std::string error_of(const std::string& text) {
  const Folder folder;
  const auto files = read({folder.write(text)});
  return files ? "no error" : files.error().message;
}

TEST(ResultFilesTest, ReadsARow) {
  const Folder folder;
  Json row = row_of("gcd", "auto", 1);
  row.update({{"class", "repair"},
              {"repeat", 2},
              {"prompt_tokens", 300},
              {"cached_prompt_tokens", 100},
              {"completion_tokens", 20},
              {"seconds", 1.5},
              {"turns", 3},
              {"seed", 9},
              {"mode_used", "instant"},
              {"reason", "verified"},
              {"billed_cost_usd", "0.002"},
              {"cost_without_cache_usd", "0.003"}});
  const auto files = read({folder.write(lines_of({row}))});
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->suites.size(), 1U);
  const ReportRow& read_row = files->suites[0].rows.at(0);
  const offline::Observation expected{.task = "gcd",
                                      .task_class = "repair",
                                      .arm = {"auto", "m"},
                                      .repeat = 2,
                                      .score = 1,
                                      .ending = offline::Ending::success,
                                      .list_cost = Money::nanos(1'000'000),
                                      .billed_cost = Money::nanos(2'000'000),
                                      .cost_without_cache = Money::nanos(3'000'000),
                                      .prompt_tokens = 300,
                                      .cached_tokens = 100,
                                      .completion_tokens = 20,
                                      .seconds = 1.5,
                                      .turns = 3};
  EXPECT_EQ(read_row.observation, expected);
  EXPECT_EQ(read_row.seed, 9);
  EXPECT_EQ(read_row.mode_used, "instant");
  EXPECT_EQ(files->notes, std::vector<std::string>());
}

TEST(ResultFilesTest, WithoutCachedTokensThePriceWithoutACacheIsTheListPrice) {
  const Folder folder;
  Json cached = row_of("b", "auto", 1);
  cached["cached_prompt_tokens"] = 5;
  const auto files = read({folder.write(lines_of({row_of("a", "auto", 1), cached}))});
  ASSERT_TRUE(files);
  const auto& rows = files->suites.at(0).rows;
  EXPECT_EQ(rows[0].observation.cost_without_cache, rows[0].observation.list_cost);
  EXPECT_EQ(rows[1].observation.cost_without_cache, std::nullopt);
}

TEST(ResultFilesTest, AnUnknownCostIsNotZero) {
  const Folder folder;
  Json row = row_of("a", "auto", 1);
  row["cost_known"] = false;
  const auto files = read({folder.write(lines_of({row}))});
  ASSERT_TRUE(files);
  EXPECT_EQ(files->suites.at(0).rows.at(0).observation.list_cost, std::nullopt);
}

TEST(ResultFilesTest, NamesAMissingFileAndWhatToDo) {
  const Folder folder;
  const auto files = read({folder.path()});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message,
            folder.path() +
                "/results.jsonl: no such file; give a folder that `pareto bench --out` "
                "wrote, or a results.jsonl");
}

TEST(ResultFilesTest, NamesABadLineByItsNumber) {
  const std::string good = lines_of({row_of("a", "auto", 1)});
  for (const std::string bad :
       {"{\"task\":\"x\"}", "[1]", "nonsense", "{\"task\":\"\xFF\"}", "{\"task\":1}"}) {
    const std::string error = error_of(good + "\n" + bad + "\n" + good);
    EXPECT_NE(error.find("results.jsonl:3: not a result row"), std::string::npos) << error;
  }
  Json status = row_of("a", "auto", 1);
  status["status"] = "splendid";
  EXPECT_NE(error_of(lines_of({status})).find("results.jsonl:1: "), std::string::npos);
}

TEST(ResultFilesTest, ATornLastLineIsSkippedWithANote) {
  const Folder folder;
  const std::string text = lines_of({row_of("a", "auto", 1)}) + "{\"task\":\"b\",";
  const auto files = read({folder.write(text)});
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->suites.at(0).rows.size(), 1U);
  ASSERT_EQ(files->notes.size(), 1U);
  EXPECT_NE(files->notes[0].find("results.jsonl:2: a row without a line end"), std::string::npos);
}

TEST(ResultFilesTest, TheLastRowOfAKeyWinsInAFolderAndAcrossFolders) {
  const Folder first;
  const Folder second;
  const auto files = read({first.write(lines_of({row_of("a", "auto", 0), row_of("a", "auto", 1)})),
                           second.write(lines_of({row_of("a", "auto", 0.5)}))});
  ASSERT_TRUE(files);
  const auto& rows = files->suites.at(0).rows;
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].observation.score, 0.5);
  EXPECT_EQ(rows[0].folder, 1U);
  EXPECT_EQ(files->notes,
            (std::vector<std::string>{
                first.path() +
                    "/results.jsonl: 1 rows were replaced by a later row of the same key (a retry)",
                second.path() +
                    "/results.jsonl: 1 rows replace rows of the same key in an earlier folder"}));
}

TEST(ResultFilesTest, VersionsOfASuiteStayApartAndCancelledRunsOut) {
  const Folder folder;
  Json other = row_of("a", "auto", 1);
  other["suite_hash"] = "h2";
  Json cancelled = row_of("b", "auto", 0);
  cancelled["status"] = "cancelled";
  const auto files = read({folder.write(lines_of({row_of("a", "auto", 1), other, cancelled}))});
  ASSERT_TRUE(files);
  ASSERT_EQ(files->suites.size(), 2U);
  EXPECT_EQ(files->suites[0].suite_hash, "h");
  EXPECT_EQ(files->suites[1].suite_hash, "h2");
  EXPECT_EQ(files->notes.size(), 1U);
}

}  // namespace
}  // namespace pareto::reporting
