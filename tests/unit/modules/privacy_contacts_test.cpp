// Address books: which numbers are accounts, and how many one may ask about.
#include "unit/modules/privacy_world.h"

using namespace hotline::privacy_test;

namespace {

std::string ask_about(const std::vector<std::string>& contacts) {
  std::string xml = "<iq type='get' id='1'><contacts xmlns='urn:hotline:contacts:0'>";
  for (const std::string& contact : contacts) xml += "<contact>" + contact + "</contact>";
  return xml + "</contacts></iq>";
}
std::vector<std::string> strangers(int count) {
  std::vector<std::string> contacts;
  for (int i = 0; i < count; ++i) contacts.push_back("+49 30 " + std::to_string(1'000'000 + i));
  return contacts;
}

}  // namespace

TEST_CASE("privacy: of an address book those come back that are registered, as they were asked about") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(
      world.ask(alice, ask_about({"+49 (170) 123-4567", "+1 555 0100", "Bob", "no such", "12", "+49", ""})) ==
      "<iq from='alice@localhost' to='alice@localhost/phone' id='1' type='result'>"
      "<contacts xmlns='urn:hotline:contacts:0'>"
      "<contact jid='491701234567@localhost'>+49 (170) 123-4567</contact>"
      "<contact jid='bob@localhost'>Bob</contact></contacts></iq>");
}

TEST_CASE("privacy: nothing of an address book is kept but how much may still be asked") {
  World world;
  const hl_session alice = world.online("alice");
  world.ask(alice, ask_about({"+49 170 1234567", "+1 555 0100"}));
  const auto& rows = world.host.state().tables["contact_lookups"]["alice@localhost"];
  REQUIRE(rows.size() == 1);
  CHECK(rows.contains("allowance"));
  CHECK(world.host.state().timers["privacy"].empty());
  for (const auto& [table, accounts] : world.host.state().tables)
    for (const auto& [account, of_account] : accounts)
      for (const auto& [key, value] : of_account) CHECK_FALSE(has(key + value, "5550100"));
}

TEST_CASE("privacy: who blocks the asker is not found") {
  World world;
  world.blocked("bob")["alice@localhost"] = "";
  CHECK_FALSE(has(world.ask(world.online("alice"), ask_about({"bob"})), "bob"));
}

TEST_CASE("privacy: one request has a bound, and a day has one that refills") {
  World world;
  world.host.numbers["contacts_per_request"] = 20;
  world.host.numbers["contacts_per_day"] = 48;
  const hl_session alice = world.online("alice");
  const std::string many = world.ask(alice, ask_about(strangers(21)));
  CHECK(is_error(many, "modify", "policy-violation"));
  CHECK(has(many, "at most 20 contacts in one request"));
  CHECK(has(world.ask(alice, ask_about(strangers(20))), "type='result'"));
  CHECK(has(world.ask(alice, ask_about(strangers(20))), "type='result'"));
  world.host.renew();  // A push forgets nothing of it.
  const std::string refused = world.ask(alice, ask_about(strangers(10)));
  CHECK(is_error(refused, "wait", "policy-violation"));
  CHECK(has(refused, "8 of 48 a day are left"));
  CHECK(has(refused, "<retry xmlns='urn:hotline:contacts:0' after='3601'></retry>"));
  CHECK(has(world.ask(alice, ask_about(strangers(8))), "type='result'"));
  world.host.advance(3'601'000);
  CHECK(has(world.ask(alice, ask_about(strangers(2))), "type='result'"));
  CHECK(is_error(world.ask(alice, ask_about(strangers(1))), "wait", "policy-violation"));
  CHECK(
      has(world.ask(world.online("bob"), ask_about(strangers(8))), "type='result'"));  // Each has their own.
}

TEST_CASE("privacy: what is no number costs what a number costs, and what is named twice costs twice") {
  World world;
  world.host.numbers["contacts_per_day"] = 4;
  const hl_session alice = world.online("alice");
  CHECK(has(world.ask(alice, ask_about({"", "@@@", "bob", "BOB"})),
            "<contact jid='bob@localhost'>bob</contact></"));
  CHECK(is_error(world.ask(alice, ask_about({"bob"})), "wait", "policy-violation"));
}

TEST_CASE("privacy: one address book at a time, and a home that does not answer ends it") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(world.host.stanza(alice, ask_about({"bob"})) == HL_OK);
  CHECK(world.host.stanza(alice, ask_about({"bob"})) == HL_OK);
  const std::vector<std::string> sent = world.host.sent(alice);
  REQUIRE(sent.size() == 1);
  CHECK(is_error(sent[0], "wait", "resource-constraint"));
  world.host.state().posts.clear();  // Lost on its way.
  world.host.advance(10'000);
  const std::vector<std::string> late = world.host.sent(alice);
  REQUIRE(late.size() == 1);
  CHECK(is_error(late[0], "wait", "remote-server-timeout"));
  CHECK(has(world.ask(alice, ask_about({"bob"})), "jid='bob@localhost'"));
}

TEST_CASE("privacy: an answer to an earlier request is not taken for one to this") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(world.host.stanza(alice, ask_about({"bob"})) == HL_OK);
  CHECK(world.host.post("privacy", "alice@localhost", 5, "00ff\nyes\nmallory\nmallory") == HL_OK);
  world.host.run();
  const std::vector<std::string> sent = world.host.sent(alice);
  REQUIRE(sent.size() == 1);
  CHECK_FALSE(has(sent[0], "mallory"));
}

TEST_CASE(
    "privacy: where a home takes no posts the asker is told, and the next attempt finds nothing in the way") {
  World world;
  world.host.numbers["fake.posts_max"] = 0;
  const hl_session alice = world.online("alice");
  CHECK(is_error(world.ask(alice, ask_about({"bob"})), "wait", "resource-constraint"));
  world.host.numbers.erase("fake.posts_max");
  CHECK(has(world.ask(alice, ask_about({"bob"})), "jid='bob@localhost'"));
}
