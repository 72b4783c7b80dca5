// Presence itself: RFC 6121 4.
#include "unit/modules/presence_world.h"

using namespace hotline::presence_test;
namespace session_fields = hotline::session_fields;

TEST_CASE("presence: 4.2, initial presence goes to subscribers, to the account's sessions and to itself") {
  World world;
  world.befriend("alice", "bob");
  world.relate("alice", "carol", State::to);
  world.relate("carol", "alice", State::from);
  const hl_session bob = world.online("bob", "desk");
  const hl_session carol = world.online("carol", "desk");
  const hl_session tablet = world.online("alice", "tablet");
  const hl_session unavailable = world.connect("alice", "unavailable");
  world.forget_sent();
  const hl_session phone = world.connect("alice", "phone");
  world.say(phone, "<presence><show>away</show><priority>7</priority></presence>");
  CHECK(only(world.host.sent(bob)) ==
        "<presence to='bob@localhost' "
        "from='alice@localhost/phone'><show>away</show><priority>7</priority></presence>");
  CHECK(world.host.sent(carol).empty());
  CHECK(has(only(world.host.sent(tablet)), "from='alice@localhost/phone'"));
  CHECK(world.host.sent(unavailable).empty());
  const Lines own = world.host.sent(phone);
  CHECK(count(own, {"from='alice@localhost/phone'"}) == 1);
  CHECK(count(own, {"from='alice@localhost/tablet'"}) == 1);
  CHECK(count(own, {"from='bob@localhost/desk'"}) == 1);
  CHECK(count(own, {"from='carol@localhost/desk'"}) == 1);
  CHECK(own.size() == 4);
  CHECK(world.host.field(phone, session_fields::priority) == 1007);
}

TEST_CASE("presence: 4.3.2, a probe is answered for who may see, with unsubscribed for who may not") {
  World world;
  world.befriend("alice", "bob");
  world.relate("alice", "carol", State::to);  // Which carol does not know of.
  const hl_session alice = world.connect("alice", "phone");
  world.say(alice, "<presence/>");
  const Lines sent = world.host.sent(alice);
  CHECK(count(sent, {"from='bob@localhost'", "type='unavailable'"}) == 1);
  CHECK(count(sent, {"from='carol@localhost'", "type='unsubscribed'"}) == 1);
  CHECK(world.item("alice", "carol").state == State::none);
}

TEST_CASE("presence: 4.4, a change is broadcast without probes") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.online("alice", "phone");
  world.forget_sent();
  world.say(alice, "<presence><show>dnd</show></presence>");
  CHECK(has(only(world.host.sent(bob)), "<show>dnd</show>"));
  CHECK(world.host.sent(alice).size() == 1);
}

TEST_CASE("presence: 4.5, unavailable presence is broadcast with what it says") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session tablet = world.online("alice", "tablet");
  const hl_session phone = world.online("alice", "phone");
  world.forget_sent();
  world.say(phone, "<presence type='unavailable'><status>bye</status></presence>");
  CHECK(only(world.host.sent(bob)) ==
        "<presence to='bob@localhost' type='unavailable' "
        "from='alice@localhost/phone'><status>bye</status></presence>");
  CHECK(has(only(world.host.sent(tablet)), "type='unavailable'"));
  CHECK(world.host.field(phone, session_fields::priority) == 0);
  world.say(phone, "<presence type='unavailable'/>");
  world.host.end(phone);
  world.host.run();
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("presence: 4.5.2, a session that ends is unavailable, one that may be resumed is not") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.online("alice", "phone");
  world.host.state().sessions.at(alice).resume_s = 300;
  world.host.state().sessions.at(alice).has_sm = true;
  world.forget_sent();
  world.host.disconnect(world.host.stream_of(alice));
  world.host.run();
  CHECK(world.host.sent(bob).empty());
  CHECK(world.host.field(alice, session_fields::priority) == 1000);
  world.host.end(alice);
  world.host.run();
  CHECK(only(world.host.sent(bob)) ==
        "<presence to='bob@localhost' from='alice@localhost/phone' type='unavailable'></presence>");
}

TEST_CASE("presence: the end of a session says nothing of the one that took over its resource") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session old = world.online("alice", "phone");
  const hl_session fresh = world.connect("alice", "phone");
  world.say(fresh, "<presence/>");
  world.forget_sent();
  world.host.end(old);
  world.host.run();
  CHECK(world.host.sent(bob).empty());
  CHECK(world.host.state().tables["presence"]["alice@localhost"].size() == 1);
}

TEST_CASE("presence: 4.6, directed presence reaches its address and is taken back when the session goes") {
  World world;
  const hl_session bob = world.online("bob", "desk");
  const hl_session bob_phone = world.online("bob", "phone");
  const hl_session carol = world.online("carol", "desk");
  const hl_session alice = world.connect("alice", "phone");
  world.say(alice, "<presence to='bob@localhost/desk'><status>hi</status></presence>");
  world.say(alice, "<presence to='carol@localhost'/>");
  CHECK(only(world.host.sent(bob)) ==
        "<presence to='bob@localhost/desk' from='alice@localhost/phone'><status>hi</status></presence>");
  CHECK(world.host.sent(bob_phone).empty());
  CHECK(world.host.sent(carol).size() == 1);
  world.say(alice, "<presence to='carol@localhost' type='unavailable'/>");
  CHECK(has(only(world.host.sent(carol)), "type='unavailable'"));
  world.host.end(alice);
  world.host.run();
  CHECK(only(world.host.sent(bob)) ==
        "<presence to='bob@localhost/desk' from='alice@localhost/phone' type='unavailable'></presence>");
  CHECK(world.host.sent(carol).empty());
  CHECK(world.host.state().tables["directed"]["alice@localhost"].empty());
}

