#include "agent/models/json_cursor.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/random.h"

namespace pareto {
namespace {

bool accepts(std::string_view text) {
  JsonCursor json(text);
  return json.skip() && json.finish();
}

TEST(JsonCursorTest, ReadsMembersInAnyOrder) {
  JsonCursor json(R"( {"skipped":[1,{"x":null}],"n\u0061me":"v\u00e9","count":-12,"flag":true} )");
  std::string name;
  std::int64_t count = 0;
  bool flag = false;
  std::string_view key;
  ASSERT_TRUE(json.enter_object());
  while (json.next_key(key)) {
    if (key == "name") {
      json.read_string(name);
    } else if (key == "count") {
      json.read_integer(count);
    } else if (key == "flag") {
      json.read_bool(flag);
    } else {
      json.skip();
    }
  }
  EXPECT_TRUE(json.finish());
  EXPECT_EQ(name, "vé");
  EXPECT_EQ(count, -12);
  EXPECT_TRUE(flag);
}

TEST(JsonCursorTest, GivesTheTextOfASkippedValue) {
  JsonCursor json(R"([ {"a": [1, 2]} , 7])");
  std::string_view raw;
  ASSERT_TRUE(json.enter_array());
  ASSERT_TRUE(json.next_element());
  ASSERT_TRUE(json.skip(raw));
  EXPECT_EQ(raw, R"({"a": [1, 2]})");
}

TEST(JsonCursorTest, ClampsNumbersToIntegers) {
  const auto read = [](std::string_view text) {
    JsonCursor json(text);
    std::int64_t value = 1;
    EXPECT_TRUE(json.read_integer(value)) << text;
    return value;
  };
  EXPECT_EQ(read("12"), 12);
  EXPECT_EQ(read("12.9"), 12);
  EXPECT_EQ(read("-0.5"), 0);
  EXPECT_EQ(read("1e3"), 1000);
  EXPECT_EQ(read("1e99"), INT64_MAX);
  EXPECT_EQ(read("-1e999"), INT64_MIN);
  EXPECT_EQ(read("1e-999"), 0);
  EXPECT_EQ(read("99999999999999999999"), INT64_MAX);
}

TEST(JsonCursorTest, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(accepts(nested(64)));
  EXPECT_FALSE(accepts(nested(65)));
  EXPECT_FALSE(accepts(nested(1'000'000)));
  EXPECT_FALSE(accepts(std::string(1'000'000, '[')));
}

TEST(JsonCursorTest, FailsForGoodAfterAnError) {
  JsonCursor json("[1,,2]");
  ASSERT_TRUE(json.enter_array());
  ASSERT_TRUE(json.next_element());
  ASSERT_TRUE(json.skip());
  EXPECT_FALSE(json.next_element());
  EXPECT_FALSE(json.ok());
  EXPECT_FALSE(json.next_element());
  EXPECT_EQ(json.peek(), JsonCursor::Kind::none);
  EXPECT_FALSE(json.finish());
}

// Every short text over an alphabet that reaches all rules, and mutations of a longer one.
TEST(JsonCursorTest, AcceptsWhatATreeParserAccepts) {
  const std::string alphabet = "{}[]\":,0-1.e+t\\u n";
  const std::string seed = R"({"a":[1,-2.5e+3,true,false,null,"x\n\u00e9"],"b":{"c":{}},"d":""})";
  SeededRandom random(3);
  for (int round = 0; round < 40'000; ++round) {
    std::string text;
    if (round % 2 == 0) {
      for (std::uint64_t n = random.next() % 7; n > 0; --n) {
        text += alphabet[random.next() % alphabet.size()];
      }
    } else {
      text = seed;
      for (std::uint64_t n = 1 + random.next() % 2; n > 0; --n) {
        text[random.next() % text.size()] = alphabet[random.next() % alphabet.size()];
      }
    }
    // Lone surrogates are accepted on purpose; none can arise here.
    ASSERT_EQ(accepts(text), nlohmann::json::accept(text)) << text;
  }
}

}  // namespace
}  // namespace pareto
