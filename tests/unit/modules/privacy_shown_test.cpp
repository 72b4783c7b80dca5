// What an account shows of itself: its settings, and when it was last there (XEP-0012).
#include "unit/modules/privacy_world.h"

using namespace hotline::privacy_test;

namespace {

constexpr std::string_view get_settings =
    "<iq type='get' id='1'><settings xmlns='urn:hotline:privacy:0'/></iq>";

std::string set(std::string_view settings) {
  return std::string("<iq type='set' id='1'><settings xmlns='urn:hotline:privacy:0'>").append(settings) +
         "</settings></iq>";
}
std::string last_of(std::string_view name) {
  return std::string("<iq type='get' id='7' to='").append(name) +
         "@localhost'><query xmlns='jabber:iq:last'/></iq>";
}

// Alice was there until ten minutes ago.
struct Gone : World {
  Gone() {
    host.end(online("alice"));
    host.advance(600'000);
  }
};

}  // namespace

TEST_CASE("privacy: settings have defaults, are changed one by one, and stay") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(has(world.ask(alice, get_settings),
            "<last-seen>contacts</last-seen><read-receipts>on</read-receipts></settings>"));
  CHECK(world.host.state().tables["privacy_settings"].empty());
  CHECK(has(world.ask(alice, set("<read-receipts>off</read-receipts>")),
            "<last-seen>contacts</last-seen><read-receipts>off</read-receipts>"));
  world.host.renew();
  CHECK(has(world.ask(alice, set("<last-seen>nobody</last-seen>")),
            "<last-seen>nobody</last-seen><read-receipts>off</read-receipts>"));
  CHECK(has(world.ask(alice, set("<last-seen>everyone</last-seen><read-receipts>on</read-receipts>")),
            "<last-seen>everyone</last-seen><read-receipts>on</read-receipts>"));
}

TEST_CASE(
    "privacy: a setting or a word that is not known is refused with those that are, and nothing changes") {
  for (const char* wrong : {"<last-seen>friends</last-seen>", "<read-receipts/>", "<colour>red</colour>",
                            "<last-seen xmlns='urn:other'>nobody</last-seen>"}) {
    CAPTURE(wrong);
    World world;
    const hl_session alice = world.online("alice");
    const std::string refused = world.ask(alice, set(std::string("<last-seen>nobody</last-seen>") + wrong));
    CHECK(is_error(refused, "modify", "not-acceptable"));
    CHECK(has(world.ask(alice, get_settings), "<last-seen>contacts</last-seen>"));
  }
}

TEST_CASE("privacy: XEP-0012, a contact who may see the account learns when it was last there") {
  Gone world;
  world.show("alice", "bob");
  const hl_session bob = world.online("bob");
  CHECK(world.ask(bob, last_of("alice")) ==
        "<iq from='alice@localhost' to='bob@localhost/phone' id='7' type='result'><query "
        "xmlns='jabber:iq:last' "
        "seconds='600'></query></iq>");
  world.online("alice");
  CHECK(has(world.ask(bob, last_of("alice")), "seconds='0'"));
}

TEST_CASE("privacy: last seen is for everyone, contacts or nobody, and always for oneself") {
  struct Line {
    const char* word;
    bool for_contact, for_stranger;
  };
  for (const Line& line :
       {Line{"everyone", true, true}, Line{"contacts", true, false}, Line{"nobody", false, false}}) {
    CAPTURE(line.word);
    Gone world;
    world.host.state().tables["privacy_settings"]["alice@localhost"]["last-seen"] = line.word;
    world.show("alice", "bob");
    CHECK(has(world.ask(world.online("bob"), last_of("alice")), "seconds='600'") == line.for_contact);
    CHECK(has(world.ask(world.online("491701234567"), last_of("alice")), "seconds='600'") ==
          line.for_stranger);
  }
  Gone world;
  const hl_session tablet = world.host.login("alice@localhost", "tablet");
  CHECK(
      has(world.ask(tablet, "<iq type='get' id='7'><query xmlns='jabber:iq:last'/></iq>"), "seconds='600'"));
}

TEST_CASE(
    "privacy: who may not know cannot tell why: hidden, blocking, never there and not there look alike") {
  const auto asked = [](World& world, const char* name) {
    std::string answer = world.ask(world.online("bob"), last_of(name));
    return answer.replace(answer.find(name), std::string_view(name).size(), "X");
  };
  World nobody;
  const std::string not_there = asked(nobody, "mallory");
  CHECK(is_error(not_there, "cancel", "service-unavailable"));
  Gone stranger;
  CHECK(asked(stranger, "alice") == not_there);
  Gone blocking;
  blocking.show("alice", "bob");
  blocking.blocked("alice")["bob@localhost"] = "";
  CHECK(asked(blocking, "alice") == not_there);
  Gone hidden;
  hidden.show("alice", "bob");
  hidden.host.state().tables["privacy_settings"]["alice@localhost"]["last-seen"] = "nobody";
  CHECK(asked(hidden, "alice") == not_there);
  World never;
  never.show("alice", "bob");
  CHECK(asked(never, "alice") == not_there);
}

TEST_CASE("privacy: whoever the user blocks is not asked about") {
  World world;
  const hl_session bob = world.online("bob");
  world.blocked("bob")["alice@localhost"] = "";
  const std::string answer = world.ask(bob, last_of("alice"));
  CHECK(is_error(answer, "cancel", "not-acceptable"));
  CHECK(has(answer, "<blocked xmlns='urn:xmpp:blocking:errors'/>"));
}

TEST_CASE(
    "privacy: last seen is written by the last session that ends, and never for who shows it to nobody") {
  World world;
  const hl_session phone = world.online("alice", "phone");
  const hl_session desk = world.online("alice", "desk");
  world.host.end(phone);
  CHECK(world.host.state().tables["last_seen"].empty());
  world.host.end(desk);
  CHECK(world.host.state().tables["last_seen"]["alice@localhost"][""] == "1393268400");
  const hl_session again = world.online("alice");
  world.ask(again, set("<last-seen>nobody</last-seen>"));
  CHECK(world.host.state().tables["last_seen"].empty());
  world.host.end(again);
  CHECK(world.host.state().tables["last_seen"].empty());
}

TEST_CASE("privacy: a visibility that a newer version knows shows nothing here") {
  Gone world;
  world.show("alice", "bob");
  world.host.state().tables["privacy_settings"]["alice@localhost"]["last-seen"] = "family";
  CHECK(is_error(world.ask(world.online("bob"), last_of("alice")), "cancel", "service-unavailable"));
}
