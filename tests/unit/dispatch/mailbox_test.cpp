// What waits in mailboxes for long: in little memory, and not for ever; and clients that say nothing for
// long.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t day_us = 24 * 60 * 60 * second_us;

struct Household {
  explicit Household(ShardLimits limits)
      : world({.seed = 1,
               .shards = 2,
               .accounts = {"anna@localhost", "bert@localhost"},
               .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                           sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so")},
               .limits = limits}),
        anna(world, "anna@localhost", "bert@localhost"),
        bert(world, "bert@localhost", "anna@localhost") {}

  void exchange(int rounds = 20) {
    for (int i = 0; i < rounds; ++i) {
      for (sim::SimClient* client : {&anna, &bert})
        if (client->wire() != nullptr) world.deliver(*client->wire(), std::string::npos);
      world.settle();
      world.clock.advance_us(5'000);
      world.settle();
      world.store.commit_all();
      world.settle();
      for (sim::SimClient* client : {&anna, &bert}) client->receive(std::string::npos);
    }
  }
  void write(sim::SimClient& client, int messages) {
    client.connect(0);
    exchange();
    for (int i = 0; i < messages; ++i) client.send_message();
    exchange();
    REQUIRE(client.is_all_acknowledged());
  }
  // Time in which nothing comes from anybody.
  void pass(std::uint64_t us, std::uint64_t step_us = second_us) {
    for (std::uint64_t passed = 0; passed < us; passed += step_us) {
      world.clock.advance_us(step_us);
      world.settle();
      world.store.commit_all();
      world.settle();
    }
  }
  std::uint64_t sum(Counter ShardCounters::*counter) {
    std::uint64_t all = 0;
    for (std::uint32_t i = 0; i < 2; ++i) all += (world.host().shard(i).counters.*counter).get();
    return all;
  }
  std::uint64_t memory_bytes() {
    return world.host().shard(0).bodies.memory_bytes() + world.host().shard(1).bodies.memory_bytes();
  }

  sim::SimWorld world;
  sim::SimClient anna, bert;
};

std::vector<std::uint64_t> first(std::uint64_t count) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t number = 1; number <= count; ++number) all.push_back(number);
  return all;
}

