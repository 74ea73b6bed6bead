#include "apps/bench/readers/tree_tasks.h"

#include <set>

#include "tests/apps/bench/readers/fixture.h"

namespace pareto {
namespace {

using testing::HasSubstr;

const std::string kTable =
    "entity,prize,country,field\n"
    "Ada Orrin,Tarn Prize,Lowland,mills\n"
    "Bo Fell,Tarn Prize; Reed Medal,Lowland,boats\n"
    "Cy Holm,Reed Medal,Upland,boats\n"
    "Di Moss,Tarn Prize,Upland,mills\n";

using Names = std::set<std::string>;

struct Plain {
  std::map<std::string, Names> prizes, countries, fields;
  std::map<std::string, Names> by(const std::string& attribute) const {
    return attribute == "prize" ? prizes : attribute == "country" ? countries : fields;
  }
};

// The table once more, by hand.
const Plain kPlain{
    .prizes = {{"Tarn Prize", {"Ada Orrin", "Bo Fell", "Di Moss"}},
               {"Reed Medal", {"Bo Fell", "Cy Holm"}}},
    .countries = {{"Lowland", {"Ada Orrin", "Bo Fell"}}, {"Upland", {"Cy Holm", "Di Moss"}}},
    .fields = {{"mills", {"Ada Orrin", "Di Moss"}}, {"boats", {"Bo Fell", "Cy Holm"}}}};

Names answers_of(const Task& task) { return score_of(task)["answers"].get<Names>(); }

// The entities of the required passages.
Names required_of(const Task& task) {
  const std::vector<std::string> rows{"Ada Orrin", "Bo Fell", "Cy Holm", "Di Moss"};
  Names names;
  const Json metadata = metadata_of(task);
  for (const auto& id : metadata["required"]) {
    names.insert(rows.at(std::stoul(id.get<std::string>())));
  }
  return names;
}

const Task* asked(const std::vector<Task>& tasks, const std::string& question) {
  for (const Task& task : tasks) {
    if (task.prompt.starts_with(question)) return &task;
  }
  return nullptr;
}

TEST(TreeTasksTest, BasicAsksForAllEntitiesOfATrait) {
  const auto tasks = tasks_as(kTreeTasks, kTable);
  for (const char* attribute : {"prize", "country", "field"}) {
    for (const auto& [value, members] : kPlain.by(attribute)) {
      const Task* task = asked(tasks, std::string("Which are all entities whose ") + attribute +
                                          " is \"" + value + "\"? ");
      ASSERT_NE(task, nullptr) << attribute << " " << value;
      EXPECT_EQ(answers_of(*task), members);
      EXPECT_EQ(required_of(*task), members);
    }
  }
}

TEST(TreeTasksTest, UnionNeedsBothTreesAndAsksForWhatTheyShare) {
  const auto tasks = tasks_as(kTreeTasks, kTable, {{"tasks", 50}});
  const Task* task = asked(tasks,
                           "Which are all entities whose country is \"Lowland\" and whose prize is "
                           "\"Tarn Prize\"?");
  EXPECT_EQ(task, nullptr) << "one tree lies within the other";
  task = asked(tasks,
               "Which are all entities whose prize is \"Reed Medal\" and whose prize is \"Tarn "
               "Prize\"?");
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(answers_of(*task), Names({"Bo Fell"}));
  EXPECT_EQ(required_of(*task), Names({"Ada Orrin", "Bo Fell", "Cy Holm", "Di Moss"}));
  EXPECT_EQ(metadata_of(*task)["kind"], "union");
}

TEST(TreeTasksTest, ReverseUnionHidesTheAnchor) {
  const auto tasks = tasks_as(kTreeTasks, kTable, {{"tasks", 50}});
  const Task* task = asked(tasks,
                           "There is one entity whose country is \"Upland\" and whose field is "
                           "\"mills\". Which are all other entities with the same prize?");
  ASSERT_NE(task, nullptr);
  EXPECT_EQ(answers_of(*task), Names({"Ada Orrin", "Bo Fell"}));
  EXPECT_EQ(required_of(*task), Names({"Ada Orrin", "Bo Fell", "Di Moss"}));
  EXPECT_THAT(task->prompt, testing::Not(HasSubstr("Di Moss")));
}

TEST(TreeTasksTest, TheSeedAloneDecidesWhatIsDrawn) {
  const Json one = {{"tasks", 2}, {"seed", 1}};
  EXPECT_EQ(tasks_as(kTreeTasks, kTable, one), tasks_as(kTreeTasks, kTable, one));
  EXPECT_EQ(tasks_as(kTreeTasks, kTable, one).size(), 6U);
  bool differs = false;
  for (int seed = 2; seed < 6; ++seed) {
    differs |= tasks_as(kTreeTasks, kTable, one) !=
               tasks_as(kTreeTasks, kTable, {{"tasks", 2}, {"seed", seed}});
  }
  EXPECT_TRUE(differs);
}

TEST(TreeTasksTest, JsonLinesSayTheSameAsATable) {
  const std::string lines =
      R"({"entity": "Ada Orrin", "prize": "Tarn Prize", "country": "Lowland", "field": "mills"})"
      "\n"
      R"({"entity": "Bo Fell", "prize": ["Tarn Prize", "Reed Medal"], "country": "Lowland", "field": "boats"})"
      "\n"
      R"({"entity": "Cy Holm", "prize": "Reed Medal", "country": "Upland", "field": "boats"})"
      "\n"
      R"({"entity": "Di Moss", "prize": "Tarn Prize", "country": "Upland", "field": "mills"})"
      "\n";
  EXPECT_EQ(recognised(kTable), "tree_tasks");
  EXPECT_EQ(recognised(lines), "tree_tasks");
  EXPECT_EQ(tasks_as(kTreeTasks, lines), tasks_as(kTreeTasks, kTable));
  EXPECT_THAT(
      read_as(kTreeTasks, kTable)->corpora.at("tree_tasks"),
      HasSubstr(
          R"({"id":"2","title":"Cy Holm","text":"Cy Holm. country: Upland. field: boats. prize: Reed Medal."})"));
}

TEST(TreeTasksTest, RefusesWhatIsWrong) {
  EXPECT_THAT(error_as(kTreeTasks, "entity,a\nx,1\nx,2\n"), HasSubstr("line 3: the entity \"x\""));
  EXPECT_THAT(error_as(kTreeTasks, "entity,a\n,1\n"), HasSubstr("\"entity\": must not be empty"));
  EXPECT_THAT(error_as(kTreeTasks, "entity,a\nx,1\ny,2\n"), HasSubstr("no question can be made"));
  EXPECT_THAT(error_as(kTreeTasks, R"({"entity": "x", "a": {"b": 1}})"), HasSubstr("\"a\""));
  EXPECT_THAT(error_as(kTreeTasks, kTable, {{"tasks", 0}}), HasSubstr("\"tasks\""));
  EXPECT_THAT(error_as(kTreeTasks, kTable, {{"seed", "x"}}), HasSubstr("\"seed\""));
}

}  // namespace
}  // namespace pareto
