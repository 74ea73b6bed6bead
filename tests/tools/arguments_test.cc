#include "tools/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/builtin/spec.h"

namespace pareto {
namespace {

using testing::HasSubstr;
using testing::Not;

class ArgumentsTest : public testing::Test {
 protected:
  ArgumentsTest() {
    spec.name = "view";
    spec.parameters = parameters_of({{"path", "string", Need::required, ""},
                                     {"start", "integer", Need::optional, ""},
                                     {"all", "boolean", Need::optional, ""},
                                     {"list", "array", Need::optional, ""}});
  }
  Result<Json> read(std::string_view text) {
    return read_arguments(text, spec, Schema::compile(*spec.parameters).value());
  }
  std::string error(std::string_view text) {
    auto read_json = read(text);
    return read_json ? "(no error)" : read_json.error().message;
  }

  ToolSpec spec;
};

TEST_F(ArgumentsTest, ReadsAnObject) {
  EXPECT_EQ(read(R"({"path": "a", "start": 2})").value(), Json({{"path", "a"}, {"start", 2}}));
}

TEST_F(ArgumentsTest, TakesWhatCanMeanOnlyOneThing) {
  EXPECT_EQ(read(R"({"path": 7, "start": "2", "all": "true", "list": "[1]"})").value(),
            Json({{"path", "7"}, {"start", 2}, {"all", true}, {"list", Json::array({1})}}));
  EXPECT_EQ(read(R"("{\"path\": \"a\"}")").value(), Json({{"path", "a"}}));
  EXPECT_EQ(read(R"({"path": "a", "start": null})").value(), Json({{"path", "a"}}));
}

TEST_F(ArgumentsTest, LeavesAStringAloneThatIsAsked) {
  EXPECT_EQ(read(R"({"path": "12"})").value(), Json({{"path", "12"}}));
}

TEST_F(ArgumentsTest, DoesNotGuessWhatIsInDoubt) {
  EXPECT_THAT(error(R"({"path": "a", "start": "two"})"),
              HasSubstr("/start: expected integer, found string"));
}

TEST_F(ArgumentsTest, EmptyTextIsNoArguments) {
  EXPECT_THAT(error("  "), HasSubstr("missing required property \"path\""));
}

TEST_F(ArgumentsTest, ShowsTheSchemaOnlyToWhoWroteNoJson) {
  EXPECT_THAT(error("path = a"), HasSubstr(R"("properties":{"path")"));
  EXPECT_THAT(error("path = a"), HasSubstr("path = a"));
  EXPECT_THAT(error(R"({"path": 1.5, "start": "x"})"), Not(HasSubstr("properties\":")));
}

TEST_F(ArgumentsTest, BoundsWhatItQuotes) {
  EXPECT_LT(error("{" + std::string(100'000, 'x')).size(), 1'000U);
}

TEST_F(ArgumentsTest, RefusesDeepAndLargeArguments) {
  EXPECT_THAT(error(R"({"path": )" + std::string(100'000, '[')), HasSubstr("levels deep"));
  EXPECT_THAT(error(std::string(kMaxArgumentBytes + 1, ' ')), HasSubstr("at most 1048576"));
}

TEST_F(ArgumentsTest, SurvivesInvalidText) {
  EXPECT_THAT(error("{\"path\": \"\xff\xfe\"}"), HasSubstr("not valid JSON"));
}

}  // namespace
}  // namespace pareto
