#include "tools/sandbox/disk_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "tests/tools/sandbox/folder.h"

namespace pareto::sandbox {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::int64_t kAll = std::int64_t{1} << 40;

FileDescriptor open_folder(const fs::path& path) {
  return FileDescriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

nanoseconds now_since_epoch() { return std::chrono::system_clock::now().time_since_epoch(); }

// The clock of the file system is coarser than ours.
void let_the_clock_tick() { std::this_thread::sleep_for(milliseconds(15)); }

Written written(const fs::path& path, nanoseconds since, std::int64_t enough = kAll) {
  return written_since(open_folder(path), since, enough,
                       std::chrono::steady_clock::now() + std::chrono::minutes(1));
}

// What the files take together, by another way.
std::int64_t blocks(std::initializer_list<fs::path> paths) {
  std::int64_t bytes = 0;
  for (const fs::path& path : paths) {
    struct stat info{};
    EXPECT_EQ(lstat(path.c_str(), &info), 0);
    bytes += std::max<std::int64_t>(info.st_blocks * 512, 4096);
  }
  return bytes;
}

TEST(WrittenSinceTest, CountsNewAndChangedFilesOnly) {
  const Folder folder;
  const fs::path old = folder.write("old", std::string(100'000, 'x'));
  const fs::path changed = folder.write("changed", std::string(50'000, 'x'));
  let_the_clock_tick();
  const nanoseconds since = now_since_epoch();
  let_the_clock_tick();
  EXPECT_EQ(written(folder.path(), since).bytes, 0);
  std::ofstream(changed, std::ios::app) << "y";
  fs::create_directories(folder.path() / "a/b");
  const fs::path created = folder.write("a/b/new", std::string(30'000, 'x'));
  const Written result = written(folder.path(), since);
  EXPECT_TRUE(result.complete);
  EXPECT_EQ(result.bytes, blocks({changed, created, folder.path() / "a", folder.path() / "a/b"}));
}

TEST(WrittenSinceTest, CountsAFileWithManyNamesOnceAndLeavesSymlinksAlone) {
  const Folder folder;
  const Folder elsewhere;
  elsewhere.write("big", std::string(1'000'000, 'x'));
  const fs::path file = folder.write("file", std::string(100'000, 'x'));
  fs::create_hard_link(file, folder.path() / "second");
  fs::create_directory_symlink(elsewhere.path(), folder.path() / "link");
  EXPECT_EQ(written(folder.path(), nanoseconds(0)).bytes, blocks({file, folder.path() / "link"}));
}

TEST(WrittenSinceTest, StopsWhenItHasSeenEnough) {
  const Folder folder;
  for (int i = 0; i < 100; ++i) folder.write(std::to_string(i), "x");
  const Written result = written(folder.path(), nanoseconds(0), 10 * 4096);
  EXPECT_FALSE(result.complete);
  EXPECT_EQ(result.bytes, 10 * 4096);
}

TEST(WrittenSinceTest, SaysWhenFoldersAreTooDeepToFollow) {
  const Folder folder;
  fs::path deep = folder.path();
  for (int i = 0; i < 200; ++i) fs::create_directory(deep /= "d");
  EXPECT_FALSE(written(folder.path(), nanoseconds(0)).complete);
}

TEST(DiskWatchTest, TellsWhenTooMuchWasWritten) {
  const Folder folder;
  constexpr std::int64_t kLimit = 16 << 20;
  auto watch = DiskWatch::start(folder.path(), kLimit, [](dev_t) { return 0; });
  ASSERT_TRUE(watch);
  EXPECT_FALSE(watch->exceeded(std::chrono::steady_clock::now()));
  folder.write("half", std::string(kLimit / 2, 'x'));
  EXPECT_FALSE(watch->exceeded(std::chrono::steady_clock::now()));
  folder.write("rest", std::string(kLimit, 'x'));
  // Others may give space back meanwhile, or take some.
  bool exceeded = false;
  for (int i = 0; i < 50 && !exceeded; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    exceeded = watch->exceeded(std::chrono::steady_clock::now());
  }
  EXPECT_TRUE(exceeded);
}

TEST(DiskWatchTest, SpaceThatOthersFreeHidesNothing) {
  const Folder folder;
  const Folder elsewhere;
  constexpr std::int64_t kLimit = 16 << 20;
  const fs::path theirs = elsewhere.write("theirs", std::string(4 * kLimit, 'x'));
  ::sync();
  auto watch = DiskWatch::start(folder.path(), kLimit, [](dev_t) { return 0; });
  ASSERT_TRUE(watch);
  fs::remove(theirs);
  folder.write("ours", std::string(kLimit, 'x'));
  EXPECT_TRUE(watch->exceeded(std::chrono::steady_clock::now() + std::chrono::seconds(2)));
}

TEST(DiskWatchTest, NamesAFolderThatIsNotThere) {
  EXPECT_FALSE(DiskWatch::start("/absent", 1, [](dev_t) { return 0; }));
}

}  // namespace
}  // namespace pareto::sandbox
