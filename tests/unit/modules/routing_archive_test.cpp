// What routing gives to archive, under which id, and what the recipient's devices read of it (XEP-0359).
#include "archive/moment.h"
#include "unit/modules/archive_listener.h"
#include "unit/modules/routing_world.h"

using namespace hotline::routing_test;
using hotline::test::given_to_keep;
using hotline::test::GivenToKeep;

namespace {

struct ArchivedWorld : World {
  ArchivedWorld() { host.load(hotline::test::archive_listener); }
  void prefer(const std::string& name, const std::string& row) {
    host.state().tables["archive_preferences"][name + "@localhost"]["preferences"] = row;
  }
  std::vector<GivenToKeep> said(hl_session from, std::string_view xml) {
    given_to_keep.clear();
    say(from, xml);
    return given_to_keep;
  }
};

std::string stanza_id(const GivenToKeep& given) {
  return "<stanza-id xmlns='urn:xmpp:sid:0' by='" + given.account + "' id='" + given.id + "'/>";
}

constexpr std::string_view greeting =
    "<message to='bob@localhost' type='chat' id='m1'><body>hi</body></message>";

}  // namespace

TEST_CASE("routing: without archive no message has an id, and none is given away") {
  World world;
  given_to_keep.clear();
  const hl_session alice = world.online("alice", "phone"), bob = world.online("bob", "desk");
  world.say(alice, greeting);
  CHECK_FALSE(has(only(world.host.sent(bob)), "stanza-id"));
  CHECK(given_to_keep.empty());
  CHECK(world.host.state().tables["archived"].empty());
}

TEST_CASE("routing: archive gets a message for each end, and the recipient's copy alone has its id") {
  ArchivedWorld world;
  const hl_session alice = world.online("alice", "phone"), bob = world.online("bob", "desk");
  const auto given = world.said(alice, greeting);
  REQUIRE(given.size() == 2);
  CHECK(given[0].account == "alice@localhost");
  CHECK(given[0].peer == "bob@localhost");
  CHECK(given[1].account == "bob@localhost");
  CHECK(given[1].peer == "alice@localhost/phone");
  CHECK(given[0].message == given[1].message);
  CHECK_FALSE(has(given[0].message, "stanza-id"));
  const std::string heard = only(world.host.sent(bob));
  CHECK(has(heard, stanza_id(given[1])));
  CHECK_FALSE(has(heard, given[0].id));
  CHECK(has(world.host.state().mailboxes["bob@localhost"].begin()->second.xml, stanza_id(given[1])));
}

TEST_CASE("routing: ids grow, also within a millisecond and when the clock goes back") {
  ArchivedWorld world;
  const hl_session alice = world.online("alice", "phone");
  std::string last;
  for (int i = 0; i < 20; ++i) {
    if (i == 10) world.host.wall_ms -= 60'000;
    const auto given = world.said(alice, greeting);
    REQUIRE(given.size() == 2);
    CHECK(given[1].id > last);
    CHECK(given[1].id.size() == hotline::archive::id_size);
    last = given[1].id;
  }
}

TEST_CASE("routing: carbons carry the id of their owner's archive") {
  ArchivedWorld world;
  const hl_session phone = world.online_with_carbons("alice", "phone");
  const hl_session desk = world.online_with_carbons("alice", "desk");
  const auto sent = world.said(phone, greeting);
  CHECK(has(only(world.host.sent(desk)), stanza_id(sent[0])));
  world.host.sent(phone);
  const hl_session bob = world.online("bob", "desk");
  const auto received =
      world.said(bob, "<message to='alice@localhost/phone' type='chat'><body>ho</body></message>");
  CHECK(has(only(world.host.sent(desk)), stanza_id(received[1])));
}

TEST_CASE("routing: a message to oneself is archived once") {
  ArchivedWorld world;
  const hl_session alice = world.online("alice", "phone");
  const auto given = world.said(alice, "<message to='alice@localhost' type='chat'><body>hi</body></message>");
  REQUIRE(given.size() == 1);
  CHECK(given[0].peer == "alice@localhost/phone");
}

TEST_CASE("routing: what is of no use later, is refused, or does not want to be kept, is not archived") {
  ArchivedWorld world;
  const hl_session alice = world.online("alice", "phone");
  world.online("bob", "desk");
  for (const char* children : {"<composing xmlns='http://jabber.org/protocol/chatstates'/>", "",
                               "<body>x</body><no-store xmlns='urn:xmpp:hints'/>",
                               "<body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/>"}) {
    CAPTURE(children);
    CHECK(world.said(alice, std::string("<message to='bob@localhost' type='chat'>") + children + "</message>")
              .empty());
  }
  for (const char* type : {"headline", "groupchat", "error"}) {
    CAPTURE(type);
    CHECK(world
              .said(alice,
                    std::string("<message to='bob@localhost' type='") + type + "'><body>x</body></message>")
              .empty());
  }
  world.host.state().tables["blocked"]["bob@localhost"]["alice@localhost"] = "";
  CHECK(world.said(alice, greeting).size() == 1);  // The sender's own: they have sent it.
  world.host.numbers["fake.mailbox_entries_max"] = 0;
  world.host.state().tables["blocked"].clear();
  CHECK(world.said(alice, greeting).size() == 1);
}

TEST_CASE("routing: each end's preferences say what is archived of it (XEP-0441)") {
  struct Line {
    const char* row;
    bool is_kept;
  };
  ArchivedWorld world;
  const hl_session alice = world.online("alice", "phone"), bob = world.online("bob", "desk");
  for (const Line& line :
       {Line{"always\n", true}, Line{"never\n", false}, Line{"roster\n", false},
        Line{"never\n+alice@localhost\n", true}, Line{"never\n+alice@localhost/phone\n", true},
        Line{"never\n+alice@localhost/desk\n", false}, Line{"always\n-alice@localhost\n", false},
        Line{"always\n+alice@localhost\n-alice@localhost/phone\n", false}, Line{"", false},
        Line{"?\n", false}}) {
    CAPTURE(line.row);
    world.prefer("bob", line.row);
    const auto given = world.said(alice, greeting);
    CHECK(given.size() == (line.is_kept ? 2 : 1));
    CHECK(has(only(world.host.sent(bob)), "stanza-id") == line.is_kept);
  }
  world.prefer("bob", "roster\n");
  auto& roster = world.host.state().tables["roster"]["bob@localhost"];
  roster["alice@localhost"] = "3\x1f\x1f<presence/>";  // A request that waits is no contact.
  CHECK(world.said(alice, greeting).size() == 1);
  roster["alice@localhost"] = "8l\x1f\x1f";
  CHECK(world.said(alice, greeting).size() == 2);
}

TEST_CASE("routing: an id in our name that a client has made is removed before ours is added") {
  ArchivedWorld world;
  const hl_session alice = world.online("alice", "phone"), bob = world.online("bob", "desk");
  const auto given = world.said(alice,
                                "<message to='bob@localhost' type='chat'><body>hi</body><stanza-id "
                                "xmlns='urn:xmpp:sid:0' by='bob@localhost' id='forged'/></message>");
  REQUIRE(given.size() == 2);
  const std::string heard = only(world.host.sent(bob));
  CHECK_FALSE(has(heard, "forged"));
  CHECK(has(heard, stanza_id(given[1])));
  CHECK_FALSE(has(given[1].message, "forged"));
}
