// XEP-0191: reading and changing a blocklist. What it does to stanzas is in the tests of routing and
// presence.
#include "unit/modules/privacy_world.h"

using namespace hotline::privacy_test;
namespace sdk = hotline::sdk;
namespace session_fields = hotline::session_fields;

namespace {

constexpr std::string_view get_list = "<iq type='get' id='1'><blocklist xmlns='urn:xmpp:blocking'/></iq>";

}  // namespace

TEST_CASE("privacy: XEP-0191 3.2, a list that is empty is answered empty, one that is not with its items") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(has(world.ask(alice, get_list), "<blocklist xmlns='urn:xmpp:blocking'></blocklist>"));
  world.blocked("alice")["bob@localhost"] = "";
  world.blocked("alice")["spam.example"] = "";
  world.host.renew();
  const std::string list = world.ask(alice, get_list);
  CHECK(has(list, "<item jid='bob@localhost'/><item jid='spam.example'/></blocklist>"));
  CHECK(has(list, "type='result'"));
}

TEST_CASE("privacy: XEP-0191 3.3, blocking is answered, and pushed to who asked for the list alone") {
  World world;
  const hl_session phone = world.online("alice", "phone");
  const hl_session desk = world.online("alice", "desk");
  world.ask(desk, get_list);
  CHECK(has(world.block(phone, "<item jid='Bob@localhost'/>"), "type='result'"));
  const std::vector<std::string> pushed = world.host.sent(desk);
  REQUIRE(pushed.size() == 1);
  CHECK(has(pushed[0], "to='alice@localhost/desk'"));
  CHECK(has(pushed[0], "<block xmlns='urn:xmpp:blocking'><item jid='bob@localhost'/></block>"));
  CHECK(world.blocked("alice").contains("bob@localhost"));
}

TEST_CASE("privacy: XEP-0191 2, all four forms of an address are taken, prepared") {
  World world;
  const hl_session alice = world.online("alice");
  world.block(alice,
              "<item jid='bob@localhost/phone'/><item jid='BOB@localhost'/><item jid='x.example/r'/>"
              "<item jid='x.example'/>");
  CHECK(world.blocked("alice").size() == 4);
  CHECK(world.blocked("alice").contains("bob@localhost"));
  CHECK(world.blocked("alice").contains("x.example/r"));
}

TEST_CASE("privacy: XEP-0191 3.4 and 3.5, unblocking one, and all") {
  World world;
  const hl_session alice = world.online("alice");
  world.block(alice, "<item jid='bob@localhost'/><item jid='carol@localhost'/><item jid='d@localhost'/>");
  world.ask(alice, get_list);
  world.say(
      alice,
      "<iq type='set' id='2'><unblock xmlns='urn:xmpp:blocking'><item jid='bob@localhost'/></unblock></iq>");
  CHECK(world.blocked("alice").size() == 2);
  world.host.sent(alice);
  world.say(alice, "<iq type='set' id='3'><unblock xmlns='urn:xmpp:blocking'/></iq>");
  CHECK(world.host.state().tables["blocked"].count("alice@localhost") == 0);
  const std::vector<std::string> sent = world.host.sent(alice);
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0], "<unblock xmlns='urn:xmpp:blocking'></unblock>"));
  CHECK(has(sent[1], "type='result'"));
}

TEST_CASE("privacy: presence is told of lines that are new or gone, and of no others") {
  World world;
  const hl_session alice = world.online("alice");
  world.blocked("alice")["bob@localhost"] = "";
  CHECK(world.host.stanza(alice,
                          "<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='bob@localhost'/>"
                          "<item jid='carol@localhost'/></block></iq>") == HL_OK);
  REQUIRE(world.host.state().posts.size() == 1);
  CHECK(world.host.state().posts[0].module == "presence");
  CHECK(world.host.state().posts[0].topic == 6);
  CHECK(world.host.state().posts[0].bytes == "carol@localhost");
}

TEST_CASE("privacy: a blocklist that is wrong changes nothing") {
  struct Wrong {
    const char* items;
    const char* type;
    const char* condition;
  };
  constexpr Wrong wrong[] = {
      {"", "modify", "bad-request"},
      {"<item/>", "modify", "bad-request"},
      {"<item jid=''/>", "modify", "bad-request"},
      {"<item jid='bob@localhost'/><item jid='@localhost'/>", "modify", "jid-malformed"},
      {"<item jid='bob@localhost'/><item jid='alice@localhost'/>", "cancel", "not-allowed"},
      {"<item jid='alice@localhost/desk'/>", "cancel", "not-allowed"},
  };
  for (const Wrong& each : wrong) {
    CAPTURE(each.items);
    World world;
    const hl_session alice = world.online("alice");
    CHECK(is_error(world.block(alice, each.items), each.type, each.condition));
    CHECK(world.blocked("alice").empty());
  }
}

TEST_CASE("privacy: a blocklist is bounded, and the error says by what") {
  World world;
  world.host.numbers["blocked_max"] = 2;
  world.host.renew();
  const hl_session alice = world.online("alice");
  world.block(alice, "<item jid='a@localhost'/><item jid='b@localhost'/>");
  const std::string refused = world.block(alice, "<item jid='c@localhost'/>");
  CHECK(is_error(refused, "wait", "resource-constraint"));
  CHECK(has(refused, "2 lines at most"));
  CHECK(world.blocked("alice").size() == 2);
  CHECK(has(world.block(alice, "<item jid='a@localhost'/>"), "type='result'"));  // It is there already.
}

TEST_CASE("privacy: where presence takes no posts, nothing is blocked half") {
  World world;
  world.host.numbers["fake.posts_max"] = 0;
  const hl_session alice = world.online("alice");
  CHECK(is_error(world.block(alice, "<item jid='bob@localhost'/>"), "wait", "resource-constraint"));
  CHECK(world.blocked("alice").empty());
}

TEST_CASE("privacy: an account that is removed leaves nothing") {
  World world;
  const hl_session alice = world.online("alice");
  world.block(alice, "<item jid='bob@localhost'/>");
  world.ask(alice,
            "<iq type='set' id='1'><settings xmlns='urn:hotline:privacy:0'><read-receipts>off</read-receipts>"
            "</settings></iq>");
  world.ask(alice,
            "<iq type='get' id='2'><contacts xmlns='urn:hotline:contacts:0'><contact>bob</contact>"
            "</contacts></iq>");
  world.host.end(world.online("alice", "tablet"));
  world.host.state().tables["accounts"].erase("alice@localhost");
  CHECK(world.host.post("privacy", "alice@localhost", 1, "") == HL_OK);
  world.host.end(alice);
  for (const char* table : {"blocked", "privacy_settings", "last_seen", "contact_lookups"}) {
    CAPTURE(table);
    CHECK(world.host.state().tables[table].count("alice@localhost") == 0);
  }
}
