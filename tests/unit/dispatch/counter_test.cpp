// The tutorial's module in a host: what docs/tutorial promises is so.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_world.h"

namespace hotline::test {
namespace {

sim::SimWorld::Settings settings(std::uint32_t shards, const char* file = HOTLINE_COUNTER_FILE) {
  return {.seed = 1,
          .shards = shards,
          .accounts = {},
          .modules = {file},
          .limits = {},
          .listener = {.name = "counter", .framer = FramerKind::lines, .needs_tls = false}};
}

std::string ask(sim::SimWorld& world, sim::Wire& wire, std::string_view lines) {
  wire.to_host.append(lines);
  world.deliver(wire, std::string::npos);
  world.settle();
  return std::exchange(wire.to_client, {});
}

TEST_CASE("counter: counts, from whichever shard, and answers each in its turn") {
  sim::SimWorld world(settings(4));
  const auto here = world.connect(0), there = world.connect(3);
  CHECK(ask(world, *here, "inc tea\n") == "tea 1\n");
  CHECK(ask(world, *there, "inc tea\ninc tea\nget tea\r\n") == "tea 2\ntea 3\ntea 3\n");
  CHECK(ask(world, *here, "get tea\n") == "tea 3\n");
  CHECK(ask(world, *here, "get coffee\n") == "coffee 0\n");
}

TEST_CASE("counter: says what it takes") {
  sim::SimWorld world(settings(2));
  const auto wire = world.connect(1);
  CHECK(ask(world, *wire, "brew tea\n") == "say: inc NAME or get NAME\n");
  CHECK(ask(world, *wire, "inc TEA\n") == "a name is 1 to 64 of a-z, 0-9 and -\n");
  // Nothing ends the connection under answers that still travel.
  CHECK(ask(world, *wire, "inc tea\nquit\n").ends_with("tea 1\n"));
}

TEST_CASE("counter: what was counted and committed outlives the process") {
  sim::SimWorld world(settings(2));
  const auto wire = world.connect(0);
  CHECK(ask(world, *wire, "inc tea\ninc tea\n") == "tea 1\ntea 2\n");
  world.clock.advance_us(10'000);
  world.settle();
  world.store.commit_all();
  CHECK(ask(world, *wire, "inc tea\n") == "tea 3\n");  // Not yet on disk.
  world.crash(0);
  const auto again = world.connect(1);
  CHECK(ask(world, *again, "get tea\n") == "tea 2\n");
}

// Old binaries stay: whoever does not build anew is not left behind by an upgrade of the host.
TEST_CASE("abi: a module that was compiled with the headers of ABI 1.0 loads, serves and is replaced") {
  sim::SimWorld world(settings(2, HOTLINE_PREVIOUS_FILE));
  const auto wire = world.connect(0);
  CHECK(ask(world, *wire, "inc tea\ninc tea\nget coffee\n") == "tea 1\ntea 2\ncoffee 0\n");
  REQUIRE(world.push(HOTLINE_COUNTER_FILE));
  CHECK(ask(world, *wire, "inc tea\n") == "tea 3\n");
  REQUIRE(world.rollback("counter"));
  CHECK(ask(world, *wire, "inc tea\n") == "tea 4\n");
}

}  // namespace
}  // namespace hotline::test
