// The PROXY protocol: what its two versions say, and each way of saying it wrongly.
#include "net/proxy_header.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/peer_address.h"
#include "net/proxy_wait.h"
#include "unit/net/socket_fixture.h"

namespace hotline::test {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char local = 0x20, proxy = 0x21;
constexpr char unspecified = 0x00, tcp_over_v4 = 0x11, tcp_over_v6 = 0x21, unix_stream = 0x31;
const std::string v4_addresses = "\xc0\x00\x02\x07\xc0\x00\x02\x01\x30\x39\x14\x66"s;
const std::string v6_addresses =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"s + std::string(16, '\x01') + "\x30\x39\x14\x66";

std::string binary(char command, char family, const std::string& rest) {
  std::string header(signature);
  header.append(1, command).append(1, family);
  header.append(1, static_cast<char>(rest.size() >> 8)).append(1, static_cast<char>(rest.size()));
  return header + rest;
}
// What the header names; "" where it names nobody.
std::string client_of(std::string_view bytes, std::string_view behind = {}) {
  std::string all(bytes);
  all.append(behind);
  ProxyHeader header;
  std::string_view rest(all);
  CHECK(header.take(rest) == State::whole);
  CHECK(rest == behind);  // Not one byte of what follows it.
  const std::optional<PeerAddress> client = header.client();
  return client ? client->text() : "";
}

const std::vector<std::string>& good() {
  static const std::vector<std::string> headers = {
      "PROXY TCP4 192.0.2.7 192.0.2.1 12345 5222\r\n",
      "PROXY TCP6 2001:db8::7 2001:db8::1 12345 5222\r\n",
      "PROXY UNKNOWN\r\n",
      "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n",
      binary(proxy, tcp_over_v4, v4_addresses),
      binary(proxy, tcp_over_v6, v6_addresses),
      binary(proxy, tcp_over_v4, v4_addresses + "\x04\x00\x05hello"s),
      binary(proxy, unix_stream, std::string(216, '/')),
      binary(proxy, unspecified, ""),
      binary(local, unspecified, ""),
      binary(local, tcp_over_v4, v4_addresses),
  };
  return headers;
}

}  // namespace

TEST_CASE("proxy header: version 1 names the client") {
  CHECK(client_of(good()[0], "\x16\x03\x01") == "192.0.2.7");
  CHECK(client_of(good()[1], "<?xml") == "2001:db8::7");
  CHECK(client_of("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n") == "255.255.255.255");
}

