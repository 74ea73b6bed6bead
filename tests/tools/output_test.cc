#include "tools/output.h"

#include <gtest/gtest.h>

namespace pareto {
namespace {

TEST(OutputTest, KeepsAShortText) { EXPECT_EQ(clip_output("abc", 2, 1), "abc"); }

TEST(OutputTest, KeepsHeadAndTailAndCountsTheRest) {
  EXPECT_EQ(clip_output("aaaXXXXXbbb", 3, 3), "aaa\n[... 5 bytes left out ...]\nbbb");
}

TEST(OutputTest, NeverCutsACharacter) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ä€𝄞";
  for (std::size_t head = 0; head < 12; ++head) {
    for (std::size_t tail = 0; tail < 12; ++tail) {
      EXPECT_TRUE(is_valid_utf8(clip_output(text, head, tail))) << head << " " << tail;
    }
  }
}

TEST(OutputTest, CutsBytesThatAreNoText) {
  const std::string text(100, '\x80');
  EXPECT_EQ(utf8_prefix(text, 10).size(), 10U);
  EXPECT_LE(utf8_suffix(text, 10).size(), 10U);
}

TEST(OutputTest, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(to_valid_utf8("a\xff"
                          "b"),
            "a\xEF\xBF\xBD"
            "b");
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
  }
  EXPECT_TRUE(is_valid_utf8("ä€𝄞"));
}

TEST(OutputTest, KnowsBinaryContent) {
  EXPECT_TRUE(looks_binary(std::string("a\0b", 3)));
  EXPECT_TRUE(looks_binary("\xff\xd8"));
  EXPECT_FALSE(looks_binary("ä\n"));
}

TEST(OutputTest, PutsATextOnOneLine) { EXPECT_EQ(one_line("a\nb\tcdef", 5), "a b c..."); }

}  // namespace
}  // namespace pareto
