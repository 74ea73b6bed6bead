#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdint>

#include "tests/escape/escape.h"

namespace pareto::escape {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;
// What a disk takes between two looks of the watchdog, on a loaded machine.
constexpr std::int64_t kOvershoot = 512 * kMiB;

std::int64_t resident_peak() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

TEST_P(EscapeTest, AMemoryBombIsKilled) {
  play([&] {
    SandboxLimits limits = quick();
    limits.memory_bytes = 100 * kMiB;
    const SandboxExit exit = attack(
        "perl -e 'my @all; for (1 .. 4000) { push @all, \"x\" x 1000000 } print \"survived\"'",
        limits);
    EXPECT_EQ(exit.limit, SandboxLimit::memory);
    EXPECT_EQ(exit.output, "");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, MemoryIsCountedOverTheWholeTree) {
  play([&] {
    SandboxLimits limits = quick();
    limits.memory_bytes = 150 * kMiB;
    const SandboxExit exit = attack(
        "for i in 1 2 3 4 5 6 7 8; do perl -e '$x = \"x\" x 40000000; sleep 60' & done; wait; echo "
        "survived",
        limits);
    EXPECT_EQ(exit.limit, SandboxLimit::memory);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, AnAddressSpaceHasAnEnd) {
  play([&] {
    SandboxLimits limits = quick();
    limits.address_space_bytes = 300 * kMiB;
    const SandboxExit exit =
        attack("perl -e '$x = \"x\" x 1000000000; print \"survived\"'", limits);
    EXPECT_NE(exit.exit_code, 0);
    EXPECT_THAT(exit.output, HasSubstr("emory"));
    expect_unharmed();
  });
}

TEST_P(EscapeTest, TheWorkspaceIsNotFilled) {
  play([&] {
    SandboxLimits limits = quick();
    limits.written_bytes = 64 * kMiB;
    const SandboxExit exit =
        attack("for i in $(seq 1 4000); do head -c 8M /dev/zero > $i; done", limits);
    EXPECT_EQ(exit.limit, SandboxLimit::disk);
    EXPECT_LE(bytes_below(host().workspace), limits.written_bytes + kOvershoot);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, TheDiskIsNotFilledByFilesWithoutAName) {
  play([&] {
    SandboxLimits limits = quick();
    limits.written_bytes = 64 * kMiB;
    const SandboxExit exit = attack(
        "perl -e 'my $mb = \"x\" x 1000000; for my $i (1 .. 900) { open($f[$i], \">\", \"f\") or "
        "die; "
        "unlink \"f\"; syswrite($f[$i], $mb) for 1 .. 8 } sleep 60'",
        limits);
    EXPECT_EQ(exit.limit, SandboxLimit::disk);
    EXPECT_LE(bytes_below(host().workspace), kMiB);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, EmptyFilesCountToo) {
  play([&] {
    SandboxLimits limits = quick();
    limits.written_bytes = 8 * kMiB;
    const SandboxExit exit = attack(
        "perl -e 'for my $d (1 .. 1000) { mkdir $d; for (1 .. 1000) { open(F, \">\", \"$d/$_\") } "
        "}'",
        limits);
    EXPECT_EQ(exit.limit, SandboxLimit::disk);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, AFileHasAnEnd) {
  play([&] {
    SandboxLimits limits = quick();
    limits.file_bytes = 4 * kMiB;
    const SandboxExit exit = attack(
        "exec perl -e 'open(F, \">\", \"big\"); print F \"x\" x 1000000 for 1 .. 50'", limits);
    EXPECT_EQ(exit.limit, SandboxLimit::disk);
    EXPECT_EQ(fs::file_size(host().workspace / "big"), 4U * kMiB);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, NothingElseCanBeFilled) {
  play([&] {
    SandboxLimits limits = quick();
    limits.tmp_bytes = 8 * kMiB;
    const SandboxExit exit = attack(
        "for place in /tmp /dev/shm /var/tmp /dev /run / /home /usr; do\n"
        "  head -c 64M /dev/zero 2>/dev/null > $place/fill && echo filled $place\n"
        "done 2>/dev/null\n"
        "stat -c '%n %s' /tmp/fill /dev/shm/fill",
        limits);
    EXPECT_EQ(exit.output, "/tmp/fill 8388608\n/dev/shm/fill 8388608\n");
    expect_unharmed();
  });
}

#ifdef __SANITIZE_ADDRESS__
constexpr auto kOutputRoom = 320 * kMiB;  // AddressSanitizer keeps up to 256 MiB that were freed
#else
constexpr auto kOutputRoom = 16 * kMiB;
#endif

TEST_P(EscapeTest, AGigabyteOfOutputIsBounded) {
  play([&] {
    sandbox();
    const std::int64_t before = resident_peak();
    SandboxLimits limits = quick();
    limits.wall = Milliseconds(300'000);  // on a machine that does much else
    const SandboxExit exit =
        attack("echo first; yes $(seq 1 30) | head -c 1000000000; echo; echo last", limits);
    EXPECT_EQ(exit.exit_code, 0);
    EXPECT_TRUE(exit.output_cut);
    EXPECT_LE(exit.output.size(), 10'100U);
    EXPECT_TRUE(exit.output.starts_with("first\n1 2 3")) << exit.output.substr(0, 100);
    EXPECT_TRUE(exit.output.ends_with("\nlast\n"));
    EXPECT_NE(exit.output.find("[... 999990012 bytes left out ...]"), std::string::npos);
    EXPECT_LT(resident_peak() - before, kOutputRoom);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, EndlessOutputIsKilled) {
  play([&] {
    SandboxLimits limits = quick();
    limits.printed_bytes = 32 * kMiB;
    const SandboxExit exit = attack("yes", limits);
    EXPECT_EQ(exit.limit, SandboxLimit::output);
    EXPECT_TRUE(exit.output_cut);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, TimeOnTheProcessorHasAnEnd) {
  play([&] {
    SandboxLimits limits = quick();
    limits.cpu_seconds = 1;
    limits.wall = Milliseconds(120'000);
    const SandboxExit exit = attack("exec perl -e 'while (1) {}'", limits);
    EXPECT_EQ(exit.limit, SandboxLimit::cpu);
    EXPECT_FALSE(exit.timed_out);
    expect_unharmed();
  });
}

}  // namespace
}  // namespace pareto::escape
