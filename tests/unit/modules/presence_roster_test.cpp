// Rosters: RFC 6121 2.
#include "unit/modules/presence_world.h"

using namespace hotline::presence_test;

namespace {

std::string set(const std::string& item) {
  return "<iq type='set' id='s'><query xmlns='jabber:iq:roster'>" + item + "</query></iq>";
}
constexpr std::string_view get = "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>";

std::string version_in(const std::string& xml) {
  const std::size_t at = xml.find("ver='") + 5;
  return xml.substr(at, xml.find('\'', at) - at);
}

}  // namespace

TEST_CASE("presence: a row is read back as it was written, and anything else is none") {
  RosterItem item;
  item.state = State::from_out;
  item.is_listed = true;
  item.is_approved = true;
  item.name =
      "B\xc3\xb6"
      "b <b>";
  item.request = "<presence/>";
  item.groups = {"a", "b c"};
  const std::string row = item.encode();
  const auto read = RosterItem::decode(row);
  REQUIRE(read);
  CHECK(read->state == item.state);
  CHECK(read->is_listed);
  CHECK(read->is_approved);
  CHECK(read->name == item.name);
  CHECK(read->request == item.request);
  CHECK(read->groups == item.groups);
  CHECK_FALSE(RosterItem::decode(""));
  CHECK_FALSE(RosterItem::decode("9l\x1f\x1f"));
  CHECK_FALSE(RosterItem::decode("0l"));
  CHECK_FALSE(RosterItem::decode("0l\x1fname"));
}

TEST_CASE("presence: 2.1.3, who asks gets the roster and from then on its changes") {
  World world;
  world.relate("alice", "bob", State::to);
  const hl_session alice = world.host.login("alice@localhost", "phone");
  world.say(alice, get);
  const std::string roster = only(world.host.sent(alice));
  CHECK(has(roster, "type='result'"));
  CHECK(has(roster, "<item jid='bob@localhost' subscription='to'/>"));
  CHECK(world.host.field(alice, hotline::session_fields::roster) == 1);
}

TEST_CASE("presence: a roster has a bound in bytes, of which strangers' requests get half") {
  World world;
  world.host.numbers["roster_bytes_max"] = 20'000;
  world.host.renew();
  const hl_session alice = world.connect("alice", "phone");
  std::string groups;
  for (int i = 0; i < 9; ++i) groups += "<group>" + std::to_string(i) + std::string(999, '\'') + "</group>";
  const auto add = [&](const std::string& contact) {
    world.say(alice, set("<item jid='" + contact + "@localhost'>" + groups + "</item>"));
    std::string all;
    for (const std::string& sent : world.host.sent(alice)) all += sent;
    return !has(all, "<resource-constraint");
  };
  CHECK(add("bob"));
  CHECK(add("carol"));
  CHECK_FALSE(add("dave"));
  CHECK(add("bob"));  // As large as before.
  CHECK(world.rows("alice").size() == 3);
  world.say(alice, set("<item jid='carol@localhost' subscription='remove'/>"));
  world.forget_sent();
  // One who asks would make it 12 of 20 KB.
  world.add_account("erna");
  const hl_session erna = world.online("erna", "desk");
  world.say(erna, "<presence to='alice@localhost' type='subscribe'><status>" + std::string(3000, 'x') +
                      "</status></presence>");
  CHECK(count(world.host.sent(erna), {"type='unsubscribed'"}) == 1);
  CHECK(add("dave"));
}

TEST_CASE("presence: 2.3, a contact is added, pushed to every session that asked, and answered") {
  World world;
  const hl_session phone = world.connect("alice", "phone");
  const hl_session desk = world.connect("alice", "desk");
  const hl_session deaf = world.host.login("alice@localhost", "deaf");
  world.say(
      phone,
      set("<item jid='BOB@localhost' name='Bob &amp; Co'><group>Work</group><group>Pub</group></item>"));
  const Lines sent = world.host.sent(phone);
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0],
            "<item jid='bob@localhost' name='Bob &amp; Co' "
            "subscription='none'><group>Work</group><group>Pub</group></item>"));
  CHECK(has(sent[0], " to='alice@localhost/phone'"));
  CHECK(sent[1] == "<iq to='alice@localhost/phone' id='s' type='result'></iq>");
  CHECK(has(only(world.host.sent(desk)), " to='alice@localhost/desk'"));
  CHECK(world.host.sent(deaf).empty());
}

TEST_CASE("presence: 2.4, changing a contact keeps its subscription, whatever the client says of it") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  world.relate("alice", "bob", State::both);
  world.say(alice, set("<item jid='bob@localhost' name='Bobby' subscription='none'/>"));
  CHECK(world.item("alice", "bob").state == State::both);
  CHECK(world.item("alice", "bob").name == "Bobby");
}

TEST_CASE("presence: 2.5, removing a contact ends what there was between the two") {
  World world;
  world.befriend("alice", "bob");
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.forget_sent();
  world.say(alice, set("<item jid='bob@localhost' subscription='remove'/>"));
  CHECK_FALSE(world.has_row("alice", "bob"));
  CHECK(world.item("bob", "alice").state == State::none);
  CHECK(world.item("bob", "alice").is_listed);
  const Lines told = world.host.sent(bob);
  CHECK(count(told, {"type='unsubscribe'", "from='alice@localhost'"}) == 1);
  CHECK(count(told, {"type='unsubscribed'", "from='alice@localhost'"}) == 1);
  CHECK(count(told, {"type='unavailable'", "from='alice@localhost/phone'"}) == 1);
  CHECK(count(world.host.sent(alice), {"<item jid='bob@localhost' subscription='remove'/>"}) == 1);
}

