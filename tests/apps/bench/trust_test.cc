#include "apps/bench/trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TrustTest : public testing::Test {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
    folder.write("suite.toml", "name = \"sums\"\nnull = true\noracle = \"echo 5\"\n");
    tasks({5, 5});
  }
  void tasks(const std::vector<int>& answers) {
    std::string text;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      text += R"({"id": "t)" + std::to_string(i) +
              R"(", "prompt": "p", "score": {"type": "number", "answer": )" +
              std::to_string(answers[i]) + "}}\n";
    }
    folder.write("tasks.jsonl", text);
  }
  // The error, or "". How many tasks were checked is in `checked`.
  std::string trust(std::vector<std::size_t> which) {
    const Suite suite = read_suite(folder.path()).value();
    checked.clear();
    auto trusted =
        trust_suite(suite, which, *machine_sandbox(), scratch.path(), 2, scratch / "checked.json",
                    [this](std::size_t count) { checked.push_back(count); });
    return trusted ? "" : trusted.error().message;
  }

  TempFolder folder;
  TempFolder scratch;
  std::vector<std::size_t> checked;
};

TEST_F(TrustTest, ChecksEachTaskOnce) {
  EXPECT_EQ(trust({0}), "");
  EXPECT_THAT(checked, ElementsAre(1));
  EXPECT_EQ(trust({0, 1}), "");
  EXPECT_THAT(checked, ElementsAre(1));
  EXPECT_EQ(trust({0, 1}), "");
  EXPECT_THAT(checked, IsEmpty());
}

TEST_F(TrustTest, AChangedSuiteIsCheckedAgain) {
  EXPECT_EQ(trust({0, 1}), "");
  tasks({5, 5, 5});
  EXPECT_EQ(trust({0, 1, 2}), "");
  EXPECT_THAT(checked, ElementsAre(3));
}

TEST_F(TrustTest, RefusesTheSuiteByNameAndRemembersNothing) {
  tasks({5, 6});
  const std::string error = trust({0, 1});
  EXPECT_THAT(error,
              AllOf(HasSubstr("suite sums"), HasSubstr("task t1: the oracle scored 0, expected 1"),
                    Not(HasSubstr("task t0"))));
  EXPECT_EQ(trust({0, 1}), error);
  EXPECT_EQ(trust({0}), "") << "tasks that are left out are not asked for";
}

TEST_F(TrustTest, ADamagedMemoIsNoMemo) {
  EXPECT_EQ(trust({0, 1}), "");
  for (const char* text : {"", "{", "[]", "{\"key\": 3}", "{\"tasks\": [\"t0\"]}"}) {
    scratch.write("checked.json", text);
    EXPECT_EQ(trust({0, 1}), "");
    EXPECT_THAT(checked, ElementsAre(2)) << text;
  }
}

TEST_F(TrustTest, ASuiteThatSaysNothingIsNotChecked) {
  folder.write("suite.toml", "name = \"sums\"\n");
  tasks({5, 6});
  EXPECT_EQ(trust({0, 1}), "");
  EXPECT_THAT(checked, IsEmpty());
}

}  // namespace
}  // namespace pareto
