// What is kept and what is not, what waits and how it is given out again.
#include "routing/delivery.h"
#include "unit/modules/push_listener.h"
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;

namespace {

struct Kept {
  const char* children;
  bool is_kept;
};
constexpr Kept kept[] = {
    {"<body>hi</body>", true},
    {"<subject>only</subject>", true},
    {"<received xmlns='urn:xmpp:receipts' id='m1'/>", true},
    {"<displayed xmlns='urn:xmpp:chat-markers:0' id='m1'/>", true},
    {"<received xmlns='urn:xmpp:chat-markers:0' id='m1'/>", true},
    {"<x xmlns='jabber:x:conference' jid='r@example.org'/>", true},
    {"<encrypted xmlns='urn:xmpp:omemo:2'/>", true},
    {"<body>hi</body><active xmlns='http://jabber.org/protocol/chatstates'/>", true},
    {"<body>hi</body><no-permanent-store xmlns='urn:xmpp:hints'/>", true},
    {"<composing xmlns='http://jabber.org/protocol/chatstates'/><store xmlns='urn:xmpp:hints'/>", true},
    {"<composing xmlns='http://jabber.org/protocol/chatstates'/>", false},
    {"<composing xmlns='http://jabber.org/protocol/chatstates'/><thread>t</thread>", false},
    {"<active xmlns='http://jabber.org/protocol/chatstates'/><no-copy xmlns='urn:xmpp:hints'/>", false},
    {"<markable xmlns='urn:xmpp:chat-markers:0'/>", false},
    {"<origin-id xmlns='urn:xmpp:sid:0' id='1'/>", false},
    {"", false},
};

}  // namespace

TEST_CASE("routing: XEP-0160, what means something later waits, chat states and the like do not") {
  for (const char* type : {"chat", "normal"})
    for (const Kept& line : kept) {
      CAPTURE(type);
      CAPTURE(line.children);
      World world;
      const hl_session alice = world.online("alice", "phone");
      world.say(alice,
                with_value("<message to='bob@localhost' type='", type) + "'>" + line.children + "</message>");
      CHECK(world.mailbox("bob") == (line.is_kept ? 1 : 0));
      CHECK(world.host.sent(alice).empty());
    }
}

TEST_CASE("routing: a chat state goes to the session that is there, without the mailbox") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice,
            "<message to='bob@localhost/desk' type='chat'><paused "
            "xmlns='http://jabber.org/protocol/chatstates'/></message>");
  CHECK(has(only(world.host.sent(bob)), "<paused"));
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: XEP-0334, no-store is given out but never kept, and words that cannot be are refused") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const std::string message =
      "<message to='bob@localhost' type='chat'><body>hi</body><no-store xmlns='urn:xmpp:hints'/></message>";
  world.say(alice, message);
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
  const hl_session bob = world.online("bob", "desk");
  world.say(alice, message);
  CHECK(world.host.sent(bob).size() == 1);
  CHECK(world.mailbox("bob") == 0);
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("routing: a receipt or marker to a resource that has gone waits for its person") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost/gone'><received xmlns='urn:xmpp:receipts' id='1'/></message>");
  world.say(alice,
            "<message to='bob@localhost/gone'><displayed xmlns='urn:xmpp:chat-markers:0' id='1'/></message>");
  CHECK(world.mailbox("bob") == 2);
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("routing: XEP-0203, what has waited is given out in order, with the time it came in") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' type='chat' id='1'><body>one</body></message>");
  world.host.advance(1500);
  world.say(alice, "<message to='bob@localhost' type='chat' id='2'><body>two</body></message>");
  world.host.advance(60'000);
  const hl_session bob = world.online("bob", "desk");
  world.host.drain(bob);
  const std::vector<std::string> sent = world.host.sent(bob);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0] ==
        "<message to='bob@localhost' type='chat' id='1' from='alice@localhost/phone'><body>one</body>"
        "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='2014-02-24T19:00:00.000Z'/></message>");
  CHECK(has(sent[1], "stamp='2014-02-24T19:00:01.500Z'"));
  CHECK(world.mailbox("bob") == 2);
  world.host.accept_all(bob);
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: a client that was only briefly behind sees no delay") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' type='chat'><body>one</body></message>");
  world.host.advance(999);
  const hl_session bob = world.online("bob", "desk");
  world.host.drain(bob);
  CHECK_FALSE(has(only(world.host.sent(bob)), "urn:xmpp:delay"));
}

