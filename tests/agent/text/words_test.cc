#include "agent/text/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WordsTest, SplitsAtEverythingThatIsNoLetterDigitUnderscoreOrApostrophe) {
  EXPECT_THAT(words_of("It's 3.5 kg, naïve_x!"), ElementsAre("It's", "3", "5", "kg", "naïve_x"));
  EXPECT_THAT(words_of(" ,. "), IsEmpty());
}

TEST(WordsTest, FindsFileNamesByTheirExtension) {
  EXPECT_THAT(file_names_in("tests.py fails. Fix src/gcd.py, then data.csv."),
              ElementsAre("tests.py", "src/gcd.py", "data.csv"));
}

TEST(WordsTest, UrlsAbbreviationsAndNumbersAreNoFileNames) {
  EXPECT_THAT(
      file_names_in("see https://example.com/a.html or www.example.com/b.js, e.g. 3.5 i.e. x"),
      IsEmpty());
  EXPECT_THAT(file_names_in(".py . .. a."), IsEmpty());
}

TEST(WordsTest, SortsFilesByExtension) {
  EXPECT_EQ(sort_of_file("a/b.PY"), FileSort::code);
  EXPECT_EQ(sort_of_file("b.toml"), FileSort::data);
  EXPECT_EQ(sort_of_file("README.md"), FileSort::prose);
  EXPECT_EQ(sort_of_file("Makefile"), FileSort::unknown);
  EXPECT_EQ(sort_of_file("x."), FileSort::unknown);
}

}  // namespace
}  // namespace pareto
