#include "agent/text/nearest_name.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "agent/core/random.h"

namespace pareto {
namespace {

// The definition, written down as a recursion.
std::size_t slow_distance(std::string_view a, std::string_view b) {
  if (a.empty()) return b.size();
  if (b.empty()) return a.size();
  std::size_t least = std::min(slow_distance(a.substr(1), b), slow_distance(a, b.substr(1))) + 1;
  least = std::min(least, slow_distance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1));
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    least = std::min(least, slow_distance(a.substr(2), b.substr(2)) + 1);
  }
  return least;
}

TEST(EditDistanceTest, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("edit", "edits"), 1U);
  EXPECT_EQ(edit_distance("edit", "eidt"), 1U);
  EXPECT_EQ(edit_distance("view", "vies"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

TEST(EditDistanceTest, AgreesWithTheRecursiveDefinition) {
  SeededRandom random(7);
  const auto word = [&] {
    std::string text(random.next() % 6, 'a');
    for (char& c : text) c = static_cast<char>('a' + random.next() % 3);
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    const std::string a = word();
    const std::string b = word();
    ASSERT_EQ(edit_distance(a, b), slow_distance(a, b)) << a << " " << b;
  }
}

TEST(NearestNameTest, FindsWhatWasMeant) {
  const std::vector<std::string> names = {"view", "edit", "run", "search", "finish"};
  EXPECT_EQ(nearest_name("eidt", names), "edit");
  EXPECT_EQ(nearest_name("serach", names), "search");
  EXPECT_EQ(nearest_name("FINISH", names), "finish");
  EXPECT_EQ(nearest_name("fin", names), "finish");
  EXPECT_EQ(nearest_name("rum", names), "run");
}

TEST(NearestNameTest, SaysNothingWhenNoNameIsNear) {
  const std::vector<std::string> names = {"view", "edit"};
  EXPECT_EQ(nearest_name("compile", names), std::nullopt);
  EXPECT_EQ(nearest_name("", names), std::nullopt);
  EXPECT_EQ(nearest_name("view", {}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(101, 'v'), names), std::nullopt);
}

TEST(NearestNameTest, TakesTheFirstOfEquals) {
  const std::vector<std::string> names = {"cat", "bat"};
  EXPECT_EQ(nearest_name("rat", names), "cat");
}

}  // namespace
}  // namespace pareto
