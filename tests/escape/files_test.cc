#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/escape/escape.h"

namespace pareto::escape {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

TEST_P(EscapeTest, ReadsNoFileOfTheHost) {
  play([&] {
    const SandboxExit exit = attack(fmt::format(
        "cat {0}; cat /proc/self/root{0}; cat /proc/1/root{0}; cat ../secret; cat /oldroot{0}\n"
        "cat /etc/shadow; find / \\( -path /proc -o -path /usr \\) -prune -o -name secret -print",
        host().secret.string()));
    EXPECT_THAT(exit.output, Not(HasSubstr(host().token)));
    EXPECT_THAT(exit.output, Not(HasSubstr("root:")));
    EXPECT_THAT(exit.output, HasSubstr("No such file or directory"));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, HomesAreEmpty) {
  play([&] {
    EXPECT_EQ(attack("ls -A /home /root").output, "/home:\n\n/root:\n");
    EXPECT_EQ(attack("ls -d /work /mnt /media /srv /boot /sys /tmp/* 2>/dev/null").output, "");
  });
}

TEST_P(EscapeTest, WritesNoFileOfTheHost) {
  play([&] {
    const SandboxExit exit = attack(
        fmt::format("echo gotcha > {0}; echo gotcha > /proc/self/root{0}; echo gotcha > ../secret\n"
                    "rm -rf {1}; truncate -s 0 {0}; mkdir -p {1}/planted\n"
                    "for place in / /usr /usr/bin /etc /run /var /home /root /dev /bin; do\n"
                    "  touch $place/planted-{2} 2>/dev/null && echo wrote $place\n"
                    "done\n"
                    "echo 1 > /proc/sys/kernel/hostname && echo wrote sysctl\n"
                    "echo f > /proc/sysrq-trigger && echo wrote sysrq",
                    host().secret.string(), host().folder.string(), host().token));
    EXPECT_THAT(exit.output, Not(HasSubstr("wrote")));
    for (const char* place : {"/", "/usr", "/usr/bin", "/etc", "/run", "/var", "/home", "/root"}) {
      std::error_code ignored;
      EXPECT_FALSE(fs::exists(fs::path(place) / ("planted-" + host().token), ignored)) << place;
    }
    EXPECT_FALSE(fs::exists(host().folder / "planted"));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, SeesNoOtherRun) {
  play([&] {
    const SandboxExit exit = attack(fmt::format(
        "cat {0}/answer ../other/answer /proc/*/cwd/../other/answer; echo gotcha > {0}/answer\n"
        "ls {0}; mkdir up; cd up; cat ../../other/answer",
        host().other.string()));
    EXPECT_THAT(exit.output, Not(HasSubstr(host().token)));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, LeavesByNoSymlink) {
  play([&] {
    fs::create_symlink(host().secret, host().workspace / "planted");
    fs::create_directory_symlink(host().other, host().workspace / "folder");
    const SandboxExit exit = attack(fmt::format(
        "cat planted folder/answer; echo gotcha > planted; echo gotcha > folder/answer\n"
        "ln -s {0} mine; cat mine; echo gotcha > mine; ln {0} hard; mv folder/answer .",
        host().secret.string()));
    EXPECT_THAT(exit.output, Not(HasSubstr(host().token)));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, AWorkspaceThatIsASymlinkedProtectedPathIsRefused) {
  play([&] {
    fs::create_directory_symlink(host().other, host().workspace / "hooks");
    SandboxCommand attacker = command("cat hooks/answer");
    attacker.protected_paths = {"hooks"};
    const auto exit = sandbox().run(attacker, {});
    ASSERT_FALSE(exit);
    EXPECT_EQ(exit.error().code, ErrorCode::invalid);
    EXPECT_THAT(exit.error().message, HasSubstr("symlink"));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, ProtectedPathsStayAsTheyAre) {
  play([&] {
    fs::create_directories(host().workspace / ".git/hooks");
    write_text(host().workspace / ".git/config", "safe");
    SandboxCommand attacker = command(
        "echo x > .git/hooks/post-checkout; echo x > .git/config; rm -rf .git; mv .git away\n"
        "mv .git/hooks .git/old; rm .git/config; ln -sf /etc .git/hooks; echo x > .git/free");
    attacker.protected_paths = {".git/hooks", ".git/config", ".git/absent"};
    attack(attacker);
    EXPECT_TRUE(fs::is_empty(host().workspace / ".git/hooks"));
    EXPECT_TRUE(fs::is_directory(fs::symlink_status(host().workspace / ".git/hooks")));
    EXPECT_EQ(read_text(host().workspace / ".git/config"), "safe");
    EXPECT_EQ(read_text(host().workspace / ".git/free"), "x\n");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, GetsNoDescriptorOfTheHost) {
  play([&] {
    const int open_file = open(host().secret.c_str(), O_RDWR);  // on purpose not close-on-exec
    ASSERT_GE(open_file, 0);
    ASSERT_EQ(dup2(open_file, 100), 100);
    const SandboxExit exit = attack(
        "ls /proc/$$/fd | tr '\\n' ' '; cat <&100; for i in $(seq 3 120); do cat /dev/fd/$i; done "
        "2>&-");
    EXPECT_THAT(exit.output, testing::StartsWith("0 1 2 "));
    EXPECT_THAT(exit.output, Not(HasSubstr(host().token)));
    close(open_file);
    close(100);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, LeavesNoSetUserIdFile) {
  play([&] {
    const SandboxExit exit = attack(
        "cp /bin/sh shell; chmod 4755 shell; chmod u+s shell; chmod g+s shell; chmod 2755 shell\n"
        "perl -e 'use Fcntl; sysopen(F, \"opened\", O_CREAT|O_WRONLY, 04755) or print \"no\\n\";\n"
        "  printf \"%d\\n\", syscall(268, -100, \"shell\", 04755)'\n"  // fchmodat
        "mkdir deep; install -m 6755 /bin/sh deep/installed; ls -l");
    EXPECT_THAT(exit.output, HasSubstr("Operation not permitted"));
    for (const auto& entry : fs::recursive_directory_iterator(host().workspace)) {
      struct stat info{};
      ASSERT_EQ(lstat(entry.path().c_str(), &info), 0);
      EXPECT_EQ(info.st_mode & (S_ISUID | S_ISGID), 0U) << entry.path();
    }
    expect_unharmed();
  });
}

TEST_P(EscapeTest, GainsNothingFromASetUserIdFile) {
  play([&] {
    fs::copy_file("/usr/bin/id", host().workspace / "id");
    ASSERT_EQ(chmod((host().workspace / "id").c_str(), 06755), 0);
    EXPECT_EQ(attack("./id -u; ./id -ru; ./id -g").output, "1000\n1000\n1000\n");
    EXPECT_THAT(attack("grep NoNewPrivs /proc/self/status; grep CapBnd /proc/self/status").output,
                "NoNewPrivs:\t1\nCapBnd:\t0000000000000000\n");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, FilesBelongToTheCallerAfterwards) {
  play([&] {
    const SandboxExit exit = attack(
        "mkdir -p a/b; echo x > a/b/file; mkdir shut; echo y > shut/file; chmod 0700 shut; umask "
        "0; "
        "touch free");
    EXPECT_TRUE(exit.ok()) << exit.output;
    for (const auto& entry : fs::recursive_directory_iterator(host().workspace)) {
      struct stat info{};
      ASSERT_EQ(lstat(entry.path().c_str(), &info), 0);
      EXPECT_EQ(info.st_uid, geteuid()) << entry.path();
      EXPECT_EQ(info.st_gid, getegid()) << entry.path();
    }
    EXPECT_EQ(read_text(host().workspace / "shut/file"), "y\n");
    fs::remove_all(host().workspace / "shut");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, AFileSystemThatKnowsNoMappingIsGivenToTheCommandAndTakenBack) {
  play([&] {
    if (geteuid() != 0) return;  // an ordinary user's files need no mapping
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", host().workspace.c_str(), "ramfs", 0, "mode=755") != 0) {
      lacks("a file system without mapped owners");
    }
    fs::create_directory(host().workspace / "folder");
    write_text(host().workspace / "folder/file", "old");
    const SandboxExit exit = attack("cat folder/file; echo new > folder/file; mkdir -p a/b; id -u");
    EXPECT_EQ(exit.output, "old1000\n");
    EXPECT_EQ(read_text(host().workspace / "folder/file"), "new\n");
    for (const char* path : {"", "folder", "folder/file", "a", "a/b"}) {
      struct stat info{};
      ASSERT_EQ(stat((host().workspace / path).c_str(), &info), 0);
      EXPECT_EQ(info.st_uid, 0U) << path;
    }
    expect_unharmed();
    EXPECT_EQ(umount2(host().workspace.c_str(), MNT_DETACH), 0);
  });
}

}  // namespace
}  // namespace pareto::escape
