// XEP-0280: who is copied on what.
#include "routing/carbons.h"
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;

TEST_CASE("routing: carbons are turned on and off by iq, for one session") {
  World world;
  const hl_session phone = world.online("alice", "phone");
  world.say(phone, "<iq type='set' id='1'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
  CHECK(only(world.host.sent(phone)) == "<iq to='alice@localhost/phone' id='1' type='result'></iq>");
  CHECK(world.host.field(phone, hotline::session_fields::carbons) == 1);
  world.say(phone, "<iq type='set' id='2' to='alice@localhost'><disable xmlns='urn:xmpp:carbons:2'/></iq>");
  CHECK(world.host.field(phone, hotline::session_fields::carbons) == 0);
  CHECK(world.host.stanza(phone, "<iq type='get' id='3'><enable xmlns='urn:xmpp:carbons:2'/></iq>") ==
        HL_E_NONE);
  CHECK(world.host.stanza(phone, "<iq type='set' id='3'><x xmlns='urn:xmpp:carbons:2'/></iq>") == HL_E_NONE);
}

TEST_CASE("routing: a sent message is copied to the sender's other sessions that want it") {
  World world;
  const hl_session phone = world.online_with_carbons("alice", "phone");
  const hl_session desk = world.online_with_carbons("alice", "desk");
  const hl_session plain = world.online("alice", "plain");
  world.say(phone, "<message to='bob@localhost' type='chat' id='1'><body>hi</body></message>");
  CHECK(only(world.host.sent(desk)) ==
        "<message from='alice@localhost' to='alice@localhost/desk' type='chat'><sent "
        "xmlns='urn:xmpp:carbons:2'>"
        "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' to='bob@localhost' type='chat' "
        "id='1' "
        "from='alice@localhost/phone'><body>hi</body></message></forwarded></sent></message>");
  CHECK(world.host.sent(phone).empty());
  CHECK(world.host.sent(plain).empty());
}

TEST_CASE("routing: a received message is copied to the recipient's other sessions that want it") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online_with_carbons("bob", "desk", 5);
  const hl_session phone = world.online_with_carbons("bob", "phone", 1);
  const hl_session silent = world.online_with_carbons("bob", "silent", -1);
  const hl_session plain = world.online("bob", "plain", 1);
  for (const char* to : {"bob@localhost", "bob@localhost/desk", "bob@localhost/gone"}) {
    CAPTURE(to);
    world.say(alice, with_value("<message to='", to) + "' type='chat'><body>hi</body></message>");
    CHECK_FALSE(has(only(world.host.sent(desk)), "urn:xmpp:carbons:2"));
    const std::string copy = only(world.host.sent(phone));
    CHECK(has(copy, "<message from='bob@localhost' to='bob@localhost/phone' type='chat'><received"));
    CHECK(has(copy, "<message xmlns='jabber:client'"));
    CHECK(has(only(world.host.sent(silent)), "<received"));
    CHECK(world.host.sent(plain).empty());
  }
  CHECK(world.mailbox("bob") == 3);  // Copies are not kept.
}

namespace {

struct Line {
  const char* type;
  const char* children;
  bool is_copied;
};
constexpr Line matrix[] = {
    {"chat", "<body>hi</body>", true},
    {"chat", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", true},
    {"chat", "<received xmlns='urn:xmpp:receipts' id='1'/>", true},
    {"normal", "<body>hi</body>", true},
    {"normal", "<received xmlns='urn:xmpp:receipts' id='1'/>", true},
    {"normal", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", true},
    {"normal", "<active xmlns='http://jabber.org/protocol/chatstates'/>", true},
    {"normal", "<event xmlns='http://jabber.org/protocol/pubsub#event'/>", false},
    {"error", "<body>hi</body><error type='cancel'/>", true},
    {"error", "<event xmlns='urn:x'/><error type='cancel'/>", false},
    {"headline", "<body>hi</body>", false},
    {"groupchat", "<body>hi</body>", false},
    {"chat", "<body>hi</body><private xmlns='urn:xmpp:carbons:2'/>", false},
    {"chat", "<body>hi</body><no-copy xmlns='urn:xmpp:hints'/>", false},
    {"chat", "<body>hi</body><private xmlns='urn:xmpp:carbons:2'/><no-copy xmlns='urn:xmpp:hints'/>", false},
};

}  // namespace

TEST_CASE("routing: XEP-0280 6.1, both ways copy the same messages, to a full address") {
  for (const Line& line : matrix) {
    CAPTURE(line.type);
    CAPTURE(line.children);
    World world;
    const hl_session alice = world.online("alice", "phone");
    const hl_session alice_desk = world.online_with_carbons("alice", "desk");
    const hl_session bob = world.online("bob", "phone");
    const hl_session bob_desk = world.online_with_carbons("bob", "desk");
    world.say(alice, with_value("<message to='bob@localhost/phone' type='", line.type) + "'>" +
                         line.children + "</message>");
    CHECK(world.host.sent(bob).size() == 1);
    CHECK(world.host.sent(alice_desk).size() == (line.is_copied ? 1 : 0));
    CHECK(world.host.sent(bob_desk).size() == (line.is_copied ? 1 : 0));
  }
}

TEST_CASE(
    "routing: a room's private message is copied where it was sent, not where each client gets its own") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session alice_desk = world.online_with_carbons("alice", "desk");
  world.online("bob", "phone");
  const hl_session bob_desk = world.online_with_carbons("bob", "desk");
  world.say(alice,
            "<message to='bob@localhost/phone' type='chat'><body>hi</body>"
            "<x xmlns='http://jabber.org/protocol/muc#user'/></message>");
  CHECK(world.host.sent(alice_desk).size() == 1);
  CHECK(world.host.sent(bob_desk).empty());
}

TEST_CASE("routing: a message to oneself is copied once, and not to who sent it") {
  World world;
  const hl_session phone = world.online_with_carbons("alice", "phone", 1);
  const hl_session desk = world.online_with_carbons("alice", "desk", 5);
  const hl_session tablet = world.online_with_carbons("alice", "tablet", 1);
  world.say(phone, "<message to='alice@localhost' type='chat'><body>note</body></message>");
  CHECK_FALSE(has(only(world.host.sent(desk)), "carbons"));
  CHECK(has(only(world.host.sent(tablet)), "<received"));
  CHECK(world.host.sent(phone).empty());
}

TEST_CASE("routing: nothing is copied of what was refused") {
  World world;
  const hl_session phone = world.online("alice", "phone");
  const hl_session desk = world.online_with_carbons("alice", "desk");
  for (const char* to : {"bob@example.org", "@localhost", "localhost"})
    world.say(phone, with_value("<message to='", to) + "' type='chat'><body>hi</body></message>");
  CHECK(world.host.sent(desk).empty());
}