TEST_CASE("presence: 2.3.3 and 2.5.3, what a roster set may not be") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  const auto refused = [&](const std::string& items, std::string_view type, std::string_view condition) {
    CAPTURE(items.substr(0, 200));
    world.say(alice, set(items));
    CHECK(is_error(only(world.host.sent(alice)), type, condition));
  };
  refused("", "modify", "bad-request");
  refused("<item jid='bob@localhost'/><item jid='carol@localhost'/>", "modify", "bad-request");
  refused("<item name='x'/>", "modify", "bad-request");
  refused("<thing xmlns='urn:x'/>", "modify", "bad-request");
  refused("<item jid='@localhost'/>", "modify", "jid-malformed");
  refused("<item jid='bob@localhost/desk'/>", "modify", "bad-request");
  refused("<item jid='ALICE@localhost'/>", "cancel", "not-allowed");
  refused("<item jid='bob@localhost' subscription='remove'/>", "cancel", "item-not-found");
  refused("<item jid='bob@localhost'><group/></item>", "modify", "not-acceptable");
  refused("<item jid='bob@localhost'><group>a</group><group>a</group></item>", "modify", "bad-request");
  refused("<item jid='bob@localhost' name='" + std::string(1024, 'x') + "'/>", "modify", "not-acceptable");
  refused("<item jid='bob@localhost'><group>" + std::string(1024, 'x') + "</group></item>", "modify",
          "not-acceptable");
  CHECK(world.rows("alice").empty());
}

TEST_CASE("presence: a roster has a bound, and says so") {
  World world;
  FakeHost& host = world.host;
  host.numbers["roster_items_max"] = 2;
  host.renew();
  const hl_session alice = world.connect("alice", "phone");
  for (const char* name : {"bob", "carol", "dave"})
    world.say(alice, set(std::string("<item jid='").append(name).append("@localhost'/>")));
  const Lines sent = host.sent(alice);
  CHECK(count(sent, {"type='result'"}) == 2);
  CHECK(is_error(sent.back(), "wait", "resource-constraint"));
  world.say(alice, set("<item jid='bob@localhost' name='still changeable'/>"));
  CHECK(count(host.sent(alice), {"type='result'"}) == 1);
}

TEST_CASE(
    "presence: 2.6, a version that is known brings nothing, another the whole roster, and none repeats") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  world.say(alice, set("<item jid='bob@localhost'/>"));
  const std::string first = version_in(world.host.sent(alice).front());
  const auto ask = [&](const std::string& version) {
    world.say(alice, "<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='" + version + "'/></iq>");
    return only(world.host.sent(alice));
  };
  CHECK(ask(first) == "<iq to='alice@localhost/phone' id='g' type='result'></iq>");
  CHECK(has(ask(""), "<item jid='bob@localhost'"));
  world.say(alice, set("<item jid='carol@localhost'/>"));
  const std::string second = version_in(world.host.sent(alice).front());
  CHECK(second != first);
  const std::string changed = ask(first);
  CHECK(version_in(changed) == second);
  CHECK(has(changed, "carol@localhost"));

  // An account that is made anew.
  world.host.advance(1000);
  world.host.post("presence", "alice@localhost", 1, "");
  world.host.run();
  world.say(alice, set("<item jid='bob@localhost'/>"));
  const std::string anew = version_in(world.host.sent(alice).front());
  CHECK(anew != first);
  CHECK(anew != second);
}

TEST_CASE("presence: an account that is removed leaves nobody waiting for it") {
  World world;
  world.befriend("alice", "bob");
  world.relate("alice", "carol", State::none_out);
  world.relate("carol", "alice", State::none_in, false);
  const hl_session alice = world.online("alice", "phone");
  const hl_session bob = world.online("bob", "desk");
  world.forget_sent();
  CHECK(world.host.post("presence", "alice@localhost", 1, "") == HL_OK);
  world.host.end(alice);
  world.host.run();
  CHECK(world.rows("alice").empty());
  CHECK(world.item("bob", "alice").state == State::none);
  CHECK_FALSE(world.has_row("carol", "alice"));
  const Lines told = world.host.sent(bob);
  CHECK(count(told, {"type='unsubscribe'"}) == 1);
  CHECK(count(told, {"type='unsubscribed'"}) == 1);
  CHECK(count(told, {"type='unavailable'", "from='alice@localhost/phone'"}) == 1);
  CHECK(world.host.state().tables["presence"]["alice@localhost"].empty());
}

TEST_CASE("presence: an iq of the roster's namespace that is no query is left to the host") {
  World world;
  const hl_session alice = world.connect("alice", "phone");
  CHECK(world.host.stanza(alice, "<iq type='get' id='1'><x xmlns='jabber:iq:roster'/></iq>") == HL_E_NONE);
  CHECK(world.host.stanza(alice, "<iq type='result' id='1'><query xmlns='jabber:iq:roster'/></iq>") ==
        HL_E_NONE);
}
