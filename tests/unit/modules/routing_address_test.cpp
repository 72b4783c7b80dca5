// Addresses: one account, one home, however it is spelled; and what no address can be.
#include "routing/destination.h"
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;

TEST_CASE(
    "routing: another spelling of an address reaches the same account, and is written as it should be") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "Desk");
  world.say(alice,
            "<message id='a' to='BoB@LOCALhost/Desk' xml:lang='de' type='chat'><body>hi</body><x "
            "xmlns='urn:y'/></message>");
  CHECK(only(world.host.sent(bob)) ==
        "<message id='a' xml:lang='de' type='chat' from='alice@localhost/phone' to='bob@localhost/Desk'>"
        "<body>hi</body><x xmlns='urn:y'/></message>");
  world.say(alice, "<iq id='q' type='get' to='bob@LOCALHOST/Desk'><query xmlns='urn:x'/></iq>");
  CHECK(has(only(world.host.sent(bob)), " to='bob@localhost/Desk'"));
}

TEST_CASE("routing: quotes and markup in a resource survive being rewritten") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "it's <b>");
  world.say(alice,
            "<message id='a &gt; to=&apos;' to='BOB@localhost/it&apos;s &lt;b&gt;'><body>1 &lt; "
            "2</body></message>");
  const std::string sent = only(world.host.sent(bob));
  CHECK(has(sent, " id='a &gt; to=&apos;'"));
  CHECK(has(sent, " to='bob@localhost/it&apos;s &lt;b&gt;'"));
  CHECK(has(sent, "<body>1 &lt; 2</body>"));
}

TEST_CASE("routing: an address that is none is refused as malformed") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  for (const char* to :
       {"", "@localhost", "bob@", "bob@localhost/", "a@b@localhost", "b ob@localhost", "b\"ob@localhost"}) {
    CAPTURE(to);
    world.say(alice, with_value("<message to='", to) + "' type='chat'><body>hi</body></message>");
    CHECK(is_error(only(world.host.sent(alice)), "modify", "jid-malformed"));
  }
  world.say(alice, "<message to='" + std::string(1024, 'a') + "@localhost'><body>hi</body></message>");
  CHECK(is_error(only(world.host.sent(alice)), "modify", "jid-malformed"));
  world.say(alice, "<message to='bob@' type='error'><body>hi</body></message>");
  CHECK(world.host.sent(alice).empty());
}

TEST_CASE("routing: other domains are not found, the host itself takes no messages") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  world.say(alice, "<message to='bob@example.org'><body>hi</body></message>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "remote-server-not-found"));
  world.say(alice, "<iq to='bob@example.org' type='get' id='1'><query xmlns='urn:x'/></iq>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "remote-server-not-found"));
  world.say(alice, "<message to='localhost'><body>hi</body></message>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
  world.say(alice, "<iq to='localhost/x' type='get' id='1'><query xmlns='urn:x'/></iq>");
  CHECK(is_error(only(world.host.sent(alice)), "cancel", "service-unavailable"));
}

TEST_CASE("routing: the fast path takes only what preparation leaves alone") {
  using hotline::routing::is_prepared_ascii;
  using hotline::sdk::Jid;
  CHECK(is_prepared_ascii(*Jid::parse("bob.b+1@chat-1.example.org/Home Desk's <1>")));
  CHECK_FALSE(is_prepared_ascii(*Jid::parse("Bob@localhost")));
  CHECK_FALSE(is_prepared_ascii(*Jid::parse("bob@Localhost")));
  CHECK_FALSE(
      is_prepared_ascii(*Jid::parse("b\xc3\xb6"
                                    "b@localhost")));
  CHECK_FALSE(is_prepared_ascii(*Jid::parse("bob@localhost/caf\xc3\xa9")));
  CHECK_FALSE(is_prepared_ascii(*Jid::parse("b'ob@localhost")));
  CHECK_FALSE(is_prepared_ascii(*Jid::parse("bob@localhost/\x7f")));
}

TEST_CASE("routing: what a client says in the host's name is removed, the rest of the message stays") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.say(alice,
            "<message to='bob@localhost' type='chat'><body>hi</body>"
            "<delay xmlns='urn:xmpp:delay' from='LOCALHOST' stamp='2000-01-01T00:00:00Z'/>"
            "<stanza-id xmlns='urn:xmpp:sid:0' by='bob@localhost' id='1'/>"
            "<stanza-id xmlns='urn:xmpp:sid:0' by='room@example.org' id='2'/>"
            "<delay xmlns='urn:xmpp:delay' from='room@example.org' stamp='2000-01-01T00:00:00Z'/></message>");
  const std::string sent = only(world.host.sent(bob));
  CHECK(has(sent, "<body>hi</body>"));
  CHECK_FALSE(has(sent, "LOCALHOST"));
  CHECK_FALSE(has(sent, "by='bob@localhost'"));
  CHECK(has(sent, "by='room@example.org'"));
  CHECK(has(sent, "<delay xmlns='urn:xmpp:delay' from='room@example.org'"));
}

TEST_CASE("routing: a client that makes carbons itself is refused") {
  World world;
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  for (const char* wrapper : {"sent", "received"}) {
    world.say(alice, with_value("<message to='bob@localhost'><", wrapper) +
                         " xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></" + wrapper +
                         "></message>");
    CHECK(is_error(only(world.host.sent(alice)), "auth", "forbidden"));
  }
  CHECK(world.host.sent(bob).empty());
}