TEST_CASE("routing: what a dead session was given and did not accept is offered to another") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.resumable("bob", "desk", 5);
  const hl_session phone = world.online("bob", "phone", 1);
  const hl_session silent = world.online("bob", "silent", -1);
  world.say(alice, "<message to='bob@localhost' type='chat'><body>one</body></message>");
  CHECK(world.host.sent(phone).empty());
  world.host.end(desk);
  world.host.run();
  CHECK(has(only(world.host.sent(phone)), "<body>one</body>"));
  CHECK(world.host.sent(silent).empty());
  CHECK(world.mailbox("bob") == 1);
}

TEST_CASE("routing: a session that may be resumed is still there, but nobody waits for it alone") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.resumable("bob", "desk", 5);
  world.host.disconnect(world.host.stream_of(desk));
  world.say(alice, "<message to='bob@localhost' type='chat'><body>one</body></message>");
  CHECK(world.host.state().sessions.at(desk).unacknowledged.size() == 1);
  const hl_session phone = world.online("bob", "phone", 1);
  world.say(alice, "<message to='bob@localhost' type='chat'><body>two</body></message>");
  CHECK(has(only(world.host.sent(phone)), "two"));
  CHECK(world.host.state().sessions.at(desk).unacknowledged.size() == 2);
  CHECK(world.mailbox("bob") == 2);
}

TEST_CASE("routing: a full mailbox refuses, says so, and gives nothing out") {
  World world;
  world.host.numbers["fake.mailbox_entries_max"] = 1;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice, "<message to='bob@localhost' id='1'><body>one</body></message>");
  world.say(alice, "<message to='bob@localhost' id='2'><body>two</body></message>");
  CHECK(world.host.sent(bob).size() == 1);
  const std::string error = only(world.host.sent(alice));
  CHECK(is_error(error, "wait", "resource-constraint"));
  CHECK(has(error, " id='2'"));
}

TEST_CASE("routing: a host that takes no more posts refuses with resource-constraint, and makes no carbons") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session desk = world.online_with_carbons("alice", "desk");
  world.host.numbers["fake.posts_max"] = 0;
  world.say(alice, "<message to='bob@localhost' type='chat'><body>one</body></message>");
  CHECK(is_error(only(world.host.sent(alice)), "wait", "resource-constraint"));
  CHECK(world.host.sent(desk).empty());
}

TEST_CASE("routing: XEP-0184, a receipt from a client without stream management accepts the message") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  for (const char* id : {"m1", "m2"})
    world.say(alice, with_value("<message to='bob@localhost' type='chat' id='", id) +
                         "'><body>hi</body><request xmlns='urn:xmpp:receipts'/></message>");
  CHECK(world.mailbox("bob") == 2);
  world.say(
      bob,
      "<message to='alice@localhost/phone' id='r'><received xmlns='urn:xmpp:receipts' id='m1'/></message>");
  CHECK(world.mailbox("bob") == 1);
  CHECK(has(only(world.host.sent(alice)), "<received xmlns='urn:xmpp:receipts' id='m1'/>"));
  // The same id from somebody else is another message.
  world.add_account("carol@localhost");
  world.say(bob, "<message to='carol@localhost'><received xmlns='urn:xmpp:receipts' id='m2'/></message>");
  CHECK(world.mailbox("bob") == 1);
}

