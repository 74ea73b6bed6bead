#include "agent/text/tokens.h"

#include <gtest/gtest.h>

#include <string>

namespace pareto {
namespace {

TEST(TokensTest, AnEmptyTextHasNone) {
  EXPECT_EQ(estimated_tokens(""), 0);
  EXPECT_EQ(token_bound(""), 0);
}

TEST(TokensTest, ProseHasAboutATokenPerWord) {
  const std::string text = "The quick brown fox jumps over the lazy dog near the river bank";
  EXPECT_GE(estimated_tokens(text), 11);
  EXPECT_LE(estimated_tokens(text), 17);
}

TEST(TokensTest, CodeHasMoreTokensPerByteThanProse) {
  const std::string code = "for(int i=0;i<10;++i){a[i]=b[i]*2;}";
  const std::string prose = "this sentence has the same length!!";
  ASSERT_EQ(code.size(), prose.size());
  EXPECT_GT(estimated_tokens(code), estimated_tokens(prose));
}

TEST(TokensTest, TheBoundIsNeverBelowTheEstimate) {
  for (const std::string text :
       {"a", "a b c", "{}[]();", "日本語のテキスト", "\xff\xfe\x80", "\n\n\n"}) {
    EXPECT_LE(estimated_tokens(text), token_bound(text)) << text;
  }
}

}  // namespace
}  // namespace pareto
