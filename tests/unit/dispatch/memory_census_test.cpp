// The census of memory: what is there is counted, in many slices as in one.
#include "dispatch/memory_census.h"

#include <doctest/doctest.h>

#include <optional>

#include "unit/dispatch/sim_client.h"
#include "unit/dispatch/sim_world.h"

using namespace hotline;
using namespace hotline::sim;
using Part = MemoryCensus::Part;

namespace {

SimWorld::Settings settings_for(std::vector<std::string> accounts) {
  SimWorld::Settings settings;
  settings.accounts = std::move(accounts);
  settings.modules = {module_file("session-1.1.0.so"), module_file("routing-1.0.0.so"),
                      module_file("presence-1.0.0.so"), module_file("registration-1.1.0.so")};
  return settings;
}

void exchange(SimWorld& world, SimClient& client) {
  for (int i = 0; i < 40; ++i) {
    if (client.wire() != nullptr) world.deliver(*client.wire(), std::string::npos);
    world.settle();
    client.receive(std::string::npos);
    world.clock.advance_us(1'000);
    world.store.commit_all();
  }
}

MemoryCensus::Figures census(SimWorld& world) {
  std::optional<MemoryCensus::Figures> taken;
  MemoryCensus::take(world.host(), [&](const MemoryCensus::Figures& figures) { taken = figures; });
  world.settle();
  REQUIRE(taken);
  return *taken;
}

}  // namespace

TEST_CASE("memory: a session is counted in each of its parts, and its connection no longer once it is cut") {
  SimWorld world(settings_for({"anna@localhost", "bert@localhost"}));
  MemoryCensus::Figures before = census(world);
  CHECK(before.part(Part::sessions).count == 0);
  CHECK(before.part(Part::accounts).count == 2);
  SimClient anna(world, "anna@localhost", "bert@localhost");
  anna.connect(0);
  exchange(world, anna);
  REQUIRE(anna.is_ready());
  MemoryCensus::Figures there = census(world);
  for (const Part part : {Part::streams, Part::connections, Part::links, Part::framers, Part::sessions,
                          Part::stream_management})
    CHECK(there.part(part).count == 1);
  CHECK(there.part(Part::sessions).bytes > sizeof(Session));
  CHECK(there.part(Part::connections).bytes >= sizeof(Connection));
  CHECK(there.bytes() > before.bytes() + sizeof(Session) + sizeof(Stream) + sizeof(Connection));
  anna.cut(true);
  world.settle();
  MemoryCensus::Figures after = census(world);
  CHECK(after.part(Part::connections).count == 0);
  CHECK(after.part(Part::sessions).count == 1);
}

TEST_CASE("memory: what waits in a mailbox is counted with its body, and half an element as in flight") {
  SimWorld world(settings_for({"anna@localhost", "bert@localhost"}));
  SimClient anna(world, "anna@localhost", "bert@localhost");
  anna.connect(0);
  exchange(world, anna);
  const std::uint64_t in_flight = census(world).part(Part::in_flight).bytes;
  for (int i = 0; i < 3; ++i) anna.send_message();
  exchange(world, anna);
  MemoryCensus::Figures there = census(world);
  CHECK(there.part(Part::mailboxes).count == 3);
  CHECK(there.part(Part::mailboxes).bytes > 3 * sizeof(MailboxEntry));
  anna.wire()->to_host += "<message to='bert@localhost'><body>" + std::string(3'000, 'x');
  world.deliver(*anna.wire(), std::string::npos);
  CHECK(census(world).part(Part::in_flight).bytes >= in_flight + 3'000);
}

TEST_CASE("memory: a census that takes many slices counts what one slice counts") {
  std::vector<std::string> accounts;
  for (int i = 0; i < 1'000; ++i) accounts.push_back("user" + std::to_string(i) + "@localhost");
  SimWorld world(settings_for(accounts));
  MemoryCensus::Figures at_once = census(world);
  world.clock.set_tick_us(200);  // A look at the clock takes most of a slice.
  MemoryCensus::Figures in_slices = census(world);
  CHECK(at_once.part(Part::accounts).count == 1'000);
  CHECK(in_slices.part(Part::accounts).count == 1'000);
  CHECK(in_slices.part(Part::accounts).bytes == at_once.part(Part::accounts).bytes);
  CHECK(in_slices.rows.size() == at_once.rows.size());
}
