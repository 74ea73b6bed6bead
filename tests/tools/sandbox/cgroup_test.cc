#include "tools/sandbox/cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/sandbox/folder.h"

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(FindCgroupTest, SaysWhenNoneIsMounted) {
  const CgroupSearch search = find_cgroup("", "22 1 0:20 / /proc rw - proc proc rw\n", "0::/\n");
  EXPECT_FALSE(search.parent);
  EXPECT_EQ(search.detail, "no cgroup v2 is mounted");
}

TEST(FindCgroupTest, SaysWhichControllerIsMissing) {
  const Folder folder;
  folder.write("cgroup.controllers", "cpuset cpu memory hugetlb\n");
  const CgroupSearch search = find_cgroup(folder.path(), "", "");
  EXPECT_FALSE(search.parent);
  EXPECT_EQ(search.detail, folder.path().string() + " lacks the pids controller");
}

TEST(FindCgroupTest, LooksBesideTheGroupOfThisProcess) {
  const Folder folder;
  fs::create_directories(folder.path() / "user/app.slice/own.scope");
  folder.write("user/app.slice/cgroup.controllers", "pids\n");
  const std::string mounts = "30 23 0:26 / " + folder.path().string() +
                             " rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
  const CgroupSearch search =
      find_cgroup("", mounts, "1:name=systemd:/x\n0::/user/app.slice/own.scope\n");
  EXPECT_FALSE(search.parent);
  EXPECT_THAT(search.detail,
              HasSubstr((folder.path() / "user/app.slice").string() + " lacks the memory"));
}

TEST(FindCgroupTest, AFolderThatIsNoCgroupIsNotTakenForOne) {
  // All the files are there, but a new folder in it has none: this is no cgroup file system.
  const Folder folder;
  folder.write("cgroup.controllers", "memory pids\n");
  folder.write("cgroup.subtree_control", "memory pids\n");
  const CgroupSearch search = find_cgroup(folder.path(), "", "");
  EXPECT_FALSE(search.parent);
  EXPECT_THAT(search.detail, HasSubstr("no limits can be set in"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 2);
}

}  // namespace
}  // namespace pareto::sandbox
