#include "apps/bench/predictions.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "agent/core/json_text.h"
#include "tests/tools/fixture.h"

namespace pareto {
namespace {

class FixedJournal : public Journal {
 public:
  void append(const RunId&, std::vector<Event>, Handler<void>) override {}
  Result<std::vector<Event>> load(const RunId& run) override {
    const auto found = events.find(run.value);
    if (found == events.end()) return fail(ErrorCode::not_found, "no run " + run.value);
    return found->second;
  }
  void add(const std::string& run, const std::string& diff) {
    Outcome outcome;
    outcome.diff = diff;
    Started started;
    started.run = RunId{run};
    events[run] = {{.seq = 1, .payload = started}, {.seq = 2, .payload = Finished{outcome}}};
  }
  std::map<std::string, std::vector<Event>> events;
};

Json row(const std::string& task, const std::string& mode, const std::string& run) {
  return {{"schema", 1},       {"suite", "s"},
          {"suite_hash", "h"}, {"task", task},
          {"mode", mode},      {"model", "org/m"},
          {"repeat", 0},       {"status", "success"},
          {"run", run},        {"cost_usd", "0.000000000"}};
}

TEST(PredictionsTest, APatchEndsWithANewline) {
  EXPECT_EQ(prediction_line("a__b-1", "m", "diff --git\n+x"),
            "{\"instance_id\":\"a__b-1\",\"model_name_or_path\":\"m\",\"model_patch\":\"diff "
            "--git\\n+x\\n\"}\n");
  EXPECT_EQ(prediction_line("a", "m", "x\n"), prediction_line("a", "m", "x"));
  EXPECT_EQ(parse_json(prediction_line("a", "m", ""))->at("model_patch"), "");
}

TEST(PredictionsTest, OneArmIsOneFileAndSeveralAreSeveral) {
  const TempFolder out;
  FixedJournal journal;
  journal.add("r1", "one\n");
  journal.add("r2", "two");
  auto rows = ResultRows::open(out / "results.jsonl", "h");
  ASSERT_TRUE(rows) << rows.error().message;
  const Suite suite{.name = "s", .format = "swe_bench"};
  ASSERT_TRUE(rows->append(row("t1", "auto", "r1")));
  auto files = write_predictions(suite, *rows, journal, out.path());
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(*files, std::vector<std::string>{out / "predictions.jsonl"});
  EXPECT_EQ(out.read("predictions.jsonl"), prediction_line("t1", "pareto-auto-org/m", "one\n"));
  ASSERT_TRUE(rows->append(row("t1", "agentic", "r2")));
  files = write_predictions(suite, *rows, journal, out.path());
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(*files, (std::vector<std::string>{out / "predictions-agentic-org_m-0.jsonl",
                                              out / "predictions-auto-org_m-0.jsonl"}));
  EXPECT_EQ(out.read("predictions-agentic-org_m-0.jsonl"),
            prediction_line("t1", "pareto-agentic-org/m", "two\n"));
  journal.events.clear();
  EXPECT_FALSE(write_predictions(suite, *rows, journal, out.path()));
  EXPECT_TRUE(write_predictions({.name = "s"}, *rows, journal, out.path())->empty());
}

}  // namespace
}  // namespace pareto
