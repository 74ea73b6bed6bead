#include "tools/sandbox/output.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace pareto::sandbox {
namespace {

std::string filtered(std::string_view bytes) {
  OutputFilter filter;
  std::string out;
  filter.feed(bytes, out);
  filter.finish(out);
  return out;
}

std::string filtered_bytewise(std::string_view bytes) {
  OutputFilter filter;
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) filter.feed(bytes.substr(i, 1), out);
  filter.finish(out);
  return out;
}

// Slow and obviously right: decodes one sequence at a time.
bool is_valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead < 0x80    ? 1
                             : lead >= 0xF0 ? 4
                             : lead >= 0xE0 ? 3
                             : lead >= 0xC2 ? 2
                                            : 0;
    if (size == 0 || lead > 0xF4 || i + size > text.size()) return false;
    char32_t value = size == 1 ? lead : lead & (0x7F >> size);
    for (std::size_t k = 1; k < size; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return false;
      value = (value << 6) | (next & 0x3F);
    }
    constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < kLeast[size] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))
      return false;
    i += size;
  }
  return true;
}

TEST(OutputFilterTest, PassesPlainTextOn) {
  EXPECT_EQ(filtered("one\ntwo\tthree\n\nno newline at the end"),
            "one\ntwo\tthree\n\nno newline at the end");
  EXPECT_EQ(filtered("Grüße, 世界, 🙂\n"), "Grüße, 世界, 🙂\n");
  EXPECT_EQ(filtered(""), "");
}

TEST(OutputFilterTest, RemovesEscapeSequences) {
  EXPECT_EQ(filtered("\x1b[31mred\x1b[0m \x1b[1;38;5;9mbold\x1b[m\n"), "red bold\n");
  EXPECT_EQ(filtered("\x1b]0;title\x07text"), "text");
  EXPECT_EQ(filtered("\x1b]8;;http://host/\x1b\\link\x1b]8;;\x1b\\"), "link");
  EXPECT_EQ(filtered("\x1b(Bset \x1b=keypad \x1b[?25lcursor"), "set keypad cursor");
}

TEST(OutputFilterTest, AnUnfinishedSequenceHidesNoMoreThanItsLine) {
  EXPECT_EQ(filtered("\x1b[31\nnext"), "\nnext");
  EXPECT_EQ(filtered("\x1b]never ended\nnext"), "\nnext");
  EXPECT_EQ(filtered("a\x1b"), "a");
}

TEST(OutputFilterTest, KeepsTheLastStateOfAProgressLine) {
  EXPECT_EQ(filtered("10%\r50%\r100%\ndone\n"), "100%\ndone\n");
  EXPECT_EQ(filtered("10%\r\x1b[K20%\r\x1b[K"), "20%");
  EXPECT_EQ(filtered("windows\r\nlines\r\n"), "windows\nlines\n");
  EXPECT_EQ(filtered("two returns\r\r\n"), "two returns\n");
  EXPECT_EQ(filtered("abc\b\bX"), "aX");
  EXPECT_EQ(filtered("é\bX\b\b\b\bY"), "Y");
}

TEST(OutputFilterTest, DropsControlCharacters) {
  EXPECT_EQ(filtered(std::string_view("a\0b\x01\x07\x7F"
                                      "c",
                                      7)),
            "abc");
}

