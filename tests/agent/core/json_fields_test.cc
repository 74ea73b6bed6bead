#include "agent/core/json_fields.h"

#include <gtest/gtest.h>

#include "agent/core/json_text.h"

namespace pareto {
namespace {

std::string error_of(const JsonFields& fields) {
  const auto done = fields.done();
  return done ? "" : done.error().message;
}

TEST(JsonFieldsTest, ReadsEachKind) {
  const Json json = *parse_json(
      R"({"text":"t","whole":3,"real":2.5,"yes":true,"usd":"0.5","list":["a","b"],"none":null})");
  JsonFields fields(json, "thing");
  EXPECT_EQ(fields.text("text"), "t");
  EXPECT_EQ(fields.integer("whole"), 3);
  EXPECT_EQ(fields.number_or("real", 0), 2.5);
  EXPECT_TRUE(fields.flag_or("yes", false));
  EXPECT_EQ(fields.money("usd"), Money::nanos(500'000'000));
  EXPECT_EQ(fields.texts("list"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(fields.text_or("none", "fallback"), "fallback");
  EXPECT_EQ(fields.texts("absent"), std::vector<std::string>());
  EXPECT_EQ(error_of(fields), "");
}

TEST(JsonFieldsTest, NamesTheFirstWrongKeyAndWhatWasFound) {
  const Json json = *parse_json(R"({"a":1,"b":"x"})");
  JsonFields fields(json, "thing");
  EXPECT_EQ(fields.text("a"), "");
  EXPECT_EQ(fields.integer("b"), 0);
  EXPECT_EQ(error_of(fields), "thing: \"a\": expected a string; found number");
}

TEST(JsonFieldsTest, RefusesWhatIsNoObject) {
  const Json json = *parse_json("[1]");
  JsonFields fields(json, "thing");
  EXPECT_EQ(fields.text("a"), "");
  EXPECT_EQ(error_of(fields), "thing: expected a JSON object; found array");
}

TEST(JsonFieldsTest, RefusesMoneyThatPassedThroughADouble) {
  const Json json = *parse_json(R"({"usd":0.05})");
  JsonFields fields(json, "limits");
  EXPECT_EQ(fields.optional_money("usd"), std::nullopt);
  EXPECT_EQ(error_of(fields),
            "limits: \"usd\": expected a decimal string such as \"0.05\"; found number");
}

TEST(JsonFieldsTest, RefusesFractionsOfAWholeNumberAndUnknownKeys) {
  const Json json = *parse_json(R"({"n":1.5,"typo":1})");
  JsonFields numbers(json, "thing");
  numbers.integer("n");
  EXPECT_EQ(error_of(numbers), "thing: \"n\": expected a whole number; found number");
  JsonFields keys(json, "thing");
  keys.only({"n", "type"});
  EXPECT_EQ(error_of(keys), "thing: \"typo\": unknown key; known are n, type");
}

TEST(JsonFieldsTest, NamesTheKeyAboveANestedError) {
  const Json json = *parse_json(R"({"parts":[{"name":"a"},{}]})");
  JsonFields fields(json, "thing");
  const auto parts = fields.list<std::string>("parts", [](const Json& part) -> Result<std::string> {
    JsonFields inner(part, "part");
    std::string name = inner.text("name");
    if (auto done = inner.done(); !done) return std::unexpected(done.error());
    return name;
  });
  EXPECT_EQ(parts, (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(error_of(fields), "thing: \"parts\": part: \"name\": is required, but missing");
}

}  // namespace
}  // namespace pareto
