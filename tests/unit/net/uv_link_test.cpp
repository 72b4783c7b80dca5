// A socket on a loop, over real sockets.
#include "net/uv_link.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <functional>
#include <memory>
#include <thread>

#include "base/random.h"
#include "unit/net/socket_fixture.h"

namespace hotline::test {
namespace {

struct Recorder final : LinkEvents {
  void on_bytes(std::string_view bytes) override {
    received += bytes;
    ++reads;
    if (then) then();
  }
  void on_writable() override {
    ++writable;
    if (when_writable) when_writable();
  }
  void on_end(std::string_view why) override {
    ++ends;
    reason = why;
    if (at_end) at_end();
  }

  std::string received;
  std::string reason;
  int reads = 0;
  int writable = 0;
  int ends = 0;
  std::function<void()> then, when_writable, at_end;
};

// A link on a loop, and the peer's end of its connection.
struct Fixture {
  Fixture() {
    shared.uv = loop.uv();
    auto [client, server] = tcp_pair();
    peer = std::move(client);
    descriptor = server.get();
    link = std::make_unique<UvLink>(server.release(), PeerAddress::local(), shared);
    link->attach(&events);
  }
  TestLoop loop;
  LinkLoop shared;
  Descriptor peer;
  Recorder events;
  int descriptor = -1;
  std::unique_ptr<UvLink> link;
};

std::string numbered(std::size_t size) {
  std::string bytes;
  for (std::uint64_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i) + ' ';
  bytes.resize(size);
  return bytes;
}

TEST_CASE("link: bytes go both ways, and the turn begins before they are told") {
  Fixture fixture;
  bool has_begun = false;
  bool was_begun = false;
  fixture.shared.begin_turn = [&] { has_begun = true; };
  fixture.events.then = [&] { was_begun = has_begun; };
  REQUIRE(send_all(fixture.peer.get(), "up"));
  REQUIRE(fixture.loop.run([&] { return !fixture.events.received.empty(); }));
  CHECK(fixture.events.received == "up");
  CHECK(was_begun);
  CHECK(fixture.link->send("down") == 4);
  std::string down;
  REQUIRE(fixture.loop.run([&] { return (down += receive_some(fixture.peer.get())).size() == 4; }));
  CHECK(down == "down");
  CHECK(fixture.events.writable == 0);
}

TEST_CASE("link: nothing is read before events are attached") {
  Fixture fixture;
  auto [client, server] = tcp_pair();
  UvLink link(server.release(), PeerAddress::local(), fixture.shared);
  REQUIRE(send_all(client.get(), "early"));
  for (int i = 0; i < 3; ++i) fixture.loop.turn();
  Recorder late;
  link.attach(&late);
  REQUIRE(fixture.loop.run([&] { return !late.received.empty(); }));
  CHECK(late.received == "early");
}

TEST_CASE("link: more than the peer takes is sent piece by piece, and nothing is lost") {
  Fixture fixture;
  const std::string bytes = numbered(8 << 20);
  std::string_view left = bytes;
  const auto send_on = [&] { left.remove_prefix(fixture.link->send(left)); };
  fixture.events.when_writable = send_on;
  send_on();
  REQUIRE(left.size() > 0);
  CHECK(fixture.link->unacknowledged() > 0);
  std::string got;
  REQUIRE(fixture.loop.run([&] {
    got += receive_some(fixture.peer.get());
    return got.size() == bytes.size();
  }));
  CHECK((got == bytes));
  CHECK(fixture.events.writable > 0);
  const int writable = fixture.events.writable;
  REQUIRE(fixture.loop.run([&] { return fixture.link->unacknowledged() == 0; }));
  for (int i = 0; i < 5; ++i) fixture.loop.turn();
  CHECK(fixture.events.writable == writable);  // All was taken: no longer asked for.
}

TEST_CASE("link: while paused nothing is read, afterwards everything") {
  Fixture fixture;
  fixture.link->pause_reading(true);
  REQUIRE(send_all(fixture.peer.get(), "later"));
  fixture.peer.reset();  // Nor is the end told before the bytes.
  for (int i = 0; i < 5; ++i) fixture.loop.turn();
  CHECK(fixture.events.reads == 0);
  CHECK(fixture.events.ends == 0);
  fixture.link->pause_reading(false);
  REQUIRE(fixture.loop.run([&] { return fixture.events.ends == 1; }));
  CHECK(fixture.events.received == "later");
}

TEST_CASE("link: a pause inside on_bytes holds from there on") {
  Fixture fixture;
  fixture.events.then = [&] { fixture.link->pause_reading(true); };
  const std::string bytes = numbered(300'000);  // Several reads.
  std::thread sender([&] { send_all(fixture.peer.get(), bytes); });
  REQUIRE(fixture.loop.run([&] { return fixture.events.reads == 1; }));
  for (int i = 0; i < 5; ++i) fixture.loop.turn();
  CHECK(fixture.events.reads == 1);
  fixture.events.then = nullptr;
  fixture.link->pause_reading(false);
  REQUIRE(fixture.loop.run([&] { return fixture.events.received.size() == bytes.size(); }));
  sender.join();
  CHECK((fixture.events.received == bytes));
}

TEST_CASE("link: the peer's end is told once, behind its bytes") {
  Fixture fixture;
  REQUIRE(send_all(fixture.peer.get(), "bye"));
  fixture.peer.reset();
  REQUIRE(fixture.loop.run([&] { return fixture.events.ends == 1; }));
  for (int i = 0; i < 5; ++i) fixture.loop.turn();
  CHECK(fixture.events.received == "bye");
  CHECK(fixture.events.reason == "closed by the peer");
  CHECK(fixture.events.ends == 1);
  CHECK(fixture.link->send("into the void") == 0);
}

TEST_CASE("link: a reset is told once, and what the peer had not acknowledged stays so") {
  Fixture fixture;
  const std::string bytes = numbered(8 << 20);
  const std::size_t sent = fixture.link->send(bytes);
  REQUIRE(sent > 0);
  REQUIRE(fixture.link->unacknowledged() > 0);
  const linger reset_at_close{1, 0};
  setsockopt(fixture.peer.get(), SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof reset_at_close);
  fixture.peer.reset();
  REQUIRE(fixture.loop.run([&] { return fixture.events.ends == 1; }));
  for (int i = 0; i < 5; ++i) fixture.loop.turn();
  CHECK(fixture.events.ends == 1);
  CHECK(fixture.link->unacknowledged() > 0);
}

TEST_CASE("link: a send that finds the socket broken ends the link from the loop, also while paused") {
  Fixture fixture;
  fixture.link->pause_reading(true);
  const linger reset_at_close{1, 0};
  setsockopt(fixture.peer.get(), SOL_SOCKET, SO_LINGER, &reset_at_close, sizeof reset_at_close);
  fixture.peer.reset();
  // Loopback: the reset has arrived by now, and the first send reports it.
  CHECK(fixture.link->send("anyone?") == 0);
  CHECK(fixture.events.ends == 0);
  REQUIRE(fixture.loop.run([&] { return fixture.events.ends == 1; }));
  CHECK_FALSE(fixture.events.reason.empty());
}

TEST_CASE("link: it may be destroyed in each of its events") {
  for (const bool with_room : {false, true}) {
    Fixture fixture;
    fixture.events.then = [&] { fixture.link.reset(); };
    if (with_room) {
      const std::string bytes = numbered(8 << 20);
      fixture.link->send(bytes);  // So that room is told in the same turn, or would be.
    }
    REQUIRE(send_all(fixture.peer.get(), "end yourself"));
    REQUIRE(fixture.loop.run([&] { return fixture.link == nullptr; }));
    fixture.loop.turn();
    CHECK(fixture.events.ends == 0);
    CHECK(is_closed_by_peer(fixture.peer.get()));
  }
  Fixture writable;
  writable.events.when_writable = [&] { writable.link.reset(); };
  const std::string bytes = numbered(8 << 20);
  writable.link->send(bytes);
  REQUIRE(writable.loop.run([&] {
    receive_some(writable.peer.get());
    return writable.link == nullptr;
  }));
  Fixture ended;
  ended.events.at_end = [&] { ended.link.reset(); };
  ended.peer.reset();
  REQUIRE(ended.loop.run([&] { return ended.link == nullptr; }));
}

TEST_CASE("link: what was sent last arrives although the peer's own bytes were never read") {
  Fixture fixture;
  fixture.link->pause_reading(true);
  REQUIRE(send_all(fixture.peer.get(), numbered(100'000)));
  REQUIRE(fixture.link->send("</stream:stream>") == 16);
  fixture.link.reset();
  char last[64];
  CHECK(recv(fixture.peer.get(), last, sizeof last, MSG_WAITALL) == 16);
}

TEST_CASE("link: a descriptor number that comes again at once is watched as the new socket") {
  Fixture fixture;
  const int number = fixture.descriptor;
  auto [client, server] = tcp_pair();
  fixture.link.reset();
  REQUIRE(dup2(server.get(), number) == number);
  server.reset();
  Recorder events;
  UvLink again(number, PeerAddress::local(), fixture.shared);
  again.attach(&events);
  REQUIRE(send_all(client.get(), "new"));
  REQUIRE(fixture.loop.run([&] { return events.received == "new"; }));
  CHECK(fixture.events.reads == 0);
}

TEST_CASE("link: moved to another loop and back in the midst of a stream, it loses nothing") {
  TestLoop first;
  const std::string up = numbered(6 << 20);
  const std::string down = numbered(6 << 20);
  auto home = std::make_unique<LinkLoop>();
  home->uv = first.uv();
  auto ends = tcp_pair();
  const Descriptor peer = std::move(ends.first);
  UvLink link(ends.second.release(), PeerAddress::local(), *home);
  Recorder events;
  std::string_view left = down;
  const auto send_on = [&] { left.remove_prefix(link.send(left)); };
  events.when_writable = send_on;
  link.attach(&events);
  send_on();

  std::thread peers_sending([&] { send_all(peer.get(), up); });
  std::string got;
  std::thread peers_receiving([&] {
    char piece[65536];
    while (got.size() < down.size()) {
      const ssize_t size = recv(peer.get(), piece, sizeof piece, 0);
      if (size <= 0) return;
      got.append(piece, static_cast<std::size_t>(size));
    }
  });
  // Each step reads a few times, and detaches inside the event.
  const auto read_until = [&](TestLoop& loop, std::size_t bytes) {
    bool is_detached = false;
    events.then = [&] {
      if (events.received.size() < bytes || is_detached) return;
      link.detach();
      is_detached = true;
    };
    const bool done = loop.run([&] { return is_detached; });
    events.then = nullptr;
    return done;
  };
  bool all_moved = true;
  for (std::size_t step = 1; step <= 5; ++step) {
    all_moved = all_moved && read_until(first, step << 20);
    std::thread([&] {
      TestLoop second;
      auto away = std::make_unique<LinkLoop>();
      away->uv = second.uv();
      link.adopt(*away);
      all_moved = all_moved && read_until(second, (step << 20) + (1 << 19));
    }).join();
    link.adopt(*home);
  }
  CHECK(all_moved);
  CHECK(first.run([&] { return events.received.size() == up.size() && left.empty(); }));
  peers_sending.join();
  peers_receiving.join();
  CHECK((events.received == up));
  CHECK((got == down));
  CHECK(events.ends == 0);
}

TEST_CASE("link: bytes that come while it is on no loop wait for the next one") {
  Fixture fixture;
  fixture.loop.turn();
  fixture.link->detach();
  REQUIRE(send_all(fixture.peer.get(), "meanwhile"));
  for (int i = 0; i < 3; ++i) fixture.loop.turn();
  CHECK(fixture.events.reads == 0);
  fixture.link->adopt(fixture.shared);
  REQUIRE(fixture.loop.run([&] { return fixture.events.received == "meanwhile"; }));
}

TEST_CASE("link: the socket is set for small messages and for peers that vanish") {
  Fixture fixture;
  const auto option = [&](int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    getsockopt(fixture.descriptor, level, name, &value, &size);
    return value;
  };
  CHECK(option(IPPROTO_TCP, TCP_NODELAY) == 1);
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) > 0);
}

TEST_CASE("peer address: text and loopback are told for both families") {
  const auto v4 = [](const char* text) {
    sockaddr_storage address{};
    address.ss_family = AF_INET;
    inet_pton(AF_INET, text, &reinterpret_cast<sockaddr_in&>(address).sin_addr);
    return PeerAddress::of(address);
  };
  const auto v6 = [](const char* text) {
    sockaddr_storage address{};
    address.ss_family = AF_INET6;
    inet_pton(AF_INET6, text, &reinterpret_cast<sockaddr_in6&>(address).sin6_addr);
    return PeerAddress::of(address);
  };
  CHECK(v4("192.0.2.7").text() == "192.0.2.7");
  CHECK_FALSE(v4("192.0.2.7").is_loopback());
  CHECK(v4("127.3.2.1").is_loopback());
  CHECK(v6("2001:db8::1").text() == "2001:db8::1");
  CHECK_FALSE(v6("2001:db8::1").is_loopback());
  CHECK_FALSE(v6("::2").is_loopback());
  CHECK(v6("::1").is_loopback());
  CHECK(v6("::ffff:192.0.2.7") == v4("192.0.2.7"));
  CHECK(PeerAddress::local().text() == "local");
  CHECK(PeerAddress::local().is_loopback());
}

}  // namespace
}  // namespace hotline::test
