#include "tools/schema/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Errors = std::vector<std::string>;

Errors check(const char* schema, const char* value) {
  auto compiled = Schema::compile(Json::parse(schema));
  EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
  return compiled ? compiled->check(Json::parse(value)) : Errors{"no schema"};
}

constexpr const char* kView = R"({"type": "object", "additionalProperties": false,
  "properties": {"path": {"type": "string"}, "start": {"type": "integer", "minimum": 1}},
  "required": ["path"]})";

TEST(SchemaTest, AcceptsWhatSatisfiesIt) {
  EXPECT_THAT(check(kView, R"({"path": "a.py", "start": 3})"), IsEmpty());
}

TEST(SchemaTest, NamesTheTypeThatWasExpectedAndTheOneFound) {
  EXPECT_THAT(check(kView, R"({"path": 3})"), ElementsAre("/path: expected string, found integer"));
  EXPECT_THAT(check(kView, "[]"), ElementsAre("/: expected object, found array"));
}

TEST(SchemaTest, NamesAMissingProperty) {
  EXPECT_THAT(check(kView, "{}"), ElementsAre("/: missing required property \"path\""));
}

TEST(SchemaTest, NamesThePropertyThatWasMeant) {
  EXPECT_THAT(check(kView, R"({"path": "a", "strat": 1})"),
              ElementsAre("/: unknown property \"strat\"; did you mean \"start\"?"));
  EXPECT_THAT(check(kView, R"({"path": "a", "zzzz": 1})"),
              ElementsAre("/: unknown property \"zzzz\"; known are path, start"));
}

TEST(SchemaTest, ReportsSeveralErrorsAtOnceButNotManyMore) {
  EXPECT_THAT(
      check(kView, R"({"path": 1, "start": 0})"),
      ElementsAre("/path: expected string, found integer", "/start: expected at least 1, found 0"));
  EXPECT_EQ(check(R"({"items": {"type": "null"}})", "[1,2,3,4,5,6,7,8,9,10,11,12]").size(),
            Schema::kMaxErrors);
}

TEST(SchemaTest, EscapesPathsAsJsonPointersDo) {
  EXPECT_THAT(check(R"({"additionalProperties": {"type": "null"}})", R"({"a/b~c": 1})"),
              ElementsAre("/a~1b~0c: expected null, found integer"));
}

struct Case {
  const char* schema;
  const char* good;
  const char* bad;
};

class SchemaKeywordTest : public testing::TestWithParam<Case> {};

TEST_P(SchemaKeywordTest, TellsGoodFromBad) {
  EXPECT_THAT(check(GetParam().schema, GetParam().good), IsEmpty());
  EXPECT_THAT(check(GetParam().schema, GetParam().bad), testing::Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(
    Keywords, SchemaKeywordTest,
    testing::Values(
        Case{R"({"type": "integer"})", "1.0", "1.5"}, Case{R"({"type": "number"})", "1", "\"1\""},
        Case{R"({"type": ["string", "null"]})", "null", "0"},
        Case{R"({"type": "boolean"})", "true", "0"},
        Case{R"({"enum": ["a", {"x": 1, "y": [2]}]})", R"({"y": [2], "x": 1.0})", R"({"x": 1})"},
        Case{R"({"const": 3})", "3.0", "4"}, Case{R"({"minLength": 2})", "\"äö\"", "\"ä\""},
        Case{R"({"maxLength": 2})", "\"äö\"", "\"abc\""},
        Case{R"({"pattern": "^a+$"})", "\"aa\"", "\"ab\""}, Case{R"({"minimum": 2})", "2", "1.9"},
        Case{R"({"exclusiveMaximum": 2})", "1.9", "2"},
        Case{R"({"multipleOf": 0.1})", "0.3", "0.35"}, Case{R"({"multipleOf": 3})", "9", "10"},
        Case{R"({"minItems": 1})", "[1]", "[]"}, Case{R"({"maxItems": 1})", "[1]", "[1, 2]"},
        Case{R"({"uniqueItems": true})", R"([1, "1", {"a": 1}])",
             R"([{"a":1,"b":2}, {"b":2,"a":1}])"},
        Case{R"({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}})",
             R"(["a", 1])", R"([1, "a"])"},
        Case{R"({"contains": {"const": 1}})", "[0, 1]", "[0]"},
        Case{R"({"minProperties": 1})", R"({"a": 1})", "{}"},
        Case{R"({"maxProperties": 0})", "{}", R"({"a": 1})"},
        Case{R"({"propertyNames": {"pattern": "^[a-z]$"}})", R"({"a": 1})", R"({"A": 1})"},
        Case{R"({"patternProperties": {"^x": {"type": "null"}}, "additionalProperties": false})",
             R"({"xa": null})", R"({"a": null})"},
        Case{R"({"anyOf": [{"type": "null"}, {"minimum": 3}]})", "3", "2"},
        Case{R"({"oneOf": [{"minimum": 3}, {"maximum": 5}]})", "6", "4"},
        Case{R"({"allOf": [{"minimum": 3}, {"maximum": 5}]})", "4", "6"},
        Case{R"({"not": {"type": "string"}})", "1", "\"a\""},
        Case{R"({"if": {"minimum": 10}, "then": {"multipleOf": 10}, "else": {"multipleOf": 2}})",
             "20", "11"},
        Case{R"({"if": {"minimum": 10}, "then": {"multipleOf": 10}, "else": {"multipleOf": 2}})",
             "4", "5"},
        Case{R"({"$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}})", "null", "1"},
        Case{R"({"properties": {"next": {"$ref": "#"}}, "additionalProperties": false})",
             R"({"next": {"next": {}}})", R"({"next": {"other": {}}})"},
        Case{R"({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 1}}})", "1", "2"}));