TEST(OutputFilterTest, RepairsBadUtf8) {
  EXPECT_EQ(filtered("a\xFF"
                     "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(filtered("\xFF\xFE\xFD\xFC"), "\xEF\xBF\xBD");
  EXPECT_EQ(filtered("cut \xE4\xB8"), "cut \xEF\xBF\xBD");
  EXPECT_EQ(filtered("\xE4\xB8\nnext"), "\xEF\xBF\xBD\nnext");
  EXPECT_EQ(filtered("overlong \xC0\xAF"), "overlong \xEF\xBF\xBD");
  EXPECT_EQ(filtered("surrogate \xED\xA0\x80."), "surrogate \xEF\xBF\xBD.");
  EXPECT_EQ(filtered("\xF4\x90\x80\x80"), "\xEF\xBF\xBD");
}

TEST(OutputFilterTest, PiecesMakeNoDifferenceAndTheResultIsAlwaysValid) {
  const std::string alphabet = "ab \n\r\t\b\x1b[];m0\\\x07\xC3\xA9\xE4\xB8\x96\xF0\x9F\x99\x82\xFF";
  std::mt19937 random(1);
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes;
    for (std::size_t size = random() % 60; size > 0; --size) {
      bytes += alphabet[random() % alphabet.size()];
    }
    const std::string whole = filtered(bytes);
    ASSERT_EQ(whole, filtered_bytewise(bytes));
    ASSERT_TRUE(is_valid_utf8(whole));
    ASSERT_EQ(whole.find_first_of("\r\b\x1b\x07"), std::string::npos);
  }
}

TEST(OutputFilterTest, AnEndlessLineTakesNoMemory) {
  OutputFilter filter;
  std::string out;
  for (int i = 0; i < 1'000; ++i) {
    out.clear();
    filter.feed(std::string(10'000, 'x'), out);
    ASSERT_GE(out.size(), 10'000U - 8 * 1024);
  }
}

std::string bounded(std::string_view text, std::size_t head, std::size_t tail, std::size_t piece) {
  BoundedText result(head, tail);
  for (std::size_t i = 0; i < text.size(); i += piece) result.append(text.substr(i, piece));
  return result.text();
}

TEST(BoundedTextTest, KeepsAShortTextWhole) {
  for (const std::size_t size : {0, 1, 4, 9, 10}) {
    const std::string text = std::string("0123456789").substr(0, size);
    for (std::size_t piece = 1; piece <= 10; ++piece) EXPECT_EQ(bounded(text, 4, 6, piece), text);
  }
}

TEST(BoundedTextTest, SaysHowMuchIsLeftOut) {
  EXPECT_EQ(bounded("0123456789a", 4, 6, 11), "0123\n[... 1 bytes left out ...]\n56789a");
  EXPECT_EQ(bounded("0123456789a", 4, 6, 1), "0123\n[... 1 bytes left out ...]\n56789a");
  EXPECT_EQ(bounded("0123456789", 0, 3, 1), "\n[... 7 bytes left out ...]\n789");
  EXPECT_EQ(bounded("0123456789", 3, 0, 1), "012\n[... 7 bytes left out ...]\n");
}

TEST(BoundedTextTest, CutsBetweenCharacters) {
  // Each character has two bytes, and both cuts fall into one.
  EXPECT_EQ(bounded("éééééé", 3, 3, 12), "é\n[... 8 bytes left out ...]\né");
  EXPECT_EQ(bounded("🙂🙂🙂", 5, 5, 12), "🙂\n[... 4 bytes left out ...]\n🙂");
}

TEST(BoundedTextTest, AgreesWithCuttingTheWholeText) {
  std::mt19937 random(2);
  const std::vector<std::string> characters = {"a", "é", "世", "🙂", "\n"};
  for (int round = 0; round < 2'000; ++round) {
    std::string text;
    for (std::size_t size = random() % 80; size > 0; --size) text += characters[random() % 5];
    const std::size_t head = random() % 30;
    const std::size_t tail = random() % 30;
    const std::string result = bounded(text, head, tail, 1 + random() % 20);
    ASSERT_TRUE(is_valid_utf8(result));
    if (text.size() <= head + tail) {
      ASSERT_EQ(result, text);
      continue;
    }
    const std::size_t at = result.find("\n[... ");
    const std::size_t after = result.find(" bytes left out ...]\n", at);
    ASSERT_NE(after, std::string::npos);
    const std::string kept_head = result.substr(0, at);
    const std::string kept_tail = result.substr(after + 21);
    ASSERT_TRUE(text.starts_with(kept_head));
    ASSERT_TRUE(text.ends_with(kept_tail));
    ASSERT_EQ(std::stoul(result.substr(at + 6)), text.size() - kept_head.size() - kept_tail.size());
    ASSERT_LE(kept_head.size(), head);
    ASSERT_LE(kept_tail.size(), tail);
    ASSERT_GE(kept_head.size() + 3, head);
    ASSERT_GE(kept_tail.size() + 3, tail);
  }
}

TEST(BoundedOutputTest, FiltersBeforeItCounts) {
  BoundedOutput output(4, 4);
  for (int i = 0; i < 1'000; ++i) output.append("\x1b[32m\r50%\r");
  output.append("100%");
  output.finish();
  EXPECT_FALSE(output.cut());
  EXPECT_EQ(output.text(), "100%");
}

}  // namespace
}  // namespace pareto::sandbox
