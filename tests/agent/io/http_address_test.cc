#include "agent/io/http_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <string>

namespace pareto {
namespace {

bool text_is_public(const std::string& text) {
  sockaddr_storage storage{};
  if (text.find(':') == std::string::npos) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &in.sin_addr), 1) << text;
    std::memcpy(&storage, &in, sizeof in);
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &in.sin6_addr), 1) << text;
    std::memcpy(&storage, &in, sizeof in);
  }
  return is_public(reinterpret_cast<const sockaddr&>(storage));
}

TEST(HttpAddressTest, KnowsThePublicInternet) {
  for (const char* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
                           "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
                           "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111",
                           "2002:0101:0101::", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1"}) {
    EXPECT_TRUE(text_is_public(text)) << text;
  }
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "127.0.0.1",
                           "127.255.255.255",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.0.2.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "2001:db8::1",
                           "2001::1",
                           "2002:7f00:1::",
                           "2002:0a00:1::",
                           "64:ff9b::127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b:1::1"}) {
    EXPECT_FALSE(text_is_public(text)) << text;
  }
}

TEST(HttpAddressTest, FindsSchemeAndHost) {
  const auto host = [](const char* url) { return std::string(url_place(url).host); };
  EXPECT_EQ(host("http://example.com/a:b@c"), "example.com");
  EXPECT_EQ(host("HTTPS://user:pass@example.com:8443?x"), "example.com");
  EXPECT_EQ(host("http://[::1]:80/"), "::1");
  EXPECT_EQ(host("http://a@b@c/"), "c");
  EXPECT_EQ(host("ftp://example.com/"), "");
  EXPECT_EQ(host("//example.com/"), "");
  EXPECT_EQ(host("http://"), "");
  EXPECT_EQ(host("http://[::1/"), "");
}

TEST(HttpAddressTest, KnowsWhichHostsNeedNoNameServer) {
  for (const char* host : {"127.0.0.1", "::1", "localhost", "LOCALHOST.", "a.localhost"}) {
    EXPECT_TRUE(needs_no_lookup(host)) << host;
  }
  for (const char* host : {"example.com", "notlocalhost", "localhost.com", "1.2.3"}) {
    EXPECT_FALSE(needs_no_lookup(host)) << host;
  }
}

TEST(HttpAddressTest, ShowsAUrlWithoutItsSecrets) {
  EXPECT_EQ(shown_url("https://u:p@h/a?key=1#f"), "https://h/a");
  EXPECT_EQ(shown_url("https://h/a@b"), "https://h/a@b");
  EXPECT_EQ(shown_url("https://u:p@h"), "https://h");
  EXPECT_EQ(shown_url("nonsense?x"), "nonsense");
}

}  // namespace
}  // namespace pareto