TEST_CASE("routing: XEP-0184, with stream management only the acknowledgement accepts") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.resumable("bob", "desk");
  world.say(
      alice,
      "<message to='bob@localhost' id='m1'><body>hi</body><request xmlns='urn:xmpp:receipts'/></message>");
  world.say(bob,
            "<message to='alice@localhost/phone'><received xmlns='urn:xmpp:receipts' id='m1'/></message>");
  CHECK(world.mailbox("bob") == 1);
  world.host.accept_all(bob);
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: receipt tags tell id from sender") {
  using hotline::routing::receipt_tag;
  CHECK(receipt_tag("ab", "c") != receipt_tag("a", "bc"));
  CHECK(receipt_tag("a", "b") == receipt_tag("a", "b"));
}

TEST_CASE("routing: a message that nobody took in time comes back to its sender as an error") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' type='chat' id='m1'><body>one</body></message>");
  world.host.wall_ms += 30ull * 24 * 60 * 60 * 1000;
  world.host.expire("bob@localhost");
  CHECK(world.mailbox("bob") == 0);
  const std::string error = only(world.host.sent(alice));
  CHECK(is_error(error, "wait", "recipient-unavailable"));
  CHECK(has(error, " id='m1'"));
  CHECK(has(error, "nobody took this message in 30 days"));
  CHECK(world.mailbox("alice") == 1);  // Until her client has accepted it.
}

TEST_CASE("routing: the error waits for a sender who is away, and is not answered itself") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' id='m1'><body>one</body></message>");
  world.host.end(alice);
  world.host.expire("bob@localhost");
  CHECK(world.mailbox("alice") == 1);
  const hl_session again = world.online("alice", "desk");
  world.host.drain(again);
  CHECK(is_error(only(world.host.sent(again)), "wait", "recipient-unavailable"));
  world.host.end(again);
  world.host.expire("alice@localhost");
  CHECK(world.mailbox("alice") == 0);
  CHECK(world.mailbox("bob") == 0);
}

TEST_CASE("routing: a sender whose home takes no more posts is told later") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@localhost' id='m1'><body>one</body></message>");
  world.host.numbers["fake.posts_max"] = 0;
  world.host.expire("bob@localhost");
  CHECK(world.mailbox("bob") == 1);
  world.host.numbers.erase("fake.posts_max");
  world.host.expire("bob@localhost");
  CHECK(world.mailbox("bob") == 0);
  CHECK(world.host.sent(alice).size() == 1);
}

TEST_CASE("routing: an instance destroyed between any two events is not missed") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  CHECK(world.host.stanza(alice, "<message to='bob@localhost' type='chat'><body>one</body></message>") ==
        HL_OK);
  world.host.renew();
  world.host.run();
  CHECK(world.mailbox("bob") == 1);
  world.host.renew();
  const hl_session bob = world.online("bob", "desk");
  world.host.drain(bob);
  CHECK(world.host.sent(bob).size() == 1);
}

TEST_CASE("routing: push_notify hears of what waits for an account with devices, once until it has looked") {
  using hotline::test::woken;
  World world;
  world.host.load(hotline::test::push_listener);
  const hl_session alice = world.online("alice", "phone");
  const std::string body = "<message to='bob@localhost' type='chat'><body>hi</body></message>";
  world.say(alice, body);
  CHECK(woken.empty());
  world.host.state().tables["push_devices"]["bob@localhost"]["push.localhost\ntoken"] = "row";
  world.say(alice, "<message to='bob@localhost'><received xmlns='urn:xmpp:receipts' id='m1'/></message>");
  world.say(
      alice,
      "<message to='bob@localhost'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
  CHECK(woken.empty());
  world.say(alice, body);
  CHECK(woken == std::vector<std::string>{"bob@localhost"});
  world.host.state().tables["push_watch"]["bob@localhost"]["watch"] = "w";
  world.say(alice, body);
  CHECK(woken.size() == 1);
  world.host.state().tables["push_watch"]["bob@localhost"]["watch"] = "t 1 1 1";
  world.say(alice, "<message to='bob@localhost'><encrypted xmlns='urn:xmpp:omemo:2'/></message>");
  CHECK(woken.size() == 2);
}
