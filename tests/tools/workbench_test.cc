#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/io/loop.h"
#include "agent/io/process.h"
#include "agent/io/worker_pool.h"
#include "tests/tools/fixture.h"
#include "tools/workspace/local_workbench.h"

namespace pareto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const RunId kRun{"RUN1"};

class WorkspaceTest : public testing::Test {
 protected:
  WorkspaceTest() : options{.state_folder = state.path()} {}

  Workbench::Place open(const Task& task, const RunId& run = kRun) {
    auto place = open_workspace(options, run, task);
    EXPECT_TRUE(place.has_value()) << place.error().message;
    return place.value_or(Workbench::Place{});
  }
  std::string diff(const Workbench::Place& place) {
    return diff_folders(state / "runs/RUN1/snapshot", place.workspace).value();
  }

  TempFolder state;
  TempFolder source;
  WorkbenchOptions options;
};

TEST_F(WorkspaceTest, WritesTheFilesOfATask) {
  const auto place = open({.files = {{"a/b.py", "x"}}});
  EXPECT_EQ(place.workspace, state / "runs/RUN1/workspace");
  EXPECT_EQ(state.read("runs/RUN1/workspace/a/b.py"), "x");
  EXPECT_EQ(state.read("runs/RUN1/snapshot/a/b.py"), "x");
  EXPECT_EQ(diff(place), "");
}

TEST_F(WorkspaceTest, ATaskWithoutFilesGetsAnEmptyFolder) {
  EXPECT_TRUE(std::filesystem::is_empty(open({}).workspace));
}

