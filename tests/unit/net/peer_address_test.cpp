// Who is at the other end, as a text and back: a process that takes connections over is told the text.
#include "net/peer_address.h"

#include <doctest/doctest.h>

#include <string>

using hotline::PeerAddress;

TEST_CASE("peer address: one that a load balancer named is the same when it is named by its text") {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "127.0.0.1", "::1"}) {
    const auto named = PeerAddress::named(std::string(text));
    REQUIRE(named.has_value());
    CHECK(named->text() == text);
    CHECK_FALSE(named->is_loopback());  // The machine that it would be is another.
    CHECK(PeerAddress::named(named->text()) == named);
  }
  // IPv4 in IPv6's clothes is IPv4.
  const auto mapped = PeerAddress::named(std::string("::ffff:192.0.2.1"));
  REQUIRE(mapped.has_value());
  CHECK(mapped->text() == "192.0.2.1");
}

TEST_CASE("peer address: what is no address names nobody") {
  for (const char* text : {"", "local", "192.0.2", "192.0.2.1.", "example.com", "2001:db8::1%eth0"})
    CHECK_FALSE(PeerAddress::named(std::string(text)));
}
