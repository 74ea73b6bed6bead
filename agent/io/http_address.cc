#include "agent/io/http_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace pareto {

namespace {

struct Block {
  std::uint32_t first;
  int bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return a << 24 | b << 16 | c << 8;
}

constexpr std::array kReservedV4 = {
    Block{ipv4(0, 0, 0), 8},      Block{ipv4(10, 0, 0), 8},     Block{ipv4(100, 64, 0), 10},
    Block{ipv4(127, 0, 0), 8},    Block{ipv4(169, 254, 0), 16}, Block{ipv4(172, 16, 0), 12},
    Block{ipv4(192, 0, 0), 24},   Block{ipv4(192, 0, 2), 24},   Block{ipv4(192, 88, 99), 24},
    Block{ipv4(192, 168, 0), 16}, Block{ipv4(198, 18, 0), 15},  Block{ipv4(198, 51, 100), 24},
    Block{ipv4(203, 0, 113), 24}, Block{ipv4(224, 0, 0), 3},
};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(kReservedV4.begin(), kReservedV4.end(), [address](const Block& block) {
    return ((address ^ block.first) >> (32 - block.bits)) == 0;
  });
}

std::uint32_t embedded_v4(const unsigned char* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return ntohl(value);
}

bool is_public_v6(const unsigned char* bytes) {
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<unsigned char, 12> kNat64 = {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
  if (std::memcmp(bytes, kMapped.data(), kMapped.size()) == 0) {
    return is_public_v4(embedded_v4(bytes + 12));
  }
  if (std::memcmp(bytes, kNat64.data(), kNat64.size()) == 0) {
    return is_public_v4(embedded_v4(bytes + 12));
  }
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(embedded_v4(bytes + 2));  // 6to4
  if (bytes[0] == 0x20 && bytes[1] == 0x01) {
    if (bytes[2] == 0x0d && bytes[3] == 0xb8) return false;  // documentation
    if (bytes[2] < 0x02) return false;                       // Teredo, ORCHID and other protocols
  }
  return (bytes[0] & 0xe0) == 0x20;  // global unicast is 2000::/3; the rest is special
}

bool is_localhost(std::string_view host) {
  constexpr std::string_view kName = "localhost";
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() < kName.size()) return false;
  const std::string_view end = host.substr(host.size() - kName.size());
  if (strncasecmp(end.data(), kName.data(), kName.size()) != 0) return false;
  return host.size() == kName.size() || host[host.size() - kName.size() - 1] == '.';
}

}  // namespace

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return is_public_v4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    return is_public_v6(in.sin6_addr.s6_addr);
  }
  return false;
}

std::string describe(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    return fmt::format("{} port {}", text.data(), ntohs(in.sin_port));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
    return fmt::format("{} port {}", text.data(), ntohs(in.sin6_port));
  }
  return "an address of an unknown kind";
}

UrlPlace url_place(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  const std::string_view scheme = url.substr(0, colon);
  const bool http = scheme.size() == 4 && strncasecmp(scheme.data(), "http", 4) == 0;
  const bool https = scheme.size() == 5 && strncasecmp(scheme.data(), "https", 5) == 0;
  if (!http && !https) return {};
  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#\\"));
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return {};
    return {scheme, authority.substr(1, end - 1)};
  }
  authority = authority.substr(0, authority.find(':'));
  if (authority.empty()) return {};
  return {scheme, authority};
}

bool needs_no_lookup(std::string_view host) {
  if (is_localhost(host)) return true;
  const std::string text(host);
  in6_addr ignored{};
  return inet_pton(AF_INET, text.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

std::string shown_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::string(url);
  const std::size_t host = colon + 3;
  const std::size_t at = url.substr(host, url.find('/', host) - host).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, host)) + std::string(url.substr(host + at + 1));
}

}  // namespace pareto
