// Listening sockets, one a shard, over loopback.
#include "net/listener.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "unit/net/socket_fixture.h"

namespace hotline::test {
namespace {

Descriptor connect_to(std::uint16_t port) {
  Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) client.reset();
  return client;
}

TEST_CASE("listener: port 0 gives all shards one free port, and each connection goes to one of them") {
  auto listeners = Listener::open("127.0.0.1", 0, 2);
  REQUIRE(listeners.has_value());
  REQUIRE(listeners->size() == 2);
  const std::uint16_t port = (*listeners)[0]->port();
  CHECK(port != 0);
  CHECK((*listeners)[1]->port() == port);

  static constexpr int clients_count = 200;
  std::vector<Descriptor> clients;
  for (int i = 0; i < clients_count; ++i) {
    clients.push_back(connect_to(port));
    REQUIRE(clients.back().get() >= 0);
  }
  std::atomic<int> accepted_in_all{0};
  std::array<std::vector<Descriptor>, 2> accepted;
  std::array<std::thread, 2> shards;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    shards[shard] = std::thread([&, shard] {
      TestLoop loop;
      (*listeners)[shard]->start(loop.uv(), [&, shard](int socket, const PeerAddress& peer) {
        CHECK(peer.text() == "127.0.0.1");
        CHECK((fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
        CHECK((fcntl(socket, F_GETFD) & FD_CLOEXEC) != 0);
        accepted[shard].emplace_back(socket);
        ++accepted_in_all;
      });
      loop.run([&] { return accepted_in_all.load() == clients_count; });
      (*listeners)[shard]->close();
    });
  }
  for (std::thread& shard : shards) shard.join();
  CHECK(accepted[0].size() + accepted[1].size() == clients_count);
  // 200 connections that all went to one of two: once in 10^59 runs.
  CHECK_FALSE(accepted[0].empty());
  CHECK_FALSE(accepted[1].empty());
}

TEST_CASE("listener: IPv6 is listened on, and only IPv6") {
  auto listeners = Listener::open("::1", 0, 1);
  REQUIRE(listeners.has_value());
  const std::uint16_t port = (*listeners)[0]->port();
  const Descriptor client(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = htons(port);
  REQUIRE(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(connect_to(port).get() < 0);
  TestLoop loop;
  std::string peer;
  (*listeners)[0]->start(loop.uv(), [&](int socket, const PeerAddress& from) {
    close(socket);
    peer = from.text();
  });
  REQUIRE(loop.run([&] { return !peer.empty(); }));
  CHECK(peer == "::1");
  (*listeners)[0]->close();
}

TEST_CASE("listener: a port that another holds is refused with the way out, also when it would share") {
  auto first = Listener::open("127.0.0.1", 0, 2);
  REQUIRE(first.has_value());
  const std::uint16_t port = (*first)[0]->port();
  const auto second = Listener::open("127.0.0.1", port, 2);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().message ==
        "port " + std::to_string(port) +
            " on 127.0.0.1 is in use: choose another in `listen`, or stop what holds it");
  first->clear();
  CHECK(Listener::open("127.0.0.1", port, 2).has_value());
}

TEST_CASE("listener: the port is free at once although connections of the last host linger") {
  auto first = Listener::open("127.0.0.1", 0, 1);
  REQUIRE(first.has_value());
  const std::uint16_t port = (*first)[0]->port();
  const Descriptor client = connect_to(port);
  TestLoop loop;
  bool is_accepted = false;
  (*first)[0]->start(loop.uv(), [&](int socket, const PeerAddress&) {
    close(socket);  // Our side closes first: it is the one that stays in TIME_WAIT.
    is_accepted = true;
  });
  REQUIRE(loop.run([&] { return is_accepted; }));
  first->clear();
  CHECK(Listener::open("127.0.0.1", port, 1).has_value());
}

TEST_CASE("listener: an address that cannot be is refused by name") {
  const auto words = Listener::open("localhost", 0, 1);
  REQUIRE_FALSE(words.has_value());
  CHECK(words.error().message ==
        "address \"localhost\" in `listen` is neither IPv4 nor IPv6: write it in numbers");
  const auto elsewhere = Listener::open("192.0.2.1", 0, 1);
  REQUIRE_FALSE(elsewhere.has_value());
  CHECK(elsewhere.error().message.find("is not one of this machine's") != std::string::npos);
}

TEST_CASE("listener: after close nobody gets in, and it may close in its own callback") {
  auto listeners = Listener::open("127.0.0.1", 0, 1);
  REQUIRE(listeners.has_value());
  const std::uint16_t port = (*listeners)[0]->port();
  const Descriptor one = connect_to(port);
  const Descriptor two = connect_to(port);
  TestLoop loop;
  int accepted = 0;
  (*listeners)[0]->start(loop.uv(), [&](int socket, const PeerAddress&) {
    close(socket);
    ++accepted;
    listeners->clear();
  });
  REQUIRE(loop.run([&] { return accepted > 0; }));
  for (int i = 0; i < 3; ++i) loop.turn();
  CHECK(accepted == 1);
  CHECK(connect_to(port).get() < 0);
  CHECK(is_closed_by_peer(two.get()));
}

TEST_CASE("listener: who connects while it rests is accepted by whoever has the socket next") {
  auto listeners = Listener::open("127.0.0.1", 0, 1);
  REQUIRE(listeners.has_value());
  Listener& old = *listeners->front();
  TestLoop loop;
  int by_old = 0, by_new = 0;
  const auto counts = [](int& count) {
    return [&count](int socket, const PeerAddress&) {
      close(socket);
      ++count;
    };
  };
  old.start(loop.uv(), counts(by_old));
  const Descriptor first = connect_to(old.port());
  REQUIRE(loop.run([&] { return by_old == 1; }));
  old.rest_for_now();
  const Descriptor second = connect_to(old.port());
  CHECK(second.get() >= 0);
  auto adopted = Listener::adopt(fcntl(old.socket(), F_DUPFD_CLOEXEC, 0));
  REQUIRE(adopted.has_value());
  CHECK((*adopted)->port() == old.port());
  (*adopted)->start(loop.uv(), counts(by_new));
  REQUIRE(loop.run([&] { return by_new == 1; }));
  CHECK(by_old == 1);
  // And back.
  (*adopted)->close();
  old.start(loop.uv(), counts(by_old));
  const Descriptor third = connect_to(old.port());
  REQUIRE(loop.run([&] { return by_old == 2; }));
  old.close();
  loop.run([] { return true; });
}

TEST_CASE("listener: a descriptor that does not listen is not adopted") {
  CHECK_FALSE(Listener::adopt(open("/dev/null", O_RDONLY | O_CLOEXEC)).has_value());
  CHECK_FALSE(Listener::adopt(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)).has_value());
}

TEST_CASE("listener: out of descriptors, clients are refused at once, and later ones get in") {
  auto listeners = Listener::open("127.0.0.1", 0, 1);
  REQUIRE(listeners.has_value());
  TestLoop loop;
  std::vector<Descriptor> accepted;
  (*listeners)[0]->start(loop.uv(), [&](int socket, const PeerAddress&) { accepted.emplace_back(socket); });
  std::vector<Descriptor> clients;
  const sockaddr_in address = loopback((*listeners)[0]->port());
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(clients.back().get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  {
    Descriptor next(dup(0));
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(next.get());  // The lowest free number is beyond it.
    next.reset();
    setrlimit(RLIMIT_NOFILE, &none);
  }
  for (int i = 0; i < 10; ++i) loop.turn();
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(accepted.empty());
  for (const Descriptor& client : clients) CHECK(is_closed_by_peer(client.get()));

  const Descriptor later = connect_to((*listeners)[0]->port());
  REQUIRE(loop.run([&] { return accepted.size() == 1; }));
  (*listeners)[0]->close();
}

}  // namespace
}  // namespace hotline::test
