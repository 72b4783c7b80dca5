// The annotated edition: the same routing, visibly another build.
#include "routing/routing.h"
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;

namespace {

struct Annotated final : hotline::routing::Routing {
  explicit Annotated(const hl_host* host) : Routing(host, hotline::routing::EditionKind::annotated) {}
};

constexpr std::string_view annotation =
    "<hotline xmlns='urn:hotline:0' version='" HL_MODULE_VERSION "'/></message>";

}  // namespace

TEST_CASE(
    "routing: the annotated edition marks every message it delivers, now or later, and counts by type") {
  const hl_module_entry entry = hotline::sdk::entry<Annotated>(hl_module.manifest);
  World world(entry);
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' type='chat'><body>early</body></message>");
  const hl_session bob = world.online("bob", "desk");
  world.host.drain(bob);
  CHECK(only(world.host.sent(bob)).ends_with(annotation));
  world.say(alice, "<message to='bob@localhost' type='chat'><body>hi</body></message>");
  CHECK(only(world.host.sent(bob)).ends_with(annotation));
  world.say(alice, "<message to='bob@localhost' type='headline'><body>news</body></message>");
  CHECK(only(world.host.sent(bob)).ends_with(annotation));
  CHECK(world.host.state().counters["routing.messages_chat"] == 2);
  CHECK(world.host.state().counters["routing.messages_headline"] == 1);
  CHECK(world.mailbox("bob") == 2);
}

TEST_CASE("routing: the plain edition leaves messages and counters alone") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice, "<message to='bob@localhost' type='chat'><body>hi</body></message>");
  CHECK_FALSE(has(only(world.host.sent(bob)), "urn:hotline"));
  CHECK(world.host.state().counters.empty());
}
