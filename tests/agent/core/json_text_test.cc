#include "agent/core/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace pareto {
namespace {

std::string nested(int depth, char open, char close) {
  return std::string(static_cast<std::size_t>(depth), open) +
         std::string(static_cast<std::size_t>(depth), close);
}

TEST(JsonTextTest, RefusesNestingBeforeItIsBuilt) {
  EXPECT_TRUE(parse_json(nested(64, '[', ']')));
  const auto deeper = parse_json(nested(65, '[', ']'));
  ASSERT_FALSE(deeper);
  EXPECT_EQ(deeper.error().code, ErrorCode::invalid);
  // A recursive parser would overflow the stack on these.
  EXPECT_FALSE(parse_json(std::string(3'000'000, '[')));
  std::string objects;
  for (int i = 0; i < 300'000; ++i) objects += "{\"a\":";
  EXPECT_FALSE(parse_json(objects));
}

TEST(JsonTextTest, DoesNotCountBracketsInStrings) {
  const auto json =
      parse_json("{\"a\": \"" + std::string(500, '[') + "\\\"" + std::string(500, '{') + "\"}");
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ((*json)["a"].get<std::string>().size(), 1'001U);
}

TEST(JsonTextTest, NamesLineAndColumn) {
  const auto json = parse_json("{\n  \"a\": 1,\n  \"b\": oops\n}");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error(), (Error{ErrorCode::invalid, "not valid JSON at line 3, column 8"}));
}

TEST(JsonTextTest, SurvivesAnyBytes) {
  for (const std::string& text :
       {std::string(), std::string("\0", 1), std::string("\xff\xfe{}"), std::string("\"\xc3\""),
        std::string("\"\\ud800\""), std::string("1e99999"), std::string("-"), std::string("{}x"),
        std::string("[1,]"), std::string("nul")}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(JsonTextTest, WritesBrokenUtf8AsReplacement) {
  const Json json = {{"text",
                      "a\xff"
                      "b\xe2\x82"}};
  EXPECT_EQ(dump_json(json),
            "{\"text\":\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"}");
  EXPECT_TRUE(parse_json(dump_json(json)));
}

TEST(JsonTextTest, KeepsTheOrderOfKeys) {
  const std::string text = R"({"z":1,"a":{"y":[],"b":null}})";
  EXPECT_EQ(dump_json(*parse_json(text)), text);
}

TEST(EachJsonLineTest, NumbersLinesAndSkipsBlankOnes) {
  std::string seen;
  const auto read = each_json_line("\n1\r\n \t\n\"two\"\n3", "f:", [&seen](Json value, int line) {
    seen += std::to_string(line) + "=" + dump_json(value) + " ";
    return Result<void>();
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(seen, "2=1 4=\"two\" 5=3 ");
}

TEST(EachJsonLineTest, StopsAtTheFirstErrorAndNamesItsPlace) {
  int taken = 0;
  const auto take = [&taken](const Json& value, int) -> Result<void> {
    ++taken;
    if (value == 2) return fail(ErrorCode::limit, "no twos");
    return {};
  };
  EXPECT_EQ(each_json_line("1\n2\n3", "a.jsonl:", take).error(),
            (Error{ErrorCode::invalid, "a.jsonl:2: no twos"}));
  EXPECT_EQ(taken, 2);
  const auto broken = each_json_line("1\n{\n3", "line ", take);
  EXPECT_EQ(taken, 3);
  EXPECT_TRUE(broken.error().message.starts_with("line 2: ")) << broken.error().message;
}

}  // namespace
}  // namespace pareto
