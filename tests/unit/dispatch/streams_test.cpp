// Streams of a host without threads.
#include <doctest/doctest.h>

#include "unit/dispatch/sim_client.h"

namespace hotline::test {
namespace {

sim::SimWorld::Settings settings() {
  return {.seed = 1,
          .shards = 4,
          .accounts = {"anna@localhost", "bert@localhost"},
          .modules = {sim::module_file("session-1.1.0.so"), sim::module_file("routing-1.0.0.so"),
                      sim::module_file("presence-1.0.0.so"), sim::module_file("registration-1.1.0.so")}};
}

std::size_t streams_of(sim::SimWorld& world) {
  std::size_t count = 0;
  for (std::uint32_t shard = 0; shard < world.host().shard_count(); ++shard)
    count += world.host().shard(shard).streams.size();
  return count;
}

TEST_CASE("streams: a peer that goes while its connection is about to move leaves nothing behind") {
  sim::SimWorld world(settings());
  const std::uint32_t home = world.host().world().home_of("anna@localhost");
  const std::uint32_t elsewhere = (home + 1) % world.host().shard_count();
  const std::shared_ptr<sim::Wire> wire = world.connect(elsewhere);
  wire->to_host =
      "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' "
      "version='1.0'><auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' "
      "mechanism='PLAIN'>AGFubmEAc2VjcmV0</auth>";
  // Its bytes and its end come in one turn of the loop, as they do when a peer writes and closes.
  world.deliver(*wire, std::string::npos);
  world.cut(*wire, true);
  world.settle();
  CHECK(streams_of(world) == 0);
  CHECK(wire->events == nullptr);
}

TEST_CASE("streams: a connection logs in at its account's home, wherever it came in") {
  for (std::uint32_t shard = 0; shard < 4; ++shard) {
    sim::SimWorld world(settings());
    sim::SimClient anna(world, "anna@localhost", "bert@localhost");
    anna.connect(shard);
    for (int i = 0; i < 20 && !anna.is_ready(); ++i) {
      world.deliver(*anna.wire(), std::string::npos);
      world.settle();
      anna.receive(std::string::npos);
    }
    CHECK(anna.is_ready());
    CHECK(anna.complaint() == "");
    const std::uint32_t home = world.host().world().home_of("anna@localhost");
    CHECK(world.host().shard(home).streams.size() == 1);
    CHECK(streams_of(world) == 1);
  }
}

}  // namespace
}  // namespace hotline::test