TEST_CASE("presence: 4.6, directed presence from and to the longest addresses there are is no fault") {
  World world;
  const std::string resource(1023, 'r');
  const hl_session alice = world.connect("alice", resource);
  world.say(alice, "<presence to='" + std::string(1023, 'l') + "@localhost/" + resource + "'/>");
  CHECK(is_error(only(world.host.sent(alice)), "wait", "resource-constraint"));
  CHECK(world.host.state().tables["directed"]["alice@localhost"].empty());
}

TEST_CASE("presence: 4.6.3, who is subscribed hears of the end once") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<presence to='bob@localhost/desk'/>");
  world.forget_sent();
  world.say(alice, "<presence type='unavailable'/>");
  CHECK(world.host.sent(bob).size() == 1);
}

TEST_CASE("presence: broadcasts of who is not subscribed to are dropped") {
  World world;
  world.relate("alice", "bob", State::from);  // Which bob has forgotten.
  const hl_session bob = world.online("bob", "desk");
  world.online("alice", "phone");
  const hl_session alice = world.connect("alice", "desk");
  world.say(alice, "<presence/>");
  CHECK(world.host.sent(bob).empty());
}

TEST_CASE("presence: 4.7.2.3, a priority is a number from -128 to 127") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  for (const auto& [text, field] : std::vector<std::pair<std::string, int>>{
           {"-128", 872}, {"127", 1127}, {" 5 ", 1005}, {"+1", 1001}, {"0", 1000}}) {
    world.say(alice, "<presence><priority>" + text + "</priority></presence>");
    CHECK(world.host.field(alice, session_fields::priority) == field);
  }
  world.forget_sent();
  for (const char* text : {"128", "-129", "", "high", "1.5", "99999999999"}) {
    CAPTURE(text);
    world.say(alice, std::string("<presence><priority>").append(text).append("</priority></presence>"));
    CHECK(is_error(only(world.host.sent(alice)), "modify", "bad-request"));
  }
  CHECK(world.host.field(alice, session_fields::priority) == 1000);
}

namespace {
// What waits for bob, without routing: whether the session was offered it.
bool is_offered(World& world, hl_session session, std::string_view presence) {
  world.host.state().drains.clear();
  CHECK(world.host.stanza(session, presence) == HL_OK);
  const bool is_asked = !world.host.state().drains.empty();
  world.host.run();
  return is_asked;
}
}  // namespace

TEST_CASE(
    "presence: what waits in the mailbox is offered when a session comes to take messages, and then only") {
  World world;
  world.host.state().mailboxes["bob@localhost"][77].xml = "<message></message>";
  const hl_session bob = world.connect("bob", "desk");
  CHECK_FALSE(is_offered(world, bob, "<presence><priority>-1</priority></presence>"));
  CHECK(is_offered(world, bob, "<presence><priority>0</priority></presence>"));
  CHECK_FALSE(is_offered(world, bob, "<presence><show>away</show></presence>"));
  CHECK_FALSE(is_offered(world, bob, "<presence type='unavailable'/>"));
  CHECK(is_offered(world, bob, "<presence/>"));
}

TEST_CASE("presence: what a presence may not be is refused") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  const auto refused = [&](const std::string& xml, std::string_view type, std::string_view condition) {
    CAPTURE(xml.substr(0, 100));
    world.say(alice, xml);
    CHECK(is_error(only(world.host.sent(alice)), type, condition));
  };
  refused("<presence type='loud'/>", "modify", "bad-request");
  refused("<presence type='subscribe'/>", "modify", "bad-request");
  refused("<presence to='bob@localhost' type='loud'/>", "modify", "bad-request");
  refused("<presence to='@localhost'/>", "modify", "jid-malformed");
  refused("<presence to='room@example.org/nick'/>", "cancel", "remote-server-not-found");
  refused("<presence><status>" + std::string(17'000, 'x') + "</status></presence>", "modify",
          "policy-violation");
  world.say(alice, "<presence to='room@example.org/nick' type='unavailable'/>");
  world.say(alice, "<presence to='localhost'/>");
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("presence: directed presences have a bound") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  auto& rows = world.host.state().tables["directed"]["alice@localhost"];
  for (int i = 0; i < 1000; ++i) rows["phone\nx" + std::to_string(i) + "@localhost"] = std::to_string(alice);
  world.say(alice, "<presence to='bob@localhost'/>");
  CHECK(is_error(only(world.host.sent(alice)), "wait", "resource-constraint"));
}

TEST_CASE("presence: an instance destroyed between any two events is not missed") {
  World world;
  world.befriend("alice", "bob");
  const hl_session bob = world.online("bob", "desk");
  const hl_session alice = world.connect("alice", "phone");
  CHECK(world.host.stanza(alice, "<presence/>") == HL_OK);
  world.host.renew();
  world.host.run();
  CHECK(world.host.sent(bob).size() == 1);
  world.host.renew();
  world.host.end(alice);
  world.host.run();
  CHECK(count(world.host.sent(bob), {"type='unavailable'"}) == 1);
}