TEST_CASE("proxy header: version 2 names the client, whatever else it says behind that") {
  CHECK(client_of(good()[4], "\x16\x03\x01") == "192.0.2.7");
  CHECK(client_of(good()[5]) == "2001:db8::7");
  CHECK(client_of(good()[6], "PROXY ") == "192.0.2.7");
  CHECK(client_of(binary(proxy, tcp_over_v4, v4_addresses + std::string(4'084, 'x')), "x") == "192.0.2.7");
}

TEST_CASE("proxy header: LOCAL, UNKNOWN, UNSPEC and UNIX sockets name nobody") {
  for (const std::size_t at : {2, 3, 7, 8, 9, 10}) CHECK(client_of(good()[at], "GET ") == "");
  CHECK(client_of(binary(local, tcp_over_v4, "")) == "");  // Of LOCAL nothing is read.
}

TEST_CASE("proxy header: it is the same however it is cut, and incomplete until its last byte") {
  for (const std::string& whole : good()) {
    CAPTURE(whole.substr(0, 40));
    ProxyHeader header;
    for (std::size_t at = 0; at < whole.size(); ++at) {
      CHECK(header.state() == State::more);
      std::string_view byte = std::string_view(whole).substr(at, 1);
      header.take(byte);
      CHECK(byte.empty());
    }
    CHECK(header.state() == State::whole);
    CHECK((header.client() ? header.client()->text() : "") == client_of(whole));
  }
}

TEST_CASE("proxy header: a line that is none is wrong, at the first byte that cannot be right") {
  const std::vector<std::pair<std::string, std::size_t>> wrong = {
      {"GET / HTTP/1.1\r\n", 1},
      {"\x16\x03\x01", 1},
      {"PROXy TCP4 192.0.2.7 192.0.2.1 1 2\r\n", 5},
      {"PROXY  TCP4 192.0.2.7 192.0.2.1 1 2\r\n", 0},
      {"PROXY TCP5 192.0.2.7 192.0.2.1 1 2\r\n", 0},
      {"PROXY tcp4 192.0.2.7 192.0.2.1 1 2\r\n", 0},
      {"PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n", 0},
      {"PROXY UNKNOWNX\r\n", 0},
      {"PROXY \r\n", 0},
      {"PROXY TCP4\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n", 0},
      {"PROXY TCP4 192.0.2.7  192.0.2.1 1 2\r\n", 0},
      {"PROXY TCP4 192.0.2.07 192.0.2.1 1 2\r\n", 0},
      {"PROXY TCP4 192.0.2.256 192.0.2.1 1 2\r\n", 0},
      {"PROXY TCP4 192.0.2 192.0.2.1 1 2\r\n", 0},
      {"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n", 0},
      {"PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n", 0},
      {"PROXY TCP6 2001:db8::7%eth0 2001:db8::1 1 2\r\n", 0},
      {"PROXY TCP6 " + std::string(46, ':') + " ::1 1 2\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 1 -2\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 1 +2\r\n", 0},
      {"PROXY TCP4 192.0.2.7 192.0.2.1 1 999999\r\n", 0},
      {"PROXY TCP4 192.0.2.7\0 192.0.2.1 1 2\r\n"s, 0},
      {"PROXY TCP4 192.0.2.7\t192.0.2.1 1 2\r\n", 0},
      {"PROXY UNKNOWN\n", 14},
      {"PROXY UNKNOWN\r\r\n", 15},
      {"PROXY UNKNOWN " + std::string(93, 'x') + "\r\n", 107},
  };
  for (const auto& each : wrong) {
    const std::string& bytes = each.first;
    const std::size_t at = each.second;
    CAPTURE(bytes);
    ProxyHeader header;
    std::string_view rest(bytes);
    CHECK(header.take(rest) == State::wrong);
    CHECK_FALSE(header.reason().empty());
    CHECK_FALSE(header.client().has_value());
    if (at != 0) CHECK(rest.size() + at >= bytes.size());
    if (at == 0) CHECK(rest.empty());
  }
}

TEST_CASE("proxy header: a line of 107 bytes is the longest") {
  CHECK(client_of("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", "x") == "");
}

TEST_CASE("proxy header: what is wrong in version 2 is seen at once") {
  std::vector<std::string> wrong = {
      binary(0x22, tcp_over_v4, v4_addresses),     // A command that is none.
      binary(0x11, tcp_over_v4, v4_addresses),     // Version 1 in the form of 2.
      binary(0x31, tcp_over_v4, v4_addresses),     // Version 3.
      binary(proxy, 0x12, v4_addresses),           // UDP.
      binary(proxy, 0x22, v6_addresses),           // The same over IPv6.
      binary(proxy, 0x32, std::string(216, '/')),  // Datagrams.
      binary(proxy, 0x10, v4_addresses),           // A family without a protocol.
      binary(proxy, 0x01, v4_addresses),           // A protocol without a family.
      binary(proxy, 0x41, v4_addresses),           // A family that is none.
      binary(local, 0x41, v4_addresses),           // Likewise.
      binary(proxy, tcp_over_v4, v4_addresses.substr(1)),
      binary(proxy, tcp_over_v4, ""),
      binary(proxy, tcp_over_v6, v4_addresses),
      binary(proxy, unix_stream, std::string(215, '/')),
      binary(proxy, tcp_over_v4, v4_addresses + std::string(4'085, 'x')),
      binary(local, unspecified, std::string(4'097, 'x')),
  };
  for (std::size_t at = 1; at < signature.size(); ++at) {
    wrong.push_back(binary(proxy, tcp_over_v4, v4_addresses));
    wrong.back()[at] ^= 1;
  }
  for (const std::string& bytes : wrong) {
    CAPTURE(bytes.substr(0, 20));
    ProxyHeader header;
    std::string_view rest(bytes);
    CHECK(header.take(rest) == State::wrong);
    CHECK(bytes.size() - rest.size() <= 16);  // None of what it would have to keep.
    std::string_view more("more");
    CHECK(header.take(more) == State::wrong);
    CHECK(more == "more");
  }
}

TEST_CASE("proxy header: an address that it names is never this machine's own") {
  for (const char* line : {"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n", "PROXY TCP6 ::1 ::1 1 2\r\n"}) {
    ProxyHeader header;
    std::string_view rest(line);
    header.take(rest);
    REQUIRE(header.client().has_value());
    CHECK_FALSE(header.client()->is_loopback());
  }
}

// ---- the wait for it, over loopback

namespace {

struct Waiting {
  std::pair<Descriptor, Descriptor> ends = tcp_pair();
  TestLoop loop;
  std::string how;  // As it ended.
  std::string peer;
  Descriptor served;
  std::unique_ptr<ProxyWait> wait;

  explicit Waiting(std::uint64_t deadline_ms = 60'000) {
    sockaddr_storage from{};
    reinterpret_cast<sockaddr_in&>(from) = loopback(1);
    wait = std::make_unique<ProxyWait>(ends.second.release(), PeerAddress::of(from), loop.uv(), deadline_ms,
                                       [this](ProxyWait& ended, ProxyWait::End end) {
                                         how = end == ProxyWait::End::whole  ? "whole"
                                               : end == ProxyWait::End::left ? "left"
                                                                             : std::string(ended.reason());
                                         peer = ended.peer().text();
                                         if (end == ProxyWait::End::whole)
                                           served = Descriptor(ended.release());
                                         wait.reset();
                                       });
  }
  int client() { return ends.first.get(); }
  bool ends_in_time() {
    return loop.run([this] { return !how.empty(); });
  }
};

}  // namespace

TEST_CASE("proxy wait: the socket is given on with the client's first byte in it") {
  Waiting waiting;
  REQUIRE(send_all(waiting.client(), good()[0] + "hello"));
  REQUIRE(waiting.ends_in_time());
  CHECK(waiting.how == "whole");
  CHECK(waiting.peer == "192.0.2.7");
  CHECK(receive_some(waiting.served.get()) == "hello");
}

TEST_CASE(
    "proxy wait: a header that comes in parts is waited for, and one that names nobody leaves the socket's") {
  Waiting waiting;
  const std::string header = binary(local, unspecified, std::string(1'000, 'x'));
  REQUIRE(send_all(waiting.client(), header.substr(0, 700)));
  for (int i = 0; i < 3; ++i) waiting.loop.turn();
  CHECK(waiting.how.empty());
  REQUIRE(send_all(waiting.client(), header.substr(700) + "hello"));
  REQUIRE(waiting.ends_in_time());
  CHECK(waiting.how == "whole");
  CHECK(waiting.peer == "127.0.0.1");
  CHECK(receive_some(waiting.served.get()) == "hello");
}

TEST_CASE("proxy wait: what begins otherwise is closed") {
  Waiting waiting;
  REQUIRE(send_all(waiting.client(), "<stream:stream"));
  REQUIRE(waiting.ends_in_time());
  CHECK(waiting.how == "it does not begin as one");
  CHECK(is_closed_by_peer(waiting.client()));
}

TEST_CASE("proxy wait: half a header is waited for so long and no longer") {
  Waiting waiting(50);
  REQUIRE(send_all(waiting.client(), "PROXY TCP4 "));
  REQUIRE(waiting.ends_in_time());
  CHECK(waiting.how == "it did not come in time");
  CHECK(is_closed_by_peer(waiting.client()));
}

TEST_CASE("proxy wait: who hangs up before it is told from who hangs up within it") {
  for (const bool has_begun : {false, true}) {
    Waiting waiting;
    if (has_begun) REQUIRE(send_all(waiting.client(), "PROXY"));
    waiting.ends.first.reset();
    REQUIRE(waiting.ends_in_time());
    CHECK(waiting.how == (has_begun ? "it was not whole when the connection ended" : "left"));
  }
}

TEST_CASE("proxy wait: one that is destroyed closes its socket, and calls nobody") {
  Waiting waiting;
  waiting.wait.reset();
  CHECK(is_closed_by_peer(waiting.client()));
  CHECK(waiting.how.empty());
}

TEST_CASE("peer address: another process reads what one had of a socket, or of a load balancer") {
  const std::array<std::uint8_t, 4> own = {127, 0, 0, 1}, v4 = {192, 0, 2, 7};
  const std::array<std::uint8_t, 16> v6 = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  for (const PeerAddress& peer : {PeerAddress::named(own), PeerAddress::named(v4), PeerAddress::named(v6)}) {
    CHECK(PeerAddress::read(peer.text(), peer.is_loopback()) == peer);
    CHECK_FALSE(PeerAddress::read(peer.text(), false).is_loopback());
  }
  CHECK(PeerAddress::read("127.0.0.1", true).is_loopback());
  CHECK(PeerAddress::read("::1", true).is_loopback());
  CHECK(PeerAddress::read("local", true) == PeerAddress::local());
}

}  // namespace hotline::test
