// What is kept for a client (XEP-0049), and what a user says of themselves (XEP-0054).
#include "unit/modules/profile_world.h"

using namespace hotline::profile_test;

namespace {

std::string of_private(std::string_view children) {
  return std::string("<query xmlns='jabber:iq:private'>").append(children) + "</query>";
}
constexpr std::string_view card = "<vCard xmlns='vcard-temp'><FN>Alice</FN></vCard>";

}  // namespace

TEST_CASE("profile: XEP-0049, what was stored comes back, and what was not comes back empty") {
  World world;
  const hl_session alice = world.connect("alice");
  constexpr std::string_view bookmarks =
      "<storage xmlns='storage:bookmarks'><conference jid='room@conference.localhost' name='R &amp; "
      "B'/></storage>";
  CHECK(has(world.iq(alice, "get", of_private("<storage xmlns='storage:bookmarks'/>")),
            "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'/></query>"));
  CHECK(has(world.iq(alice, "set", of_private(bookmarks)), "type='result'"));
  world.host.renew();
  CHECK(
      has(world.iq(world.connect("alice", "desk"), "get", of_private("<storage xmlns='storage:bookmarks'/>")),
          bookmarks));
  CHECK(has(world.iq(world.connect("bob"), "get", of_private("<storage xmlns='storage:bookmarks'/>")),
            "<storage xmlns='storage:bookmarks'/>"));
}

TEST_CASE("profile: XEP-0049, what is wrong or does not fit is refused whole") {
  World world;
  const hl_session alice = world.connect("alice");
  CHECK(is_error(world.iq(alice, "get", of_private("")), "modify", "not-acceptable"));
  CHECK(is_error(world.iq(alice, "get", of_private("<a xmlns='x'/><b xmlns='x'/>")), "modify",
                 "not-acceptable"));
  CHECK(is_error(world.iq(alice, "set", of_private("")), "modify", "bad-request"));
  CHECK(is_error(world.iq(alice, "set", of_private("<a xmlns='x'/><b/>")), "modify", "not-acceptable"));
  CHECK(is_error(
      world.iq(alice, "set", of_private("<a xmlns='x'/><b xmlns='x'>" + std::string(66'000, 'x') + "</b>")),
      "modify", "not-acceptable"));
  CHECK(world.host.state().tables["private_xml"].empty());
  std::string many;
  for (int i = 0; i < 101; ++i) many += "<a" + std::to_string(i) + " xmlns='x'/>";
  CHECK(is_error(world.iq(alice, "set", of_private(many)), "wait", "resource-constraint"));
  CHECK(world.host.state().tables["private_xml"].empty());
}

TEST_CASE("profile: XEP-0054, a vCard is kept as it comes, for everybody to see") {
  World world;
  const hl_session alice = world.connect("alice");
  CHECK(has(world.iq(alice, "get", "<vCard xmlns='vcard-temp'/>"), "<vCard xmlns='vcard-temp'/>"));
  CHECK(has(world.iq(alice, "set", card), "type='result'"));
  world.host.renew();
  CHECK(has(world.iq(alice, "get", "<vCard xmlns='vcard-temp'/>", "alice"), card));
  CHECK(world.iq(world.connect("bob"), "get", "<vCard xmlns='vcard-temp'/>", "alice") ==
        "<iq from='alice@localhost' to='bob@localhost/phone' id='1' type='result'>" + std::string(card) +
            "</iq>");
}

TEST_CASE("profile: XEP-0054, one cannot change another's vCard, nor learn from trying") {
  World world;
  const hl_session bob = world.connect("bob");
  const std::string there = world.iq(bob, "set", card, "alice");
  CHECK(is_error(there, "auth", "forbidden"));
  CHECK(without(there, "alice") == without(world.iq(bob, "set", card, "mallory"), "mallory"));
  CHECK(world.host.state().tables["vcards"].empty());
}

TEST_CASE("profile: who has no vCard, who blocks and who is not there look alike to strangers") {
  World world;
  const hl_session bob = world.connect("bob");
  const auto asked = [&](const char* name) {
    return without(world.iq(bob, "get", "<vCard xmlns='vcard-temp'/>", name), name);
  };
  const std::string not_there = asked("mallory");
  CHECK(is_error(not_there, "cancel", "service-unavailable"));
  CHECK(asked("alice") == not_there);
  world.iq(world.connect("carol"), "set", card);
  world.block("carol", "bob");
  CHECK(asked("carol") == not_there);
  world.show("alice", "bob");
  CHECK(is_error(asked("alice"), "cancel", "item-not-found"));
  world.block("bob", "alice");
  CHECK(is_error(asked("alice"), "cancel", "not-acceptable"));
}

TEST_CASE("profile: a vCard is bounded, and an empty one removes it") {
  World world;
  const hl_session alice = world.connect("alice");
  world.iq(alice, "set", card);
  CHECK(is_error(
      world.iq(alice, "set", "<vCard xmlns='vcard-temp'><FN>" + std::string(140'000, 'x') + "</FN></vCard>"),
      "modify", "not-acceptable"));
  CHECK(has(world.iq(alice, "get", "<vCard xmlns='vcard-temp'/>"), card));
  world.iq(alice, "set", "<vCard xmlns='vcard-temp'/>");
  CHECK(world.host.state().tables["vcards"].empty());
}

TEST_CASE("profile: an account that is removed leaves nothing") {
  World world;
  const hl_session alice = world.connect("alice");
  world.want(world.connect("alice", "desk"), "n+notify\n");
  world.iq(alice, "set", card);
  world.iq(alice, "set", of_private("<a xmlns='x'/>"));
  world.publish(alice, "n", "i", "<x xmlns='y'/>");
  CHECK(world.host.post("profile", "alice@localhost", 1, "") == HL_OK);
  for (const char* table : {"vcards", "private_xml", "pep_nodes", "pep_items", "pep_interest"}) {
    CAPTURE(table);
    CHECK(world.host.state().tables[table].count("alice@localhost") == 0);
  }
}
