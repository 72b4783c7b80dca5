// What a client that acknowledges nothing may have kept for it (XEP-0198), with its connection and without.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

constexpr std::uint64_t one_second_us = 1'000'000;

// Anna is there with stream management and reads only what a test has her read; bert writes what it says.
struct Listener {
  sim::SimWorld world{
      {.seed = 1,
       .shards = 2,
       .accounts = {"anna@localhost", "bert@localhost"},
       .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                   sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so")}}};
  sim::SimClient anna{world, "anna@localhost", "bert@localhost"};
  sim::SimClient bert{world, "bert@localhost", "anna@localhost"};

  Listener() {
    anna.connect(0);
    bert.connect(0);
    for (int i = 0; i < 20; ++i) {
      turn();
      anna.receive(std::string::npos);
      bert.receive(std::string::npos);
    }
    REQUIRE(anna.is_ready());
    REQUIRE(bert.is_ready());
  }
  void turn(std::uint64_t us = 20'000) {
    for (sim::SimClient* client : {&anna, &bert})
      if (client->wire() != nullptr) world.deliver(*client->wire(), std::string::npos);
    world.settle();
    world.clock.advance_us(us);
    world.settle();
    world.store.commit_all();
    world.settle();
  }
  void write(std::string_view type, std::size_t bytes) {
    bert.wire()->to_host += "<message to='anna@localhost' id='m1' type='" + std::string(type) + "'><body>" +
                            std::string(bytes, 'x') + "</body></message>";
    turn();
  }
  // Anna says again what she said last.
  void repeat_acknowledgement() {
    anna.wire()->to_host +=
        "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(session().sm.acknowledged) + "'/>";
  }
  const Session& session() {
    Shard& home = world.host().shard(world.host().world().home_of("anna@localhost"));
    const Account* account = home.accounts.find("anna@localhost");
    REQUIRE(account != nullptr);
    REQUIRE(account->sessions.size() == 1);
    return *account->sessions.front();
  }
  bool is_connected() { return anna.wire()->events != nullptr; }
  std::size_t requests() {
    std::size_t count = 0;
    std::string& came = anna.wire()->to_client;
    for (std::size_t at = came.find("<r "); at != std::string::npos; at = came.find("<r ", at + 1)) ++count;
    came.clear();
    return count;
  }
};

TEST_CASE("acknowledgement: one that covers nothing is asked for again, and does not win time") {
  Listener f;
  f.write("headline", 100);
  for (int second = 0; second < 58; ++second) {
    const std::size_t asked = f.requests();
    CHECK(asked > 0);
    CHECK(asked <= 10);
    f.repeat_acknowledgement();
    f.turn(one_second_us);
  }
  CHECK(f.is_connected());
  for (int second = 0; second < 5 && f.is_connected(); ++second) {
    f.repeat_acknowledgement();
    f.turn(one_second_us);
  }
  CHECK_FALSE(f.is_connected());
}

TEST_CASE("acknowledgement: one that covers something begins the time anew") {
  Listener f;
  for (int minute = 0; minute < 4; ++minute) {
    f.write("headline", 100);
    for (int second = 0; second < 40; ++second) {
      f.repeat_acknowledgement();
      f.turn(one_second_us);
    }
    f.anna.wire()->to_host +=
        "<a xmlns='urn:xmpp:sm:3' h='" + std::to_string(f.session().sm.acknowledged + 1) + "'/>";
    f.turn();
    CHECK(f.session().unacknowledged.empty());
  }
  CHECK(f.is_connected());
}

TEST_CASE("acknowledgement: a client that reads all and acknowledges nothing has a bound in bytes") {
  Listener f;
  const std::size_t most = f.world.host().world().limits.output_bytes_max;
  for (std::size_t sent = 0; sent < 3 * most && f.is_connected(); sent += 200'000)
    f.write("headline", 200'000);
  CHECK_FALSE(f.is_connected());
  CHECK(f.session().unacknowledged_bytes < most + 300'000);
}

TEST_CASE("acknowledgement: messages that wait in the mailbox do not count for a session that is away") {
  Listener f;
  for (int i = 0; i < 20; ++i) f.write("chat", 110'000);
  CHECK(f.session().unacknowledged.size() >= 20);
  f.anna.cut(true);
  f.turn();
  REQUIRE(f.session().connection == nullptr);
  f.write("headline", 100);
  CHECK(f.session().unacknowledged_bytes > 100);
  CHECK(f.session().unacknowledged_bytes < 1'000);
  f.anna.connect(0);
  for (int i = 0; i < 20; ++i) {
    f.turn();
    f.anna.receive(std::string::npos);
  }
  CHECK(f.anna.resumed() == 1);
  CHECK(f.session().unacknowledged_bytes == 0);
}

TEST_CASE("acknowledgement: what only a session that is away keeps has a bound") {
  Listener f;
  f.anna.cut(true);
  f.turn();
  for (int i = 0; i < 8; ++i) f.write("headline", 200'000);
  Shard& home = f.world.host().shard(f.world.host().world().home_of("anna@localhost"));
  const Account* account = home.accounts.find("anna@localhost");
  CHECK((account == nullptr || account->sessions.empty()));
}

}  // namespace
}  // namespace hotline::test
