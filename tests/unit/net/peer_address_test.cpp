// Who is at the other end, as a text and back: a process that takes connections over is told the text.
#include "net/peer_address.h"

#include <doctest/doctest.h>

#include <string>

using hotline::PeerAddress;

TEST_CASE("peer address: who is read from what another process was told is the same") {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "127.0.0.1", "::1"}) {
    const PeerAddress named = PeerAddress::read(text, false);
    CHECK(named.text() == text);
    CHECK_FALSE(named.is_loopback());  // A load balancer named it: the machine that it would be is another.
    CHECK(PeerAddress::read(named.text(), named.is_loopback()) == named);
  }
  CHECK(PeerAddress::read("127.0.0.1", true).is_loopback());
  CHECK(PeerAddress::read("local", true) == PeerAddress::local());
}

TEST_CASE("peer address: limits count all of an IPv6 /64 as one, and each IPv4 address for itself") {
  const auto network = [](const char* text) { return PeerAddress::read(text, false).network(); };
  CHECK(network("2001:db8::1") == "2001:db8::/64");
  CHECK(network("2001:db8::ffff:ffff:ffff:ffff") == "2001:db8::/64");
  CHECK(network("2001:db8:0:1::1") == "2001:db8:0:1::/64");
  CHECK(network("192.0.2.1") == "192.0.2.1");
  CHECK(network("local") == "local");
  // What was counted when it was accepted is found by its text when it goes.
  for (const char* text : {"::1", "127.0.0.1", "local"}) {
    const PeerAddress peer = PeerAddress::read(text, true);
    CHECK(network(peer.text().c_str()) == peer.network());
  }
}
