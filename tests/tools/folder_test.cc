#include "tools/workspace/folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tools/fixture.h"

namespace pareto {
namespace {

using testing::ElementsAre;

class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    outside.write("secret", "secret");
    files.write("a/b.txt", "text");
    symlink_to(outside.path(), "out");
    symlink_to("a", "in");
    symlink_to("a/b.txt", "link.txt");
  }
  void symlink_to(const std::string& target, const std::string& name) {
    ASSERT_EQ(::symlink(target.c_str(), (files / name).c_str()), 0);
  }
  ErrorCode read_error(const std::string& path) {
    auto text = folder.read(path);
    EXPECT_FALSE(text.has_value()) << path;
    return text ? ErrorCode::internal : text.error().code;
  }

  TempFolder files;
  TempFolder outside;
  Folder folder = Folder::open(files.path()).value();
};

TEST_F(FolderTest, ReadsByEveryNameOfAFile) {
  for (const char* path :
       {"a/b.txt", "./a//b.txt", "/workspace/a/b.txt", "a/../a/b.txt", "link.txt", "in/b.txt"}) {
    EXPECT_EQ(folder.read(path).value_or("(error)"), "text") << path;
  }
}

TEST_F(FolderTest, NeverReadsOutside) {
  for (const std::string& path : {std::string("out/secret"), std::string("../") + outside.path(),
                                  outside / "secret", std::string("/workspace/../secret"),
                                  std::string("/workspacex/a"), std::string("a/../../x")}) {
    EXPECT_EQ(read_error(path), ErrorCode::denied) << path;
  }
  EXPECT_EQ(read_error(std::string("a\0b", 3)), ErrorCode::invalid);
  EXPECT_EQ(read_error(""), ErrorCode::invalid);
}

TEST_F(FolderTest, NeverWritesOutside) {
  EXPECT_EQ(folder.write("out/secret", "x").error().code, ErrorCode::denied);
  EXPECT_EQ(folder.write("out/made/x", "x").error().code, ErrorCode::denied);
  EXPECT_EQ(folder.write("../x", "x").error().code, ErrorCode::denied);
  symlink_to(outside / "secret", "direct");
  EXPECT_EQ(folder.write("direct", "x").error().code, ErrorCode::denied);
  EXPECT_EQ(folder.remove("out/secret").error().code, ErrorCode::denied);
  EXPECT_EQ(outside.read("secret"), "secret");
  EXPECT_FALSE(outside.has("made"));
}

TEST_F(FolderTest, TheWalkWithoutKernelHelpFollowsNoLink) {
  const Descriptor root(::open(files.path().c_str(), O_PATH | O_DIRECTORY));
  const Descriptor good(walk_inside(root.get(), "a/b.txt", O_RDONLY, 0));
  EXPECT_TRUE(good.open());
  for (const char* path : {"in/b.txt", "link.txt", "out/secret", "a/../../x", "../x"}) {
    EXPECT_LT(walk_inside(root.get(), path, O_RDONLY, 0), 0) << path;
  }
}

TEST_F(FolderTest, DoesNotWaitForAPipe) {
  ASSERT_EQ(::mkfifo((files / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_error("pipe"), ErrorCode::invalid);
}

TEST_F(FolderTest, SaysWhatIsWrong) {
  EXPECT_EQ(read_error("none"), ErrorCode::not_found);
  EXPECT_EQ(read_error("a"), ErrorCode::invalid);
  EXPECT_EQ(read_error("a/b.txt/c"), ErrorCode::invalid);
  EXPECT_EQ(folder.read("a/b.txt", 3).error().code, ErrorCode::limit);
  EXPECT_EQ(folder.write("a", "x").error().code, ErrorCode::invalid);
  EXPECT_EQ(folder.write(".", "x").error().code, ErrorCode::invalid);
}

TEST_F(FolderTest, ReadsTheHeadOfAFileByCharacters) {
  files.write("text", "aä€");
  EXPECT_EQ(folder.head("text", 100).value(), "aä€");
  EXPECT_EQ(folder.head("text", 3).value(), "aä");
  EXPECT_EQ(folder.head("text", 5).value(), "aä");
  EXPECT_EQ(folder.head("text", 0).value(), "");
}

TEST_F(FolderTest, WritesWholeFilesAndMakesFolders) {
  ASSERT_TRUE(folder.write("x/y/z.txt", "new").has_value());
  EXPECT_EQ(files.read("x/y/z.txt"), "new");
  ASSERT_TRUE(folder.write("/workspace/a/b.txt", "other").has_value());
  EXPECT_EQ(files.read("a/b.txt"), "other");
  EXPECT_EQ(folder.list("x/y").value().size(), 1U) << "no scratch file is left";
}

TEST_F(FolderTest, KeepsTheModeAndTheLinksOfAFile) {
  ASSERT_EQ(::chmod((files / "a/b.txt").c_str(), 0751), 0);
  ASSERT_EQ(::link((files / "a/b.txt").c_str(), (files / "twin").c_str()), 0);
  ASSERT_TRUE(folder.write("link.txt", "through").has_value());
  EXPECT_EQ(files.read("twin"), "through");
  ASSERT_EQ(::unlink((files / "twin").c_str()), 0);
  ASSERT_TRUE(folder.write("a/b.txt", "again").has_value());
  EXPECT_EQ(folder.stat("a/b.txt").value().mode & 07777, 0751U);
  EXPECT_EQ(files.read("link.txt"), "again");
}

TEST_F(FolderTest, ListsAndWalksInOrderWithoutFollowingLinks) {
  std::vector<std::string> seen;
  EXPECT_TRUE(folder
                  .walk(".", 100,
                        [&](const FolderEntry& entry) {
                          seen.push_back(entry.path);
                          return true;
                        })
                  .value());
  EXPECT_THAT(seen, ElementsAre("a", "a/b.txt", "in", "link.txt", "out"));
  EXPECT_FALSE(folder.walk(".", 2, [](const FolderEntry&) { return true; }).value());
}

}  // namespace
}  // namespace pareto
