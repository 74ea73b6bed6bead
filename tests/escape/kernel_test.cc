#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "tests/escape/escape.h"

namespace pareto::escape {
namespace {

using testing::HasSubstr;
using testing::Not;

// A listener of the host; `met` says whether anybody came.
class Listener {
 public:
  explicit Listener(int family)
      : fd_(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(fd_); }

  int listen_on_loopback() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 8) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return -1;
    }
    return ntohs(address.sin_port);
  }

  bool listen_abstractly(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(fd_, 8) == 0;
  }

  bool listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
           listen(fd_, 8) == 0;
  }

  bool met() const { return accept(fd_, nullptr, nullptr) >= 0; }

 private:
  int fd_;
};

TEST_P(EscapeTest, ReachesNoListenerOfTheHost) {
  play([&] {
    Listener listener(AF_INET);
    const int port = listener.listen_on_loopback();
    ASSERT_GT(port, 0);
    const SandboxExit exit = attack(
        fmt::format("exec 3<>/dev/tcp/127.0.0.1/{0} && echo connected; grep -c : /proc/net/dev; "
                    "cat /proc/net/route | wc -l",
                    port));
    EXPECT_THAT(exit.output, Not(HasSubstr("connected")));
    EXPECT_THAT(exit.output, HasSubstr("refused"));
    EXPECT_FALSE(listener.met());
    expect_unharmed();
  });
}

TEST_P(EscapeTest, ReachesNoUnixSocketOfTheHost) {
  play([&] {
    Listener abstract(AF_UNIX);
    Listener named(AF_UNIX);
    ASSERT_TRUE(abstract.listen_abstractly(host().token));
    ASSERT_TRUE(named.listen_at(host().folder / "socket"));
    const SandboxExit exit = attack(fmt::format(
        "perl -MSocket -e 'for my $path (\"\\0{0}\", \"{1}/socket\") {{\n"
        "  socket(S, AF_UNIX, SOCK_STREAM, 0) or die;\n"
        "  print connect(S, pack_sockaddr_un($path)) ? \"connected\\n\" : \"refused\\n\" }}'",
        host().token, host().folder.string()));
    EXPECT_EQ(exit.output, "refused\nrefused\n");
    EXPECT_FALSE(abstract.met());
    EXPECT_FALSE(named.met());
    expect_unharmed();
  });
}

TEST_P(EscapeTest, ALoopbackOfItsOwnWorks) {
  play([&] {
    const SandboxExit exit = attack(
        "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 1, LocalAddr => "
        "\"127.0.0.1\"); $c = IO::Socket::INET->new(PeerAddr => \"127.0.0.1\", PeerPort => "
        "$s->sockport); print $c ? \"yes\" : \"no\"'");
    EXPECT_EQ(exit.output, "yes");
  });
}

TEST_P(EscapeTest, OtherSocketFamiliesAreRefused) {
  play([&] {
    // packet, vsock, alg, and vsock again with a bit set that the kernel does not look at.
    const SandboxExit exit = attack(
        "perl -e 'for my $family (17, 40, 38, 0x100000028) {\n"
        "  printf \"%d %d\\n\", syscall(41, $family, 1, 0), $! }'");
    EXPECT_EQ(exit.output, "-1 1\n-1 1\n-1 1\n-1 1\n");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, DangerousCallsAreRefused) {
  play([&] {
    struct Call {
      const char* name;
      int number;  // on x86-64
      const char* arguments;
      int error;
    };
    const Call calls[] = {
        {"ptrace", 101, "0, 0, 0, 0", 1},
        {"process_vm_readv", 310, "1, 0, 0, 0, 0, 0", 1},
        {"unshare", 272, "0x10000000", 1},
        {"setns", 308, "0, 0", 1},
        {"clone", 56, "0x10000011, 0, 0, 0, 0", 1},
        {"clone3", 435, "0, 0", 38},
        {"mount", 165, "0, 0, 0, 0, 0", 1},
        {"keyctl", 250, "0, 0, 0, 0, 0", 1},
        {"bpf", 321, "0, 0, 0", 1},
        {"perf_event_open", 298, "0, 0, 0, 0, 0", 1},
        {"userfaultfd", 323, "0", 1},
        {"io_uring_setup", 425, "1, 0", 38},
        {"memfd_create", 319, "0, 0", 38},
        {"shmget", 29, "0, 4096, 01000", 1},
        {"open_by_handle_at", 304, "0, 0, 0", 1},
        {"init_module", 175, "0, 0, 0", 1},
        {"x32 getpid", 0x40000000 + 39, "", 38},
    };
    std::string text;
    std::string expected;
    for (const Call& call : calls) {
      text += fmt::format("printf \"{} %d %d\\n\", syscall({}{}{}), $!;\n", call.name, call.number,
                          *call.arguments ? ", " : "", call.arguments);
      expected += fmt::format("{} -1 {}\n", call.name, call.error);
    }
    EXPECT_EQ(attack(fmt::format("perl -e '{}'", text)).output, expected);
    expect_unharmed();
  });
}

TEST_P(EscapeTest, TypesIntoNoTerminal) {
  play([&] {
    // A terminal of its own making is the only one it can have; the filter refuses there too, also
    // with a bit set that the kernel does not look at.
    const SandboxExit exit = attack(
        "cat > type.pl <<'EOF'\n"
        "use POSIX; open(M, '+<', '/dev/ptmx') or die \"ptmx: $!\";\n"
        "my $n = pack('i', 0); ioctl(M, 0x40045431, $n); ioctl(M, 0x80045430, $n);\n"
        "exit 0 if fork(); setsid();\n"
        "open(S, '+<', '/dev/pts/' . unpack('i', $n)) or die \"slave: $!\";\n"
        "for my $request (0x5412, 0x100005412) {\n"
        "  my $key = 'x'; printf \"%d %d\\n\", syscall(16, fileno(S), $request, $key), $! }\n"
        "EOF\n"
        "perl type.pl; sleep 0.3; (exec 3<>/dev/tty) 2>/dev/null && echo terminal");
    EXPECT_EQ(exit.output, "-1 1\n-1 1\n");
    expect_unharmed();
  });
}

TEST_P(EscapeTest, MakesNoNamespace) {
  play([&] {
    const SandboxExit exit = attack(
        "unshare -U true && echo made; unshare -Ur true && echo made; unshare -n true && "
        "echo made; cat /proc/sys/user/max_user_namespaces");
    EXPECT_THAT(exit.output, Not(HasSubstr("made")));
    EXPECT_TRUE(exit.layers.no_userns || exit.layers.seccomp);
    expect_unharmed();
  });
}

}  // namespace
}  // namespace pareto::escape
