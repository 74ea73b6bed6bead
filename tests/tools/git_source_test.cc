#include "tools/workspace/git_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/io/process.h"
#include "tests/tools/fixture.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "the-fix-of-tomorrow";

// A repository with a commit to work on and a later one that has the fix, on a branch, tagged,
// packed and in the reflog.
class GitSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    shell("git init -q -b main . && git config user.email a@b.example && git config user.name x");
    source.write("calc.py", "def add(a, b): return a - b\n");
    source.write("sub/deep.txt", "deep\n");
    source.write(".gitattributes", "deep.txt export-ignore\n*.py filter=evil\n");
    shell("git config filter.evil.smudge 'touch /tmp/evil-ran-$$; cat'");
    shell("git add . && git commit -qm base && git tag base");
    base = shell("git rev-parse HEAD");
    source.write("calc.py", std::string("def add(a, b): return a + b  # ") + kSecret + "\n");
    shell("git commit -qam fix && git tag v2 && git branch side");
    future = shell("git rev-parse HEAD");
    future_blob = shell("git rev-parse HEAD:calc.py");
    shell("git gc -q");
    source.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch hook-ran\n");
  }

  std::string run_in(const std::string& folder, const std::string& text) {
    auto exit = run_process({.command = {"sh", "-c", text}, .folder = folder});
    EXPECT_TRUE(exit && exit->ok()) << text << ": " << (exit ? exit->err.text() : "");
    std::string output = exit ? exit->out.text() : "";
    while (output.ends_with('\n')) output.pop_back();
    return output;
  }
  std::string shell(const std::string& text) { return run_in(source.path(), text); }
  std::string named(const std::string& commit) { return "git+" + source.path() + "@" + commit; }

  TempFolder source;
  TempFolder target;
  std::string base;
  std::string future;
  std::string future_blob;
};

TEST_F(GitSourceTest, GivesTheFilesOfTheCommitAndOneCommitWithoutParent) {
  auto done = check_out(named(base), target.path());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(target.read("calc.py"), "def add(a, b): return a - b\n");
  EXPECT_EQ(target.read("sub/deep.txt"), "deep\n") << "export-ignore is for archives";
  EXPECT_FALSE(target.has("hook-ran"));
  EXPECT_EQ(run_in(target.path(), "git status --short"), "");
  EXPECT_EQ(run_in(target.path(), "git rev-list --all --count"), "1");
  EXPECT_EQ(run_in(target.path(), "git rev-list --parents HEAD | wc -w"), "1");
  EXPECT_EQ(run_in(target.path(), "git tag; git remote; git stash list; git reflog | cat"), "");
}

TEST_F(GitSourceTest, TheSameCommitIsTheSameEverywhere) {
  const TempFolder other;
  ASSERT_TRUE(check_out(named(base), target.path()));
  ASSERT_TRUE(check_out("git+file://" + source.path() + "@" + base, other.path()));
  EXPECT_EQ(run_in(target.path(), "git rev-parse HEAD"),
            run_in(other.path(), "git rev-parse HEAD"));
}

TEST_F(GitSourceTest, NothingOfTheFutureIsLeft) {
  ASSERT_TRUE(check_out(named(base), target.path()));
  const auto fails = [this](const std::string& text) {
    auto exit = run_process({.command = {"sh", "-c", text}, .folder = target.path()});
    ASSERT_TRUE(exit);
    EXPECT_NE(exit->code, 0) << text << " gave " << exit->out.text();
  };
  fails("git cat-file -e " + future);
  fails("git cat-file -e " + future_blob);
  fails("git cat-file -e " + base);
  fails("git fetch --all --quiet && git log origin/main");
  fails("git show v2");
  fails("git show 'HEAD@{1}'");
  const std::string objects = run_in(
      target.path(),
      "git cat-file --batch-all-objects --batch-check | sort; git fsck --lost-found --unreachable");
  EXPECT_THAT(objects, AllOf(Not(HasSubstr(future)), Not(HasSubstr(base))));
  EXPECT_EQ(std::ranges::count(objects, '\n') + 1, 6) << "commit, 2 trees, 3 files: " << objects;
  EXPECT_EQ(run_in(target.path(), "git cat-file --batch-all-objects --batch | grep -ac " +
                                      std::string(kSecret) + " || true"),
            "0");
  EXPECT_EQ(run_in(target.path(), "grep -r -e " + base + " -e " + future + " -e " + source.path() +
                                      " .git || echo clean"),
            "clean");
}

TEST_F(GitSourceTest, FromTheSandboxTheFutureIsOutOfReach) {
  if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  const TempFolder state;
  SystemClock clock;
  auto place = open_workspace({.state_folder = state.path()}, {"run"},
                              {.id = "t", .prompt = "p", .workspace = named(base)});
  ASSERT_TRUE(place) << place.error().message;
  SandboxCommand command{
      .argv = shell_argv("git -c safe.directory='*' log --all --oneline | wc -l; "
                         "git -c safe.directory='*' cat-file -p " +
                         future + "; ls " + source.path() + "; ls -d " + state.path() +
                         "; grep -ra " + kSecret + " /workspace /tmp /var/tmp 2>/dev/null; true"),
      .workspace = place->workspace};
  auto exit = machine_sandbox()->run(command, {});
  ASSERT_TRUE(exit) << exit.error().message;
  EXPECT_THAT(exit->output, AllOf(testing::StartsWith("1\n"), Not(HasSubstr("calc.py")),
                                  HasSubstr("No such file"), Not(HasSubstr("return a + b"))));
}

TEST_F(GitSourceTest, ACommitThatIsNotThereIsNamed) {
  const std::string missing(40, '1');
  auto done = check_out(named(missing), target.path());
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message,
              AllOf(HasSubstr("commit " + missing + " can't be taken from " + source.path())));
}

TEST(ParseGitSourceTest, ReadsPathsAndFileUrls) {
  const std::string commit(40, 'a');
  const GitSource expected{"/srv/a@b", commit};
  EXPECT_EQ(parse_git_source("git+/srv/a@b@" + commit).value(), expected);
  EXPECT_EQ(parse_git_source("git+file:///srv/a@b@" + commit).value(), expected);
  for (const std::string& text : std::initializer_list<std::string>{
           "git+/srv/a", "git+/srv/a@main", "git+srv/a@" + commit,
           "git+https://x.example/a@" + commit, "git+file://host/a@" + commit,
           "git+ext::sh -c x@" + commit, "git+@" + commit, "git+--upload-pack=x@" + commit,
           "git+/srv/a@" + std::string(40, 'A')}) {
    EXPECT_FALSE(parse_git_source(text)) << text;
  }
}

}  // namespace
}  // namespace pareto