TEST_CASE("mailbox: what waits beyond its memory is on disk, and comes whole, in order, once") {
  ShardLimits limits;
  limits.mailbox_memory_bytes_max = 4'000;
  Household house(limits);
  house.write(house.anna, 700);
  CHECK(house.world.mailbox("bert@localhost").size() == 700);
  CHECK(house.memory_bytes() <= 4'000);
  house.bert.connect(1);
  house.exchange(60);
  CHECK(house.bert.received() == first(700));
  CHECK(house.world.mailbox("bert@localhost").empty());
  CHECK(house.memory_bytes() == 0);
  CHECK(house.anna.complaint() == "");
  CHECK(house.bert.complaint() == "");
}

TEST_CASE("mailbox: a host that starts again on a full mailbox keeps to its memory, and loses nothing") {
  ShardLimits limits;
  limits.mailbox_memory_bytes_max = 4'000;
  Household house(limits);
  house.write(house.anna, 300);
  house.anna.forget_session();
  house.world.crash(0);
  CHECK(house.memory_bytes() <= 4'000);
  CHECK(house.world.mailbox("bert@localhost").size() == 300);
  house.bert.connect(0);
  house.exchange(40);
  CHECK(house.bert.received() == first(300));
}

TEST_CASE("mailbox: a message that nobody took in time goes, and its sender is told") {
  Household house({});
  house.write(house.anna, 2);
  house.pass(29 * day_us, day_us / 2);
  CHECK(house.world.mailbox("bert@localhost").size() == 2);
  house.pass(2 * day_us, day_us / 2);
  CHECK(house.world.mailbox("bert@localhost").empty());
  // She was away for so long: it waits for her, and is on disk.
  CHECK(house.world.mailbox("anna@localhost").size() == 2);
  const std::string told = house.world.mailbox("anna@localhost").front();
  CHECK(told.find(" type='error'") != std::string::npos);
  CHECK(told.find(" from='bert@localhost'") != std::string::npos);
  CHECK(told.find(" id='n1'") != std::string::npos);
  CHECK(told.find("<error type='wait'><recipient-unavailable ") != std::string::npos);
  CHECK(house.sum(&ShardCounters::mailbox_expired) == 2);
  house.anna.forget_session();
  house.world.crash(0);
  CHECK(house.world.mailbox("bert@localhost").empty());
  CHECK(house.world.mailbox("anna@localhost").size() == 2);
}

TEST_CASE("mailbox: what expires on disk only is read for its sender") {
  ShardLimits limits;
  limits.mailbox_memory_bytes_max = 2;
  limits.mailbox_ttl_days = 1;
  Household house(limits);
  house.write(house.anna, 5);
  CHECK(house.memory_bytes() == 0);
  house.anna.cut(true);
  house.pass(day_us + day_us / 2, day_us / 4);
  CHECK(house.world.mailbox("bert@localhost").empty());
  CHECK(house.world.mailbox("anna@localhost").size() == 5);
}

TEST_CASE("mailbox: an expired message stays until its sender's notice is safe") {
  ShardLimits limits;
  limits.mailbox_ttl_days = 1;
  Household house(limits);
  house.write(house.anna, 1);
  house.anna.forget_session();
  house.world.clock.advance_us(2 * day_us);
  for (int i = 0; i < 5; ++i) {
    house.world.settle();
    house.world.clock.advance_us(second_us);
  }
  house.world.settle();  // The notice is with the store, which has written nothing yet.
  CHECK(house.world.mailbox("bert@localhost").size() == 1);
  house.world.crash(0);
  CHECK(house.world.mailbox("bert@localhost").size() == 1);
  house.pass(5 * second_us);
  CHECK(house.world.mailbox("bert@localhost").empty());
  CHECK(house.world.mailbox("anna@localhost").size() == 1);
}

TEST_CASE("quiet: a client that says nothing is asked, and one that answers stays") {
  Household house({});
  house.write(house.anna, 1);
  for (int halves = 0; halves < 60; ++halves) {
    house.pass(30 * second_us);
    house.exchange(3);
  }
  CHECK(house.anna.is_ready());
  CHECK(house.sum(&ShardCounters::silent_clients_cut) == 0);
}

TEST_CASE("quiet: an answer in time starts the count anew, however often") {
  Household house({});
  house.write(house.anna, 1);
  const std::string& to_anna = house.anna.wire()->to_client;
  for (int i = 0; i < 5; ++i) {
    house.pass(295 * second_us);
    CHECK(to_anna.find("<r ") == std::string::npos);
    house.pass(10 * second_us);
    CHECK(to_anna.find("<r ") != std::string::npos);
    house.pass(40 * second_us);
    house.exchange(3);  // It reads, and answers.
  }
  CHECK(house.anna.is_ready());
  CHECK(house.sum(&ShardCounters::silent_clients_cut) == 0);
}

TEST_CASE("quiet: a shard that stood still for seconds forgets nobody, however long clients may be silent") {
  ShardLimits limits;
  limits.idle_s = 3'600;
  for (int late = 0; late < 12; ++late) {
    CAPTURE(late);
    Household house(limits);
    house.write(house.anna, 1);
    for (int i = 0; i < 8; ++i) {
      house.pass(static_cast<std::uint64_t>(499 + late) * second_us);
      house.pass(6 * second_us, 6 * second_us);
    }
    CHECK(house.anna.wire()->to_client.find("<r ") != std::string::npos);
    CHECK(house.anna.wire()->events == nullptr);
  }
}

TEST_CASE("quiet: a client that says goodbye and does not take what is left is not waited for") {
  Household house({});
  house.write(house.anna, 1);
  const std::shared_ptr<sim::Wire> wire = house.world.connect(0);
  wire->is_full = true;
  wire->to_host = "</stream:stream>";
  house.world.deliver(*wire, std::string::npos);
  house.pass(20 * second_us);
  CHECK(wire->events != nullptr);
  house.pass(40 * second_us);
  CHECK(wire->events == nullptr);
}

TEST_CASE("quiet: what a burst needed is given back when nothing is under way any more") {
  Household house({});
  house.write(house.anna, 3);
  house.write(house.bert, 3);
  const auto held_bytes = [&house] {
    std::size_t bytes = 0;
    for (std::uint32_t shard = 0; shard < 2; ++shard) {
      const Sessions& sessions = house.world.host().shard(shard).sessions;
      for (std::size_t place = 0; place < sessions.places(); ++place)
        if (const Session* session = sessions.at(place))
          bytes += session->unacknowledged.capacity() + session->sm.safe.held_bytes();
    }
    return bytes;
  };
  CHECK(held_bytes() > 0);
  house.pass(10 * second_us);
  CHECK(held_bytes() == 0);
}

TEST_CASE("quiet: a client that does not answer is cut, and may resume") {
  Household house({});
  house.write(house.anna, 1);
  house.pass(290 * second_us);
  CHECK(house.anna.wire()->to_client.find("<r ") == std::string::npos);
  house.pass(20 * second_us);
  CHECK(house.anna.wire()->to_client.find("<r ") != std::string::npos);
  CHECK(house.anna.wire()->events != nullptr);
  house.pass(70 * second_us);
  CHECK(house.anna.wire()->events == nullptr);
  CHECK(house.sum(&ShardCounters::silent_clients_cut) == 1);
  house.anna.cut(true);
  house.anna.connect(0);
  house.exchange();
  CHECK(house.anna.is_ready());
  CHECK(house.anna.resumed() == 1);
}

}  // namespace
}  // namespace hotline::test
