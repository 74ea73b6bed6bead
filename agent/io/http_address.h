#pragma once

#include <string>
#include <string_view>

struct sockaddr;

namespace pareto {

// Whether an address belongs to the public internet: not loopback, private, link-local, carrier
// grade NAT, multicast, documentation or otherwise reserved (RFC 6890, RFC 4193, RFC 4291), also
// when an IPv4 address is wrapped in an IPv6 one.
bool is_public(const sockaddr& address);

// "10.0.0.1 port 80", for messages.
std::string describe(const sockaddr& address);

// What a URL says about where it goes.
struct UrlPlace {
  std::string_view scheme;
  std::string_view host;  // brackets of an IPv6 address left out
};

// Splits far enough to tell scheme and host; both are empty for what is no http or https URL.
UrlPlace url_place(std::string_view url);

// Whether a host needs no name server: an IP address, or localhost.
bool needs_no_lookup(std::string_view host);

// The URL without user, password, query and fragment, which may hold secrets.
std::string shown_url(std::string_view url);

}  // namespace pareto
