#include "apps/bench/readers/swe_bench.h"

#include "tests/apps/bench/readers/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

const std::string kCommit = "0123456789abcdef0123456789abcdef01234567";

Json row_with(Json change = Json::object()) {
  Json row = {{"repo", "acme/calc"},
              {"instance_id", "acme__calc-12"},
              {"base_commit", kCommit},
              {"patch", "diff --git a/x b/x\n"},
              {"test_patch", "diff --git a/t b/t\n"},
              {"problem_statement", "add(2, 3) gives -1"},
              {"hints_text", "look at the sign"},
              {"created_at", "2026-01-02T03:04:05Z"},
              {"version", "1.0"},
              {"FAIL_TO_PASS", R"(["t.py::test_sum"])"},
              {"PASS_TO_PASS", "[]"},
              {"environment_setup_commit", kCommit}};
  row.update(change);
  return row;
}

TEST(SweBenchTest, ReadsRowsWhoseListsAreTextsOrLists) {
  const Json options = {{"repositories", "clones"}};
  const std::string lines = dump_json(row_with());
  const std::string array = dump_json(Json::array(
      {row_with({{"FAIL_TO_PASS", {"t.py::test_sum"}}, {"PASS_TO_PASS", Json::array()}})}));
  EXPECT_EQ(recognised(lines), "swe_bench");
  EXPECT_EQ(recognised(array), "swe_bench");
  const auto tasks = tasks_as(kSweBench, lines, options);
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(tasks, tasks_as(kSweBench, array, options));
  EXPECT_EQ(tasks[0].id, "acme__calc-12");
  EXPECT_EQ(tasks[0].workspace, "git+clones/acme__calc@" + kCommit);
  EXPECT_EQ(tasks[0].score, "") << "the official harness scores, unless a command is named";
  EXPECT_THAT(tasks[0].prompt, HasSubstr("add(2, 3) gives -1"));
  EXPECT_THAT(tasks[0].prompt, testing::Not(HasSubstr("look at the sign")));
}

TEST(SweBenchTest, ACommandMakesTheTestsDecide) {
  const auto tasks = tasks_as(kSweBench, dump_json(row_with()),
                              {{"repositories", "c"}, {"test_command", "pytest -rA {tests}"}});
  ASSERT_EQ(tasks.size(), 1U);
  EXPECT_EQ(score_of(tasks[0]), Json({{"type", "swe_tests"},
                                      {"command", "pytest -rA {tests}"},
                                      {"test_patch", "diff --git a/t b/t\n"},
                                      {"fail_to_pass", {"t.py::test_sum"}},
                                      {"pass_to_pass", Json::array()},
                                      {"seconds", 1800.0}}));
}

TEST(SweBenchTest, RefusesWhatIsWrong) {
  const auto error = [](Json change) {
    return error_as(kSweBench, dump_json(row_with(std::move(change))), {{"repositories", "c"}});
  };
  EXPECT_EQ(error(Json::object()), "(no error)");
  EXPECT_THAT(error({{"repo", "../x"}}),
              HasSubstr("line 1: swe_bench: \"repo\": expected OWNER/NAME"));
  EXPECT_THAT(error({{"base_commit", "--upload-pack=x"}}),
              HasSubstr("\"base_commit\": expected 40"));
  EXPECT_THAT(error({{"FAIL_TO_PASS", "[]"}}),
              HasSubstr("\"FAIL_TO_PASS\": expected at least one"));
  EXPECT_THAT(error({{"FAIL_TO_PASS", "["}}), HasSubstr("\"FAIL_TO_PASS\": expected a list"));
  EXPECT_THAT(error({{"PASS_TO_PASS", {1}}}), HasSubstr("\"PASS_TO_PASS\": expected a list"));
  EXPECT_THAT(error({{"problem_statement", nullptr}}), HasSubstr("is required"));
  EXPECT_THAT(error_as(kSweBench, dump_json(row_with())),
              HasSubstr("\"repositories\" is required"));
}

}  // namespace
}  // namespace pareto