TEST(SchemaTest, RefusesMalformedSchemas) {
  const char* const kBad[] = {R"({"type": "text"})",       R"({"type": []})",
                              R"({"required": "path"})",   R"j({"pattern": "(?=a)"})j",
                              R"({"minLength": -1})",      R"({"$ref": "#/$defs/none"})",
                              R"({"$ref": "http://x/y"})", R"({"anyOf": []})",
                              R"({"properties": [1]})",    R"({"multipleOf": 0})",
                              R"({"items": 3})",           "3",
                              R"({"minimum": "1"})",       R"({"$ref": 1})",
                              R"({"maxLength": 1e30})",    R"({"patternProperties": {"(": {}}})"};
  for (const char* schema : kBad) {
    EXPECT_FALSE(Schema::compile(Json::parse(schema)).has_value()) << schema;
  }
  EXPECT_THAT(
      Schema::compile(Json::parse(R"({"properties": {"a": {"type": "x"}}})")).error().message,
      HasSubstr("schema /properties/a/type: expected one of null"));
}

TEST(SchemaTest, RefusesSchemasNestedTooDeep) {
  Json schema = true;
  for (int i = 0; i < Schema::kMaxDepth + 1; ++i) schema = Json{{"not", schema}};
  EXPECT_FALSE(Schema::compile(schema).has_value());
}

TEST(SchemaTest, EndsOnAReferenceToItself) {
  EXPECT_THAT(check(R"({"$ref": "#"})", "1"),
              ElementsAre("/: the value is too large or too deep to be checked"));
}

TEST(SchemaTest, ACheckCutShortNeverPasses) {
  // Both sides of `not` run out of steps.
  EXPECT_THAT(
      check(R"({"not": {"$ref": "#/$defs/a"}, "$defs": {"a": {"$ref": "#/$defs/a"}}})", "1"),
      ElementsAre("/: the value is too large or too deep to be checked"));
}

TEST(SchemaTest, BoundsTheWorkOfASchemaThatBranches) {
  // 4^20 paths without a bound.
  std::string schema = R"({"type": "null"})";
  for (int i = 0; i < 20; ++i) {
    schema = R"({"anyOf": [)" + schema + "," + schema + "]}";
    if (schema.size() > 100'000) break;
  }
  const auto compiled = Schema::compile(Json::parse(schema));
  ASSERT_TRUE(compiled.has_value()) << compiled.error().message;
  EXPECT_THAT(compiled->check(Json(1)), testing::Not(IsEmpty()));
}

TEST(SchemaTest, AnyOfExplainsItsFirstAlternative) {
  EXPECT_THAT(
      check(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "1"),
      ElementsAre("/: matches none of 2 alternatives (of the first: /: expected string, found "
                  "integer)"));
}

}  // namespace
}  // namespace pareto
