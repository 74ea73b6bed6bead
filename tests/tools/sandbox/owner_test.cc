#include "tools/sandbox/owner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/tools/sandbox/folder.h"

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;

Owner owner_of_link(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(lstat(path.c_str(), &info), 0);
  return {info.st_uid, info.st_gid};
}

TEST(ChangeOwnerTest, ChangesWhatBelongsToTheFormerOwnerAndNothingElse) {
  if (geteuid() != 0) GTEST_SKIP() << "skipped: only root can change owners";
  const Folder folder;
  const Folder elsewhere;
  const fs::path outside = elsewhere.write("outside", "x");
  fs::create_directories(folder.path() / "a/b");
  const fs::path file = folder.write("a/b/file", "x");
  const fs::path foreign = folder.write("foreign", "x");
  ASSERT_EQ(chown(foreign.c_str(), 12345, 12345), 0);
  fs::create_symlink(outside, folder.path() / "link");
  const Owner root = owner_of_link(folder.path());
  const Owner other{60'999, 60'998};
  ASSERT_TRUE(change_owner(folder.path(), root, other));
  for (const char* name : {"", "a", "a/b", "a/b/file", "link"}) {
    EXPECT_EQ(owner_of_link(folder.path() / name), other) << name;
  }
  EXPECT_EQ(owner_of_link(foreign), (Owner{12345, 12345}));
  EXPECT_EQ(owner_of_link(outside), root);
  ASSERT_TRUE(change_owner(folder.path(), other, root));
  EXPECT_EQ(owner_of_link(file), root);
  EXPECT_EQ(owner_of_link(folder.path()), root);
}

TEST(OwnerOfTest, NamesAFolderThatIsNotThere) {
  const auto owner = owner_of("/absent");
  ASSERT_FALSE(owner);
  EXPECT_NE(owner.error().message.find("/absent"), std::string::npos);
}

TEST(FolderLocksTest, OneAtATimeForAFolder) {
  FolderLocks locks;
  auto first = locks.take("/a", {});
  ASSERT_TRUE(first);
  EXPECT_TRUE(locks.take("/b", {}));
  std::stop_source stopped;
  stopped.request_stop();
  const auto refused = locks.take("/a", stopped.get_token());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::cancelled);
  bool taken = false;
  std::jthread waiting([&] { taken = locks.take("/a", {}).has_value(); });
  {
    const auto freed = std::move(*first);
  }
  waiting.join();
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace pareto::sandbox
