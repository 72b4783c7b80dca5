// Presence and those who are blocked (XEP-0191), and presence for clients that are inactive (XEP-0352).
#include "unit/modules/presence_world.h"

using namespace hotline::presence_test;
namespace session_fields = hotline::session_fields;

namespace {

constexpr std::uint32_t topic_blocked = 6;
constexpr std::uint32_t topic_unblocked = 7;

struct BlockingWorld : World {
  // As privacy does it: the post, then the row.
  void block(const std::string& name, const std::string& address) {
    host.state().tables["blocked"][name + "@localhost"][address] = "";
    CHECK(host.post("presence", name + "@localhost", topic_blocked, address) == HL_OK);
    host.run();
  }
  void unblock(const std::string& name, const std::string& address) {
    host.state().tables["blocked"].erase(name + "@localhost");
    CHECK(host.post("presence", name + "@localhost", topic_unblocked, address) == HL_OK);
    host.run();
  }
};

}  // namespace

TEST_CASE("presence: XEP-0191 3.3, a contact that is blocked sees the account go, and nothing after that") {
  for (const char* listed : {"bob@localhost", "localhost"}) {
    CAPTURE(listed);
    BlockingWorld world;
    world.befriend("alice", "bob");
    const hl_session bob = world.online("bob", "desk");
    const hl_session alice = world.online("alice", "phone");
    world.forget_sent();
    world.block("alice", listed);
    CHECK(only(world.host.sent(bob)) ==
          "<presence to='bob@localhost' from='alice@localhost/phone' type='unavailable'></presence>");
    world.say(alice, "<presence><show>dnd</show></presence>");
    world.say(alice, "<presence type='unavailable'/>");
    world.say(alice, "<presence/>");
    CHECK(world.host.sent(bob).empty());
  }
}

TEST_CASE("presence: XEP-0191 3.3, who is blocked is not heard, not answered, and not asked") {
  BlockingWorld world;
  world.befriend("alice", "bob");
  world.block("alice", "bob@localhost");
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.connect("bob", "desk");
  world.forget_sent();
  world.say(bob, "<presence/>");  // With a probe of alice.
  CHECK(count(world.host.sent(bob), {"alice@localhost"}) == 0);
  for (const char* wish :
       {"<presence to='alice@localhost'/>", "<presence to='alice@localhost' type='probe'/>",
        "<presence to='alice@localhost/phone' type='unavailable'/>",
        "<presence to='alice@localhost' type='subscribe'/>",
        "<presence to='alice@localhost' type='unsubscribe'/>",
        "<presence to='alice@localhost' type='unsubscribed'/>"}) {
    CAPTURE(wish);
    const auto before = world.rows("alice")["bob@localhost"];
    world.say(bob, wish);
    CHECK(world.host.sent(alice).empty());
    CHECK(count(world.host.sent(bob), {"<presence", "alice@localhost'", "from='alice"}) == 0);
    CHECK(world.rows("alice")["bob@localhost"] == before);
  }
  world.host.end(alice);
  world.host.run();
  const hl_session again = world.connect("alice", "phone");
  world.forget_sent();
  world.say(again, "<presence/>");
  CHECK(count(world.host.sent(again), {"bob@localhost"}) == 0);
}

TEST_CASE("presence: XEP-0191 3.4, a contact that is unblocked sees what it may, and is seen again") {
  BlockingWorld world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.online("alice", "phone");
  world.block("alice", "bob@localhost");
  world.say(bob, "<presence><show>away</show></presence>");
  world.forget_sent();
  world.unblock("alice", "bob@localhost");
  CHECK(has(only(world.host.sent(bob)), "from='alice@localhost/phone'"));
  CHECK(has(only(world.host.sent(alice)), "<show>away</show>"));
}

TEST_CASE("presence: unblocking one line leaves what another still covers") {
  BlockingWorld world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  world.online("alice", "phone");
  world.block("alice", "localhost");
  world.block("alice", "bob@localhost");
  world.forget_sent();
  world.host.state().tables["blocked"]["alice@localhost"].erase("bob@localhost");
  CHECK(world.host.post("presence", "alice@localhost", topic_unblocked, "bob@localhost") == HL_OK);
  world.host.run();
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("presence: XEP-0191 3.3, directed presence is taken back from who is blocked") {
  BlockingWorld world;
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.connect("alice", "phone");
  world.say(alice, "<presence to='bob@localhost/desk'/>");
  CHECK(world.host.sent(bob).size() == 1);
  world.block("alice", "bob@localhost");
  CHECK(has(only(world.host.sent(bob)), "type='unavailable'"));
  CHECK(world.host.state().tables["directed"].empty());
}

TEST_CASE("presence: XEP-0191 3.3, who blocks somebody is told so on sending them presence") {
  BlockingWorld world;
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.online("alice", "phone");
  world.block("alice", "bob@localhost");
  for (const char* type : {"", " type='subscribe'", " type='subscribed'", " type='probe'"}) {
    CAPTURE(type);
    world.say(alice, std::string("<presence to='bob@localhost'") + type + "/>");
    const std::string error = only(world.host.sent(alice));
    CHECK(is_error(error, "cancel", "not-acceptable"));
    CHECK(has(error, "<blocked xmlns='urn:xmpp:blocking:errors'/>"));
  }
  world.say(alice, "<presence to='bob@localhost' type='unavailable'/>");
  CHECK(world.host.sent(alice).empty());
  CHECK(world.host.sent(bob).empty());
  CHECK_FALSE(world.has_row("alice", "bob"));
}

TEST_CASE("presence: XEP-0352, a session that has been inactive gets presence by way of routing") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session tablet = world.online("bob", "tablet");
  const hl_session alice = world.online("alice", "phone");
  world.forget_sent();
  for (const std::int64_t state : {session_fields::client_inactive, session_fields::client_active_again}) {
    world.host.set_field(bob, session_fields::client_state, state);
    CHECK(world.host.stanza(alice, "<presence><show>dnd</show></presence>") == HL_OK);
    std::vector<std::string> to_routing;
    while (!world.host.state().posts.empty()) {
      const auto post = world.host.state().posts.front();
      if (post.module == "routing") to_routing.push_back(post.bytes);
      world.host.state().posts.pop_front();
      if (post.module == "presence")
        CHECK(world.host.post("presence", post.account, post.topic, post.bytes) == HL_OK);
    }
    REQUIRE(to_routing.size() == 1);
    CHECK(has(to_routing[0], std::to_string(bob) + "\nalice@localhost/phone\n<presence "));
    CHECK(world.host.sent(bob).empty());
    CHECK(world.host.sent(tablet).size() == 1);
  }
}

TEST_CASE("presence: XEP-0115, capabilities pass as they are") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.online("alice", "phone");
  world.forget_sent();
  constexpr std::string_view caps =
      "<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='http://client.example' "
      "ver='zHyEOgxTrkpSdGcQKH8EFPLsriY='/>";
  world.say(alice, std::string("<presence>").append(caps) + "</presence>");
  CHECK(has(only(world.host.sent(bob)), caps));
}
