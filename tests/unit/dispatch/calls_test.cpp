// A call is a transaction: what it asked for happens whole when it ends well, and not at all when it does
// not.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_world.h"

namespace hotline::test {
namespace {

struct Obedience {
  sim::SimWorld world{{.seed = 1,
                       .shards = 1,
                       .accounts = {},
                       .modules = {HOTLINE_OBEDIENT_DIR "/obedient-1.0.0.so"},
                       .limits = {},
                       .listener = {.name = "obedient", .framer = FramerKind::lines, .needs_tls = false}}};

  // On a connection of its own: a failed call on a line ends the connection.
  std::string say(std::string_view line) {
    const std::shared_ptr<sim::Wire> wire = world.connect(0);
    wire->to_host = std::string(line) + "\n";
    world.deliver(*wire, std::string::npos);
    world.settle();
    return wire->to_client;
  }
  void wait_ms(std::uint64_t ms) {
    world.clock.advance_us(ms * 1'000);
    world.settle();
    world.store.commit_all();
    world.settle();
  }
};

TEST_CASE_FIXTURE(Obedience, "calls: one that ends well has done all it asked for") {
  CHECK(say("ok tea") == "ok!\n");
  CHECK(say("get") == "tea - tea\n");
  wait_ms(2'000);
  CHECK(say("get") == "tea 1.0.0>1.0.0 tea\n");
  CHECK(world.store.row_count() == 3);
}

TEST_CASE_FIXTURE(Obedience, "calls: one that fails has done nothing, and is counted as a fault") {
  say("ok tea");
  wait_ms(2'000);
  const std::uint64_t rows = world.store.row_count();
  CHECK(say("fail coffee") == "error service-unavailable: no module takes these lines\n");
  CHECK(say("throw milk") == "error service-unavailable: no module takes these lines\n");
  wait_ms(2'000);
  CHECK(say("get") == "tea 1.0.0>1.0.0 tea\n");
  CHECK(world.store.row_count() == rows);
  CHECK(world.host().shard(0).counters.faults.get() == 2);
}

TEST_CASE_FIXTURE(Obedience, "calls: a first row that a failed call made is gone, on disk too") {
  say("fail coffee");
  wait_ms(2'000);
  CHECK(say("get") == "- - -\n");
  CHECK(world.store.row_count() == 0);
}

TEST_CASE_FIXTURE(Obedience, "calls: a fault on one connection leaves the others alone") {
  const std::shared_ptr<sim::Wire> other = world.connect(0);
  say("fail coffee");
  other->to_host = "ok tea\n";
  world.deliver(*other, std::string::npos);
  world.settle();
  CHECK(other->to_client == "ok!\n");
  CHECK(other->is_open());
}

TEST_CASE_FIXTURE(Obedience, "calls: `not mine` keeps what was done, and is no fault") {
  CHECK(say("none tea") == "none!\nerror service-unavailable: no module takes these lines\n");
  CHECK(say("get") == "tea - tea\n");
  CHECK(world.host().shard(0).counters.faults.get() == 0);
}

TEST_CASE_FIXTURE(Obedience, "calls: a timer runs on the generation that is live when it comes up") {
  say("ok tea");
  REQUIRE(world.push(HOTLINE_OBEDIENT_DIR "/obedient-1.0.1.so"));
  wait_ms(2'000);
  CHECK(say("get") == "tea 1.0.0>1.0.1 tea\n");
  say("ok milk");
  REQUIRE(world.rollback("obedient"));
  wait_ms(2'000);
  CHECK(say("get") == "milk 1.0.0>1.0.1,1.0.1>1.0.0 tea,milk\n");
}

TEST_CASE_FIXTURE(Obedience, "calls: what a disabled module set a timer for waits until it is enabled") {
  say("ok tea");
  REQUIRE(world.pipeline().disable("obedient", {.user = "anna"}).outcome == "live");
  CHECK(say("get") == "error service-unavailable: no module takes these lines\n");
  wait_ms(2'000);
  wait_ms(2'000);
  REQUIRE(world.pipeline().enable("obedient", {.user = "anna"}).outcome == "live");
  CHECK(say("get") == "tea - tea\n");
  wait_ms(2'000);
  CHECK(say("get") == "tea 1.0.0>1.0.0 tea\n");
}

TEST_CASE(
    "calls: a line that its connection moves for is offered again at the other shard, and the next come "
    "after") {
  sim::SimWorld world({.seed = 1,
                       .shards = 4,
                       .accounts = {},
                       .modules = {HOTLINE_OBEDIENT_DIR "/obedient-1.0.0.so"},
                       .limits = {},
                       .listener = {.name = "obedient", .framer = FramerKind::lines, .needs_tls = false}});
  const std::uint32_t home = world.host().world().home_of("somebody");
  for (std::uint32_t shard = 0; shard < 4; ++shard) {
    const std::shared_ptr<sim::Wire> wire = world.connect(shard);
    wire->to_host = "home tea\nget\n";
    world.deliver(*wire, std::string::npos);
    world.settle();
    CHECK(wire->to_client.starts_with("home!\ntea "));
    CHECK(world.host().shard(home).streams.size() == shard + 1);
    // Lines have no login to be late for.
    world.clock.advance_us(60'000'000);
    world.settle();
    CHECK(wire->is_open());
  }
}

}  // namespace
}  // namespace hotline::test
