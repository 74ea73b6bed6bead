#include "tools/workspace/outside_changes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A workspace, and a moment after everything in it was made.
class OutsideChangesTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c/d", "c/e", "c/f/g"}) folder.write(name, "1");
    std::filesystem::create_symlink("a", folder / "link");
    now_later();
  }
  // The time stamps of files advance with the kernel's tick; waits for the next one, in vain work.
  void now_later() {
    const auto stamp = [this] {
      folder.write("__pycache__/tick", "x");
      struct stat info = {};
      EXPECT_EQ(::stat((folder / "__pycache__/tick").c_str(), &info), 0);
      return info.st_ctim.tv_sec * 1'000 + info.st_ctim.tv_nsec / 1'000'000;
    };
    const std::int64_t last = stamp();
    since = instant_from_ms(last);
    while (stamp() == last) continue;
  }
  std::vector<std::string> changed(const Selection& selection = {}) {
    auto paths = changed_after(folder.path(), since, selection);
    EXPECT_TRUE(paths.has_value());
    return paths.value_or(std::vector<std::string>{"error"});
  }
  std::vector<std::string> after(const std::function<void()>& change) {
    now_later();
    EXPECT_THAT(changed(), IsEmpty());
    change();
    return changed();
  }

  TempFolder folder;
  Instant since;
};

TEST_F(OutsideChangesTest, EveryKindOfChangeIsSeen) {
  namespace fs = std::filesystem;
  EXPECT_THAT(after([&] { folder.write("a", "2"); }), ElementsAre("a"));
  EXPECT_THAT(after([&] { folder.write("new", ""); }), ElementsAre("new"));
  EXPECT_THAT(after([&] { folder.write("x/y/z", ""); }), ElementsAre("x/y/z"));
  EXPECT_THAT(after([&] { ::chmod((folder / "c/d").c_str(), 0755); }), ElementsAre("c/d"));
  EXPECT_THAT(after([&] { fs::rename(folder / "c/d", folder / "c/h"); }), ElementsAre("c/h"));
  EXPECT_THAT(after([&] { fs::remove(folder / "c/h"); }), ElementsAre("c/"));
  EXPECT_THAT(after([&] { fs::remove(folder / "b"); }), ElementsAre("./"));
  EXPECT_THAT(after([&] { fs::remove_all(folder / "c/f"); }), ElementsAre("c/"));
  EXPECT_THAT(after([&] { fs::create_directory(folder / "empty"); }), ElementsAre("empty/"));
  EXPECT_THAT(after([&] {
                fs::remove(folder / "link");
                fs::create_symlink("b", folder / "link");
              }),
              ElementsAre("link"));
}

TEST_F(OutsideChangesTest, AnOldTimeOfWritingHidesNothing) {
  EXPECT_THAT(after([&] {
                folder.write("a", "2");
                const timespec old[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
                ASSERT_EQ(::utimensat(AT_FDCWD, (folder / "a").c_str(), old, 0), 0);
              }),
              ElementsAre("a"));
}

TEST_F(OutsideChangesTest, LookingAndCachesAreNoChange) {
  EXPECT_THAT(after([&] { folder.read("a"); }), IsEmpty());
  EXPECT_THAT(after([&] { folder.write("c/__pycache__/d.pyc", "x"); }), IsEmpty());
  EXPECT_THAT(after([&] { folder.write(".git/index", "x"); }), IsEmpty());
}

TEST_F(OutsideChangesTest, OnlyWhatIsSelectedCounts) {
  const Selection selection{std::vector<std::string>{"a", "c/d", "c/f/g", "gone/before"}};
  folder.write("b", "2");
  EXPECT_THAT(changed(selection), IsEmpty());
  folder.write("a", "2");
  EXPECT_THAT(changed(selection), ElementsAre("a"));
  now_later();
  std::filesystem::remove(folder / "c/e");
  EXPECT_THAT(changed(selection), IsEmpty());
  std::filesystem::remove_all(folder / "c/f");
  EXPECT_THAT(changed(selection), ElementsAre("c/f/g"));
}

TEST_F(OutsideChangesTest, AFolderThatIsGoneIsAnError) {
  std::filesystem::remove_all(folder.path());
  const auto paths = changed_after(folder.path(), since);
  ASSERT_FALSE(paths.has_value());
  EXPECT_EQ(paths.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace pareto
