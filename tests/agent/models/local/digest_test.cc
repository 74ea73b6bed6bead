#include "agent/models/local/digest.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/agent/models/local/local_fixture.h"

namespace pareto {
namespace {

TEST(DigestTest, AgreesWithThePublishedExamples) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(sha256_of_file(folder.write("empty", "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of_file(folder.write("abc", "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, TellsHowFarItIsOverManyBlocks) {
  const testing::TemporaryFolder folder;
  std::vector<std::int64_t> seen;
  const auto digest = sha256_of_file(folder.write("million", std::string(2'500'000, 'a')),
                                     [&](std::int64_t bytes) { seen.push_back(bytes); });
  EXPECT_TRUE(digest);
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1 << 20, 2 << 20, 2'500'000}));
}

TEST(DigestTest, AMissingFileIsAnError) {
  EXPECT_EQ(sha256_of_file("/nonexistent/file").error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace pareto
