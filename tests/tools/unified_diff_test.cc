#include "tools/workspace/unified_diff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace pareto {
namespace {

using Numbers = std::vector<std::uint32_t>;

// Length of the longest common subsequence, by the textbook table.
std::size_t common(const Numbers& a, const Numbers& b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      best[i][j] =
          a[i - 1] == b[j - 1] ? best[i - 1][j - 1] + 1 : std::max(best[i - 1][j], best[i][j - 1]);
    }
  }
  return best[a.size()][b.size()];
}

Numbers applied(const Numbers& before, const Numbers& after, const std::vector<DiffRange>& ranges) {
  Numbers out;
  std::size_t at = 0;
  for (const DiffRange& range : ranges) {
    out.insert(out.end(), before.begin() + static_cast<long>(at),
               before.begin() + static_cast<long>(range.before));
    out.insert(out.end(), after.begin() + static_cast<long>(range.after),
               after.begin() + static_cast<long>(range.after_end));
    at = range.before_end;
  }
  out.insert(out.end(), before.begin() + static_cast<long>(at), before.end());
  return out;
}

TEST(DiffLinesTest, IsCorrectAndAsShortAsTheTableSays) {
  std::mt19937 random(3);
  for (int round = 0; round < 3'000; ++round) {
    Numbers before(random() % 12);
    Numbers after(random() % 12);
    for (auto& number : before) number = random() % 3;
    for (auto& number : after) number = random() % 3;
    const auto ranges = diff_lines(before, after);
    ASSERT_EQ(applied(before, after, ranges), after);
    std::size_t changes = 0;
    for (const DiffRange& range : ranges) {
      changes += range.before_end - range.before + range.after_end - range.after;
    }
    ASSERT_EQ(changes, before.size() + after.size() - 2 * common(before, after));
  }
}

TEST(DiffLinesTest, GivesOneRangeWhereTooMuchDiffers) {
  Numbers before(300);
  Numbers after(300);
  for (std::uint32_t i = 0; i < 300; ++i) {
    before[i] = i;
    after[i] = i % 2 == 0 ? i : i + 1'000;
  }
  EXPECT_EQ(diff_lines(before, after, 10), (std::vector<DiffRange>{{1, 300, 1, 300}}));
}

TEST(UnifiedHunksTest, LooksAsDiffDoes) {
  EXPECT_EQ(unified_hunks("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nX\n6\n7\n8\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+X\n 6\n 7\n 8\n");
  EXPECT_EQ(unified_hunks("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_hunks("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_hunks("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
  EXPECT_EQ(unified_hunks("same", "same"), "");
}

TEST(UnifiedHunksTest, SplitsDistantChanges) {
  std::string before;
  for (int i = 0; i < 30; ++i) before += std::to_string(i) + "\n";
  std::string after = before;
  after.replace(after.find("2\n"), 2, "two\n");
  after.replace(after.find("25\n"), 3, "");
  EXPECT_EQ(unified_hunks(before, after),
            "@@ -1,6 +1,6 @@\n 0\n 1\n-2\n+two\n 3\n 4\n 5\n"
            "@@ -23,7 +23,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n");
}

}  // namespace
}  // namespace pareto
