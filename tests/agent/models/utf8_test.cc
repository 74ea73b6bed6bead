#include "agent/models/utf8.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "agent/core/random.h"

namespace pareto {
namespace {

std::string random_bytes(Random& random) {
  static const std::vector<std::string> kPieces{"a",
                                                "\"",
                                                "\\",
                                                "\n",
                                                "\x7F",
                                                "\x1F",
                                                "é",
                                                "€",
                                                "😀",
                                                "\xC3",
                                                "\xE2\x82",
                                                "\xF0\x9F\x98",
                                                "\x80",
                                                "\xFF",
                                                "\xC0",
                                                "\xF4\x90\x80\x80",
                                                "\xE0\x80\x80",
                                                "plain words"};
  std::string bytes;
  for (std::uint64_t n = random.next() % 12; n > 0; --n) {
    bytes += kPieces[random.next() % kPieces.size()];
  }
  return bytes;
}

bool is_valid_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

TEST(Utf8Test, LeavesValidTextAlone) {
  for (const std::string text : {"", "plain", "Grüße", "€", "😀", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(Utf8Test, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(valid_utf8("\xE2\x82"), "\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD") << "half of a surrogate pair";
}

TEST(Utf8Test, JoinsSurrogatesThatWereEncodedApart) {
  EXPECT_EQ(valid_utf8("\xED\xA0\xBD\xED\xB8\x80"), "😀");
}

TEST(Utf8Test, MakesAnyBytesValid) {
  SeededRandom random(7);
  for (int round = 0; round < 5'000; ++round) {
    const std::string bytes = random_bytes(random);
    const std::string valid = valid_utf8(bytes);
    ASSERT_TRUE(is_valid_utf8(valid)) << ::testing::PrintToString(bytes);
    ASSERT_EQ(valid == bytes, is_valid_utf8(bytes));
  }
}

TEST(Utf8Test, PiecesAtCharacterBoundariesGiveTheSameAsTheWhole) {
  SeededRandom random(8);
  for (int round = 0; round < 5'000; ++round) {
    const std::string bytes = random_bytes(random);
    const std::size_t cut = bytes.empty() ? 0 : random.next() % bytes.size();
    const std::size_t whole = complete_utf8(std::string_view(bytes).substr(0, cut));
    ASSERT_LE(whole, cut);
    const std::string_view view(bytes);
    ASSERT_EQ(valid_utf8(view.substr(0, whole)) + valid_utf8(view.substr(whole)), valid_utf8(bytes))
        << ::testing::PrintToString(bytes) << " cut at " << cut;
  }
}

TEST(Utf8Test, JsonStringsReadBackAsTheSameText) {
  SeededRandom random(9);
  for (int round = 0; round < 5'000; ++round) {
    const std::string bytes = random_bytes(random);
    std::string json;
    append_json_string(json, bytes);
    ASSERT_EQ(nlohmann::json::parse(json).get<std::string>(), valid_utf8(bytes));
  }
}

TEST(Utf8Test, EscapesWhatJsonDemandsOnly) {
  std::string json;
  append_json_string(json, std::string("\"\\\n\r\t\b\f\x01/é\0", 12));
  EXPECT_EQ(json, "\"\\\"\\\\\\n\\r\\t\\b\\f\\u0001/é\\u0000\"");
}

}  // namespace
}  // namespace pareto
