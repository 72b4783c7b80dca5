// Networks as operators write them.
#include "base/ip_network.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>

namespace hotline::test {
namespace {

IpBytes bytes_of(const char* text) {
  IpBytes bytes{};
  if (inet_pton(AF_INET, text, bytes.data() + 12) == 1) {
    bytes[10] = bytes[11] = 0xff;
  } else {
    REQUIRE(inet_pton(AF_INET6, text, bytes.data()) == 1);
  }
  return bytes;
}
bool has(const char* network, const char* address) {
  const Result<IpNetwork> parsed = IpNetwork::parse(network);
  REQUIRE(parsed.has_value());
  return parsed->contains(bytes_of(address));
}

}  // namespace

TEST_CASE("ip network: an address is within it as far as its length says") {
  CHECK(has("10.0.0.0/8", "10.255.0.1"));
  CHECK_FALSE(has("10.0.0.0/8", "11.0.0.1"));
  CHECK(has("192.0.2.128/25", "192.0.2.129"));
  CHECK_FALSE(has("192.0.2.128/25", "192.0.2.127"));
  CHECK(has("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(has("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(has("192.0.2.7", "192.0.2.7"));
  CHECK_FALSE(has("192.0.2.7", "192.0.2.6"));
  CHECK(has("::1", "::1"));
}

TEST_CASE("ip network: all of IPv4 is no IPv6, and all of IPv6 is everything") {
  CHECK(has("0.0.0.0/0", "203.0.113.9"));
  CHECK_FALSE(has("0.0.0.0/0", "2001:db8::1"));
  CHECK(has("::/0", "2001:db8::1"));
  CHECK(has("::/0", "203.0.113.9"));
}

TEST_CASE("ip network: what is none is refused with the way out") {
  for (const char* wrong : {"", "/8", "10.0.0/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ",
                            "10.0.0.0/+8", "::/129", "example.org", "10.0.0.0/8/8"}) {
    CAPTURE(wrong);
    CHECK_FALSE(IpNetwork::parse(wrong).has_value());
  }
  CHECK(IpNetwork::parse("10.1.0.0/8").error().message ==
        "`10.1.0.0/8` is an address within a network: leave the bits behind its length zero");
}

}  // namespace hotline::test