TEST_F(WorkspaceTest, CopiesAFolderWithModesAndLinksAndLeavesItAlone) {
  source.write("bin/tool", "#!/bin/sh\n");
  ASSERT_EQ(::chmod((source / "bin/tool").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("/etc/passwd", (source / "link").c_str()), 0);
  ASSERT_EQ(::mkfifo((source / "pipe").c_str(), 0600), 0);
  const auto place = open({.files = {{"extra", "1"}}, .workspace = source.path()});
  struct stat info = {};
  ASSERT_EQ(::stat((place.workspace + "/bin/tool").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755U);
  EXPECT_EQ(std::filesystem::read_symlink(place.workspace + "/link"), "/etc/passwd");
  EXPECT_FALSE(state.has("runs/RUN1/workspace/pipe"));
  EXPECT_FALSE(source.has("extra"));
}

TEST_F(WorkspaceTest, RefusesAFolderThatIsTooLarge) {
  source.write("big", std::string(2'000, 'x'));
  options.max_bytes = 1'000;
  EXPECT_EQ(open_workspace(options, kRun, {.workspace = source.path()}).error().code,
            ErrorCode::limit);
  options.max_bytes = 10'000;
  options.max_files = 0;
  EXPECT_EQ(open_workspace(options, kRun, {.workspace = source.path()}).error().code,
            ErrorCode::limit);
  EXPECT_FALSE(state.has("runs/RUN1"));
}

TEST_F(WorkspaceTest, FindsWhatAnEarlierOwnerMadeAndRemakesWhatACrashLeft) {
  const auto place = open({.files = {{"a", "1"}}});
  state.write("runs/RUN1/workspace/a", "2");
  EXPECT_EQ(open({.files = {{"a", "1"}}}).workspace, place.workspace);
  EXPECT_EQ(state.read("runs/RUN1/workspace/a"), "2");
  std::filesystem::remove(state / "runs/RUN1/place.json");
  open({.files = {{"a", "1"}}});
  EXPECT_EQ(state.read("runs/RUN1/workspace/a"), "1");
}

TEST_F(WorkspaceTest, ReopeningRemovesWhatAKilledWriteLeft) {
  const Workbench::Place place = open({.files = {{"sub/a", "1"}}});
  std::ofstream(place.workspace + "/sub/.pareto-scratch-17-2.tmp") << "half";
  std::ofstream(place.workspace + "/.hidden") << "stays";
  open({.files = {{"sub/a", "1"}}});
  EXPECT_FALSE(std::filesystem::exists(place.workspace + "/sub/.pareto-scratch-17-2.tmp"));
  EXPECT_TRUE(std::filesystem::exists(place.workspace + "/.hidden"));
}

TEST_F(WorkspaceTest, WorksInPlaceAfterASnapshot) {
  source.write("a", "1\n");
  options.source = WorkspaceSource::in_place;
  const auto place = open({.workspace = source.path()});
  EXPECT_EQ(place.workspace, source.path());
  source.write("a", "2\n");
  EXPECT_EQ(diff(place), "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n");
}

TEST_F(WorkspaceTest, AGitTreeInPlaceIsWhatGitWouldTrack) {
  source.write("tracked", "1\n");
  source.write("fresh", "1\n");
  source.write("build/huge", std::string(5'000, 'x'));
  source.write(".gitignore", "build/\n");
  const auto git = run_process(
      {.command = {"sh", "-c", "git init -q . && git add tracked"}, .folder = source.path()});
  if (!git || !git->ok()) GTEST_SKIP() << "git can't be run";
  options.source = WorkspaceSource::in_place;
  options.max_bytes = 1'000;
  const auto place = open({.workspace = source.path()});
  EXPECT_FALSE(state.has("runs/RUN1/snapshot/build"));
  source.write("build/more", "x");
  source.write("tracked", "2\n");
  std::filesystem::remove(source / "fresh");
  Loop loop;
  WorkerPool workers(loop, 1);
  SystemClock clock;
  CorpusCache corpora("");
  if (machine_sandbox() == nullptr) GTEST_SKIP() << "no sandbox";
  LocalWorkbench bench(options, *machine_sandbox(), corpora, workers, clock);
  std::string made;
  auto operation = bench.diff(kRun, place, [&](Result<std::string> text) { made = text.value(); });
  loop.run();
  EXPECT_EQ(made,
            "diff --git a/fresh b/fresh\ndeleted file mode 100644\n--- a/fresh\n+++ /dev/null\n"
            "@@ -1 +0,0 @@\n-1\n"
            "diff --git a/tracked b/tracked\n--- a/tracked\n+++ b/tracked\n@@ -1 +1 @@\n-1\n+2\n");
}

TEST_F(WorkspaceTest, DiffsNameModesLinksAndBinaryFiles) {
  const auto place = open({.files = {{"a.sh", "x\n"}, {"b", "1"}, {"gone", "g\n"}}});
  const std::string root = place.workspace;
  ASSERT_EQ(::chmod((root + "/a.sh").c_str(), 0755), 0);
  std::filesystem::remove(root + "/gone");
  std::ofstream(root + "/b", std::ios::binary) << std::string("a\0b", 3);
  std::ofstream(root + "/ä \"q\"") << "n\n";
  ASSERT_EQ(::symlink("b", (root + "/l").c_str()), 0);
  EXPECT_EQ(
      diff(place),
      "diff --git a/a.sh b/a.sh\nold mode 100644\nnew mode 100755\n"
      "diff --git a/b b/b\nBinary files a/b and b/b differ\n"
      "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n"
      "@@ -1 +0,0 @@\n-g\n"
      "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+b\n"
      "\\ No newline at end of file\n"
      "diff --git \"a/\\303\\244 \\\"q\\\"\" \"b/\\303\\244 \\\"q\\\"\"\nnew file mode 100644\n"
      "--- /dev/null\n+++ \"b/\\303\\244 \\\"q\\\"\"\n@@ -0,0 +1 @@\n+n\n");
}

TEST_F(WorkspaceTest, DiffsAreBounded) {
  const auto place = open({.files = {{"a", ""}}});
  for (int i = 0; i < 4; ++i) {
    std::ofstream(place.workspace + "/f" + std::to_string(i)) << std::string(400'000, 'x') + "\n";
  }
  const std::string text = diff(place);
  EXPECT_LE(text.size(), (1U << 20) + 100);
  EXPECT_THAT(text, testing::EndsWith("# 2 more files differ; a diff holds 1 MB\n"));
}

TEST_F(WorkspaceTest, AForkHasTheSnapshotAndTheDiff) {
  const auto place = open({.files = {{"a", "1\n2\n3\n"}, {"b", "x"}}});
  std::ofstream(place.workspace + "/a") << "1\ntwo\n3\n";
  std::ofstream(place.workspace + "/new") << "n";
  std::filesystem::remove(place.workspace + "/b");
  const std::string text = diff(place);
  std::ofstream(place.workspace + "/a") << "later work";
  auto fork = fork_workspace(options, kRun, {"RUN2"}, text);
  ASSERT_TRUE(fork.has_value()) << fork.error().message;
  EXPECT_EQ(state.read("runs/RUN2/workspace/a"), "1\ntwo\n3\n");
  EXPECT_EQ(state.read("runs/RUN2/workspace/new"), "n");
  EXPECT_FALSE(state.has("runs/RUN2/workspace/b"));
  EXPECT_EQ(state.read("runs/RUN2/snapshot/a"), "1\n2\n3\n");
}

TEST_F(WorkspaceTest, TheDigestChangesWithTheWorkspace) {
  source.write("a", "1");
  source.write("b/c", "2");
  const std::string before = digest_folder(source.path()).value();
  EXPECT_THAT(before, SizeIs(64));
  source.write("__pycache__/x.pyc", "cache");
  EXPECT_EQ(digest_folder(source.path()).value(), before);
  source.write("b/c", "3");
  const std::string after = digest_folder(source.path()).value();
  EXPECT_NE(after, before);
  ASSERT_EQ(::chmod((source / "b/c").c_str(), 0755), 0);
  EXPECT_NE(digest_folder(source.path()).value(), after);
}

class CheckTest : public WorkspaceTest {
 protected:
  void SetUp() override {
    if (machine_sandbox() == nullptr) GTEST_SKIP() << Sandbox::create({}).error().message;
  }
  Briefing brief(const Task& task) {
    auto made = brief_workspace(open(task), task, *machine_sandbox(), corpora, {});
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or(Briefing{});
  }
  Verdict score(ScoreRequest request) {
    return score_workspace(request, *machine_sandbox(), {}).verdict;
  }
  std::vector<std::string> paths(const Briefing& briefing) {
    std::vector<std::string> found;
    for (const BriefedFile& file : briefing.files) found.push_back(file.path);
    return found;
  }

  CorpusCache corpora{""};
};

TEST_F(CheckTest, BriefsNamedFilesFirstThenSmallOnes) {
  const Briefing briefing = brief({.prompt = "Fix gcd.py, then see util/io.py.",
                                   .files = {{"a.txt", "tiny"},
                                             {"gcd.py", std::string(500, 'g')},
                                             {"util/io.py", std::string(900, 'i')},
                                             {"m.txt", std::string(100, 'm')},
                                             {"big.txt", std::string(25'000, 'b')}}});
  EXPECT_THAT(paths(briefing), ElementsAre("gcd.py", "util/io.py", "a.txt", "m.txt"));
  EXPECT_THAT(briefing.omitted, ElementsAre("big.txt"));
  EXPECT_EQ(briefing.total_files, 5);
  EXPECT_EQ(briefing.total_bytes, 4 + 500 + 900 + 100 + 25'000);
  EXPECT_EQ(briefing.check_output, "");
}

TEST_F(CheckTest, BriefsNoBinaryAndNoHiddenFiles) {
  EXPECT_EQ(brief({.files = {{"x", std::string("a\0", 2)}, {".env", "KEY=1"}, {"i.png", "a"}}}),
            Briefing{});
}

TEST_F(CheckTest, BriefsWhatGitTracksWhereThereIsGit) {
  source.write("a.c", "int a;\n");
  source.write("build/a.d", "a.o: a.c\n");
  source.write(".gitignore", "build/\n");
  const auto git = run_process({.command = {"git", "init", "-q", "."}, .folder = source.path()});
  if (!git || !git->ok()) GTEST_SKIP() << "git can't be run";
  EXPECT_THAT(paths(brief({.workspace = source.path()})), ElementsAre("a.c"));
}

TEST_F(CheckTest, BriefsWhatTheFailingCheckPrints) {
  const Task task{.files = {{"t.sh", "echo broken; touch made; exit 1\n"}},
                  .verify = CheckCommand{"sh t.sh"}};
  EXPECT_EQ(brief(task).check_output, "broken\n");
  EXPECT_FALSE(state.has("runs/RUN1/workspace/made")) << "the check ran on a copy";
}

TEST_F(CheckTest, APassingCheckIsNotShown) {
  EXPECT_EQ(brief({.files = {{"a", ""}}, .verify = CheckCommand{"echo fine"}}).check_output, "");
}

TEST_F(CheckTest, BriefsPassages) {
  source.write("c.jsonl", R"({"id": "1", "title": "T", "text": "the moon"})"
                          "\n"
                          R"({"id": "2", "title": "U", "text": "the sun"})"
                          "\n");
  const Briefing briefing = brief({.prompt = "How far is the moon?", .corpus = source / "c.jsonl"});
  EXPECT_EQ(briefing.corpus_passages, 2);
  EXPECT_THAT(briefing.passages, ElementsAre(Passage{"1", "T", "the moon"}));
}

TEST_F(CheckTest, VerifiesInTheWorkspace) {
  const auto place = open({.files = {{"a", "1"}}});
  Milliseconds took{};
  const auto verify = [&](const std::string& command, Milliseconds timeout = Milliseconds(60'000)) {
    Verdict verdict = verify_workspace(place.workspace, {command, timeout}, Milliseconds(90'000),
                                       *machine_sandbox(), {});
    took = std::exchange(verdict.took, Milliseconds(0));
    return verdict;
  };
  EXPECT_EQ(verify("grep 1 a"), (Verdict{.passed = true, .output = "1\n"}));
  EXPECT_EQ(verify("grep 2 a"), (Verdict{.exit_code = 1}));
  const Verdict late = verify("echo begun; sleep 600", Milliseconds(2'000));
  EXPECT_FALSE(late.passed);
  EXPECT_EQ(late.error, "");
  EXPECT_GE(took, Milliseconds(2'000));
  EXPECT_THAT(late.output, HasSubstr("begun\n[killed after 2."));
}

TEST_F(CheckTest, ALinkInPlaceOfARepositoryDoesNotStopTheSandbox) {
  const auto place = open({.files = {{"a", "1"}}});
  std::filesystem::create_symlink("/etc", place.workspace + "/.git");
  const auto verify = [&] {
    return verify_workspace(place.workspace, {"grep 1 a", Milliseconds(5'000)}, Milliseconds(5'000),
                            *machine_sandbox(), {});
  };
  EXPECT_TRUE(verify().passed) << verify().error;
  std::filesystem::remove(place.workspace + "/.git");
  std::filesystem::create_directories(place.workspace + "/.git");
  std::filesystem::create_symlink("/etc", place.workspace + "/.git/hooks");
  EXPECT_TRUE(verify().passed) << verify().error;
}

TEST_F(CheckTest, AFailingSandboxIsNoVerdict) {
  const Verdict verdict = verify_workspace("/nonexistent/folder", {"true"}, Milliseconds(1'000),
                                           *machine_sandbox(), {});
  EXPECT_FALSE(verdict.passed);
  EXPECT_NE(verdict.error, "");
}

TEST_F(CheckTest, ScoresACopyWithHiddenFilesOverPlantedOnes) {
  source.write("a.py", "x = 1\n");
  source.write("hidden.py", "raise SystemExit(0)\n");
  const ScoreRequest request{.workspace = source.path(),
                             .files = {{"hidden.py", "import a, sys\nsys.exit(a.x != 2)\n"}},
                             .command = "touch made; python3 hidden.py"};
  EXPECT_EQ(score(request).exit_code, 1);
  source.write("a.py", "x = 2\n");
  EXPECT_TRUE(score(request).passed);
  EXPECT_FALSE(source.has("made"));
  EXPECT_EQ(source.read("hidden.py"), "raise SystemExit(0)\n");
}

TEST_F(CheckTest, AHiddenFileReplacesALinkOrAFolderInItsPlace) {
  source.write("real/t.py", "raise SystemExit(0)\n");
  std::filesystem::create_directory_symlink("real", source / "tests");
  source.write("check.py/inside", "");
  const Verdict verdict =
      score({.workspace = source.path(),
             .files = {{"tests/t.py", "print('hidden')\n"}, {"check.py", "print('also')\n"}},
             .command = "cat real/t.py && python3 tests/t.py && python3 check.py"});
  EXPECT_EQ(verdict.output, "raise SystemExit(0)\nhidden\nalso\n");
}

TEST_F(CheckTest, PlantedFilesDoNotDecideTheVerdict) {
  TempFolder snapshot;
  snapshot.write("sub/conftest.py", "original\n");
  source.write("sub/conftest.py", "changed\n");
  source.write("conftest.py", "planted\n");
  source.write("sitecustomize.py", "import os; os._exit(0)\n");
  source.write("x.pth", "import os\n");
  source.write("unittest/__init__.py", "planted\n");
  source.write("kept.py", "");
  const Verdict verdict = score({.workspace = source.path(),
                                 .snapshot = snapshot.path(),
                                 .command = "find . -type f | sort; cat sub/conftest.py"});
  EXPECT_EQ(verdict.output, "./kept.py\n./sub/conftest.py\noriginal\n");
}

TEST_F(CheckTest, WhatWasPlantedDoesNotVerifyEither) {
  TempFolder snapshot;
  snapshot.write("tests.py", "import json\nraise SystemExit('wrong')\n");
  source.write("tests.py", "import json\nraise SystemExit('wrong')\n");
  source.write("json.py", "raise SystemExit(0)\n");
  const auto verify = [&](const std::string& command) {
    Verdict verdict = verify_copy(source.path(), snapshot.path(), {command, Milliseconds(5'000)},
                                  Milliseconds(10'000), *machine_sandbox(), {});
    verdict.took = Milliseconds(0);
    return verdict;
  };
  EXPECT_EQ(verify("python3 tests.py"),
            (Verdict{.exit_code = 1,
                     .output = "wrong\n[not there during the check, as they could decide it: "
                               "json.py]"}));
  EXPECT_TRUE(verify("touch made").passed);
  EXPECT_FALSE(source.has("made"));
  EXPECT_LT(verify("seq 1 50000").output.size(), 11'000U);
}

TEST_F(CheckTest, VerifiesWhereTheOptionsSay) {
  Loop loop;
  WorkerPool workers(loop, 2);
  SystemClock clock;
  source.write("a", "1\n");
  for (const Verifying kind : {Verifying::on_clean_copy, Verifying::in_place}) {
    options.verifying = kind;
    const RunId run{kind == Verifying::in_place ? "in-place" : "copied"};
    LocalWorkbench bench(options, *machine_sandbox(), corpora, workers, clock);
    const Task task{.prompt = "a", .workspace = source.path(), .verify = CheckCommand{"touch b"}};
    std::unique_ptr<Operation> step;
    std::string workspace;
    step = bench.open(run, task, [&](Result<Workbench::Place> place) {
      workspace = place->workspace;
      step = bench.verify(*place, *task.verify, Deadline::never(),
                          [&](Result<Verdict> verdict) { EXPECT_TRUE(verdict->passed); });
    });
    loop.run();
    EXPECT_EQ(std::filesystem::exists(workspace + "/b"), kind == Verifying::in_place);
  }
}

TEST_F(CheckTest, AScorerReadsLongOutputs) {
  const Verdict verdict = score({.workspace = source.path(), .command = "seq 1 50000"});
  EXPECT_THAT(verdict.output, HasSubstr("\n25000\n"));
}

TEST_F(CheckTest, TheWorkbenchCompletesOnTheLoop) {
  Loop loop;
  WorkerPool workers(loop, 2);
  SystemClock clock;
  LocalWorkbench bench(options, *machine_sandbox(), corpora, workers, clock);
  const Task task{.prompt = "a", .files = {{"a", "1\n"}}, .verify = CheckCommand{"grep 1 a"}};
  std::unique_ptr<Operation> step;
  std::string made;
  step = bench.open(kRun, task, [&](Result<Workbench::Place> place) {
    step = bench.brief(*place, task, [&, place = *place](Result<Briefing> briefing) {
      EXPECT_EQ(briefing->files, (std::vector<BriefedFile>{{"a", "1\n"}}));
      step =
          bench.verify(place, *task.verify, Deadline::never(), [&, place](Result<Verdict> verdict) {
            EXPECT_TRUE(verdict->passed);
            std::ofstream(place.workspace + "/a") << "2\n";
            step = bench.diff(kRun, place, [&](Result<std::string> diff) { made = *diff; });
          });
    });
  });
  loop.run();
  EXPECT_THAT(made, HasSubstr("-1\n+2\n"));
}

}  // namespace
}  // namespace pareto
