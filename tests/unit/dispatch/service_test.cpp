// A module that answers for a domain below the host's, and one stanza in the mailboxes of many.
#include <doctest/doctest.h>

#include <array>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

struct HallWorld {
  explicit HallWorld(const std::string& everybody = "all@hall.localhost")
      : anna(world, "anna@localhost", everybody),
        bert(world, "bert@localhost", everybody),
        carl(world, "carl@localhost", everybody) {}

  sim::SimWorld world{
      {.seed = 1,
       .shards = 3,
       .accounts = {"anna@localhost", "bert@localhost", "carl@localhost", "dora@localhost"},
       .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                   sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so"),
                   HOTLINE_OBEDIENT_DIR "/hall-1.0.0.so"}}};
  sim::SimClient anna, bert, carl;

  // What a client that connects is told of its first message.
  std::string complaint_of(sim::SimClient& client) {
    client.connect(0);
    const auto turn = [&] {
      world.deliver(*client.wire(), std::string::npos);
      world.settle();
      client.receive(std::string::npos);
    };
    for (int i = 0; i < 20 && !client.is_ready(); ++i) turn();
    client.send_message();
    for (int i = 0; i < 20 && client.complaint().empty(); ++i) turn();
    return client.complaint();
  }
  void run() {
    for (int i = 0; i < 30; ++i) {
      for (sim::SimClient* client : {&anna, &bert, &carl}) {
        if (client->wire() == nullptr) continue;
        world.deliver(*client->wire(), std::string::npos);
        world.settle();
        client->receive(std::string::npos);
      }
      world.clock.advance_us(20'000);
      world.settle();
      world.store.commit_all();
      world.settle();
    }
  }
};

const std::vector<std::uint64_t> three{1, 2, 3};

TEST_CASE_FIXTURE(HallWorld, "service: what is sent to an address of it comes to all, once and in order") {
  anna.connect(0);
  bert.connect(1);
  run();
  REQUIRE(anna.is_ready());
  REQUIRE(bert.is_ready());
  for (int i = 0; i < 3; ++i) anna.send_message();
  run();
  CHECK(anna.received() == three);  // Everybody, the sender too.
  CHECK(bert.received() == three);
  CHECK(anna.acknowledged() == three);
  CHECK(world.mailbox("anna@localhost").empty());
  CHECK(world.mailbox("bert@localhost").empty());
}

TEST_CASE_FIXTURE(HallWorld, "service: who is away has his copy in the mailbox, also after a crash") {
  anna.connect(0);
  run();
  for (int i = 0; i < 3; ++i) anna.send_message();
  run();
  REQUIRE(anna.acknowledged() == three);  // The copies of those who are away are on disk.
  CHECK(world.mailbox("carl@localhost").size() == 3);
  CHECK(world.mailbox("carl@localhost").front().find(" to=") == std::string::npos);
  anna.forget_session();
  world.crash(0);
  CHECK(world.mailbox("dora@localhost").size() == 3);
  carl.connect(2);
  run();
  CHECK(carl.received() == three);
  CHECK(world.mailbox("carl@localhost").empty());
}

TEST_CASE("service: its domain may be spelled with capitals") {
  HallWorld hall("all@Hall.LocalHost");
  hall.anna.connect(0);
  hall.run();
  hall.anna.send_message();
  hall.run();
  CHECK(hall.anna.received() == std::vector<std::uint64_t>{1});
}

TEST_CASE_FIXTURE(HallWorld,
                  "service: while its module is disabled it is unavailable, and what waits stays") {
  anna.connect(0);
  run();
  for (int i = 0; i < 3; ++i) anna.send_message();
  run();
  REQUIRE(anna.acknowledged() == three);
  REQUIRE(world.pipeline().disable("hall", {.user = "anna"}).outcome == "live");
  CHECK(world.pipeline().disable("hall", {.user = "anna"}).outcome == "refused");
  CHECK(world.pipeline().rollback("hall", {}, {.user = "anna"}).outcome == "refused");
  anna.forget_session();
  world.crash(0);  // It comes back as it was.
  sim::SimClient eve(world, "anna@localhost", "all@hall.localhost");
  CHECK(complaint_of(eve).find("service-unavailable") != std::string::npos);
  CHECK(world.mailbox("carl@localhost").size() == 3);
  REQUIRE(world.pipeline().enable("hall", {.user = "anna"}).outcome == "live");
  carl.connect(2);
  run();
  CHECK(carl.received() == three);
}

TEST_CASE_FIXTURE(HallWorld, "service: each session's copy has its own address") {
  anna.connect(0);
  bert.connect(1);
  run();
  anna.send_message();
  world.deliver(*anna.wire(), std::string::npos);
  world.settle();
  CHECK(bert.wire()->to_client.find("<message to='bert@localhost/sim' ") != std::string::npos);
  bert.cut(true);
  world.settle();
  bert.connect(1);
  run();  // It resumes, and gets it again: written anew.
  CHECK(bert.received() == std::vector<std::uint64_t>{1});
  CHECK(bert.resumed() == 1);
}

TEST_CASE_FIXTURE(HallWorld, "service: without the module its domain is none of ours") {
  sim::SimClient eve(world, "dora@localhost", "all@attic.localhost");
  CHECK(complaint_of(eve).find("remote-server-not-found") != std::string::npos);
}

}  // namespace
}  // namespace hotline::test
