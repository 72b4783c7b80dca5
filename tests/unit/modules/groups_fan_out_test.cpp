// What is said in a room: who gets it, in which form, what is kept for whom, and what is refused.
#include "unit/modules/groups_world.h"
#include "unit/modules/push_listener.h"

using namespace hotline::groups_test;

namespace {

constexpr const char* chat_state = "<composing xmlns='http://jabber.org/protocol/chatstates'/>";

std::string to_room(std::string_view inside, std::string_view to = "", std::string_view type = "groupchat") {
  return "<message to='room@groups.localhost" + std::string(to) + "' type='" + std::string(type) +
         "' id='m1'>" + std::string(inside) + "</message>";
}

}  // namespace

TEST_CASE("groups: what is said goes to everybody once, the sender too, from their place in the room") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                   carl = world.online("carl");
  world.enter(carl, "Carl");
  world.forget_sent();
  const Lines own = world.speak(anna, "hi &amp; ho");
  REQUIRE(own.size() == 1);
  CHECK(
      own[0].starts_with("<message to='anna@localhost/phone' from='room@groups.localhost/Anna' id='m1' "
                         "type='groupchat'><body>hi &amp; ho</body><occupant-id "));
  CHECK(world.sent(bert).size() == 1);
  CHECK(count(world.sent(carl), {"<message to='carl@localhost/phone' from='room@groups.localhost/Anna'"}) ==
        1);
  CHECK(world.mailbox("bert") == 1);  // Kept until it is accepted.
  CHECK(world.mailbox("carl") == 0);  // A guest: live only.
  world.host.accept_all(bert);
  CHECK(world.mailbox("bert") == 0);
}

TEST_CASE("groups: a member who is away has everything once he enters, in order, with its time") {
  World world;
  const hl_session anna = world.opened_by_anna(), before = world.member(anna, "bert", "Bert");
  world.host.end(before);
  world.host.run();
  for (const char* id : {"1", "2", "3"}) {
    world.speak(anna, id, id);
    world.host.advance(10'000);
  }
  CHECK(world.mailbox("bert") == 3);
  CHECK_FALSE(has(world.host.state().mailboxes["bert@localhost"].begin()->second.xml, " to="));
  const hl_session bert = world.online("bert", "new");
  world.host.drain(bert);
  CHECK(world.sent(bert).empty());  // Not in the room: it waits.
  const Lines sent = world.enter(bert, "Bert");
  REQUIRE(sent.size() == 6);
  CHECK(has(sent[2], "<subject>"));
  for (int i = 0; i < 3; ++i) {
    CHECK(has(sent[3 + i], "<body>" + std::to_string(i + 1) + "</body>"));
    CHECK(has(sent[3 + i], "<message to='bert@localhost/new' from='room@groups.localhost/Anna'"));
    CHECK(has(sent[3 + i], "<delay xmlns='urn:xmpp:delay' from='room@groups.localhost' stamp='2014-"));
  }
  world.host.accept_all(bert);
  CHECK(world.mailbox("bert") == 0);
}

TEST_CASE("groups: nothing is kept for who never entered: nobody fills another's mailbox") {
  World world;
  const hl_session anna = world.opened_by_anna();
  world.make(anna, "bert", "member");
  world.speak(anna, "hi");
  CHECK(world.mailbox("bert") == 0);
}

TEST_CASE("groups: copies fill a mailbox so far and no further") {
  World world;
  world.host.unload();
  world.host.numbers["copies_max"] = 2;
  world.host.load(hl_module);
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.leave(bert, "Bert");
  for (const char* id : {"1", "2", "3"}) world.speak(anna, id);
  CHECK(world.mailbox("bert") == 2);
}

TEST_CASE("groups: to a mailbox that is full it is at least given live") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.host.numbers["fake.mailbox_entries_max"] = 0;
  CHECK(count(world.speak(anna, "hi"), {"<body>hi"}) == 1);
  CHECK(count(world.sent(bert), {"<message to='bert@localhost/phone' from='room@groups.localhost/Anna'"}) ==
        1);
}

TEST_CASE("groups: what waits is given out as it is when one is no longer of the room") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.leave(bert, "Bert");
  world.speak(anna, "goodbye");
  world.make(anna, "bert", "none");
  world.forget_sent();
  world.host.drain(bert);
  CHECK(count(world.sent(bert), {"<body>goodbye</body>"}) == 1);
}

TEST_CASE(
    "groups: a session that takes no messages gets those of its rooms as they come, and none that waited") {
  World world;
  const hl_session anna = world.opened_by_anna(), phone = world.member(anna, "bert", "Bert");
  world.leave(phone, "Bert");
  world.speak(anna, "one");
  const hl_session silent = world.online("bert", "silent", -1);
  CHECK(count(world.enter(silent, "Bert"), {"<body>"}) == 0);
  world.speak(anna, "two");
  CHECK(count(world.sent(silent), {"<body>two"}) == 1);
}

TEST_CASE("groups: chat states and what may not be stored are live only") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.say(anna, to_room(chat_state));
  world.say(anna, to_room("<body>x</body><no-store xmlns='urn:xmpp:hints'/>"));
  CHECK(world.sent(bert).size() == 2);
  CHECK(world.mailbox("bert") == 0);
  world.leave(bert, "Bert");
  world.say(anna, to_room("<received xmlns='urn:xmpp:receipts' id='x'/>"));
  CHECK(world.mailbox("bert") == 1);
}

TEST_CASE("groups: only who is in the room speaks, and only as himself") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  CHECK(is_refused(world.speak(bert, "hi"), "modify", "not-acceptable"));
  CHECK(is_refused(world.ask(bert, "<message to='none@groups.localhost' type='groupchat'><body/></message>"),
                   "cancel", "item-not-found"));
  CHECK(is_refused(world.ask(anna, to_room("<body/>", "", "chat")), "modify", "bad-request"));
  CHECK(is_refused(world.ask(anna, to_room("<body/>", "/Anna")), "modify", "bad-request"));
  const Lines sent =
      world.ask(anna, to_room("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/><body>hi</body>"
                              "<stanza-id xmlns='urn:xmpp:sid:0' by='room@groups.localhost' id='forged'/>"
                              "<delay xmlns='urn:xmpp:delay' from='room@groups.localhost' stamp='forged'/>"
                              "<x xmlns='http://jabber.org/protocol/muc#user'><status code='307'/></x>"
                              "<origin-id xmlns='urn:xmpp:sid:0' id='own'/>"));
  REQUIRE(sent.size() == 1);
  CHECK_FALSE(has(sent[0], "forged"));
  CHECK_FALSE(has(sent[0], "307"));
  CHECK(has(sent[0], "<origin-id xmlns='urn:xmpp:sid:0' id='own'/>"));
  CHECK(world.ask(anna, to_room("<body/>", "", "error")).empty());
}

TEST_CASE("groups: the subject is the moderators', or everybody's where the owner says so") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  const std::string subject = to_room("<subject>Lunch</subject>");
  CHECK(is_refused(world.ask(bert, subject), "auth", "forbidden"));
  CHECK(count(world.ask(anna, subject), {"<subject>Lunch</subject>"}) == 1);
  CHECK(world.mailbox("bert") == 0);  // It is told to who enters.
  world.configure(anna, World::field("changesubject", "1"));
  CHECK(count(world.ask(bert, to_room("<subject>Tea</subject>")), {"<subject>Tea</subject>"}) == 1);
  CHECK(is_refused(world.ask(anna, to_room("<subject>" + std::string(1025, 's') + "</subject>")), "modify",
                   "policy-violation"));
}

TEST_CASE("groups: a private message goes to one, and to one who stays also while he is away") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                   carl = world.online("carl");
  world.enter(carl, "Carl");
  world.forget_sent();
  CHECK(world.ask(carl, to_room("<body>psst</body>", "/Bert", "chat")).empty());
  CHECK(count(world.sent(bert), {"from='room@groups.localhost/Carl'", "type='chat'", "<body>psst</body>",
                                 "<x xmlns='http://jabber.org/protocol/muc#user'/>"}) == 1);
  CHECK(world.sent(anna).empty());
  CHECK(is_refused(world.ask(carl, to_room("<body/>", "/Dora", "chat")), "cancel", "item-not-found"));
  world.host.accept_all(bert);
  world.leave(bert, "Bert");
  // The receipt for what he said finds him.
  world.say(carl, to_room("<received xmlns='urn:xmpp:receipts' id='x'/>", "/Bert", "normal"));
  CHECK(world.mailbox("bert") == 1);
}

TEST_CASE("groups: the nick of one who stays is his while he is away") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                   carl = world.online("carl");
  world.leave(bert, "Bert");
  CHECK(is_refused(world.enter(carl, "Bert"), "cancel", "conflict"));
  CHECK(is_refused(world.ask(anna, "<presence to='room@groups.localhost/Bert'/>"), "cancel", "conflict"));
}

TEST_CASE("groups: so many messages in a second, so large, and no more") {
  World world;
  const hl_session anna = world.opened_by_anna();
  for (int i = 0; i < 20; ++i) CHECK(world.speak(anna, "hi").size() == 1);
  CHECK(is_refused(world.speak(anna, "hi"), "wait", "policy-violation"));
  world.host.advance(1000);
  CHECK(world.speak(anna, "hi").front().find("type='error'") == std::string::npos);
  CHECK(is_refused(world.speak(anna, std::string(66'000, 'x')), "modify", "policy-violation"));
}

TEST_CASE("groups: a message that calls itself unavailable counts as any other") {
  World world;
  const hl_session anna = world.opened_by_anna();
  const std::string message =
      "<message to='room@groups.localhost' type='unavailable'><x xmlns='http://jabber.org/protocol/muc#user'>"
      "<invite to='bert@localhost'/></x></message>";
  const auto is_too_much = [&] { return is_refused(world.ask(anna, message), "wait", "policy-violation"); };
  for (int i = 0; i < 19; ++i) CHECK_FALSE(is_too_much());
  CHECK((is_too_much() || is_too_much()));  // Making the room may have been in the same second.
}

TEST_CASE("groups: whoever enters and leaves without end is stopped, for a second") {
  World world;
  const hl_session anna = world.opened_by_anna();
  int entered = 0;
  for (int i = 0; i < 120; ++i) {
    entered += is_refused(world.enter(anna, "Anna"), "wait", "policy-violation") ? 0 : 1;
    world.leave(anna, "Anna");
  }
  CHECK(entered == 99);  // One was the first, when the room was made.
}

TEST_CASE("groups: where other homes take no more posts the sender is told, and nobody gets it") {
  World world;
  const hl_session anna = world.opened_by_anna();
  world.host.numbers["fake.posts_max"] = 0;
  CHECK(is_refused(world.speak(anna, "hi"), "wait", "resource-constraint"));
}

TEST_CASE("groups: two spellings of an address are one room") {
  World world;
  const hl_session anna = world.opened_by_anna();
  const Lines sent =
      world.ask(anna,
                "<message to='ROOM@groups.localhost' type='groupchat' xml:lang='de' id='x'><body>hi</body>"
                "</message>");
  CHECK(count(sent, {"from='room@groups.localhost/Anna' id='x' type='groupchat' xml:lang='de'"}) == 1);
}

TEST_CASE(
    "groups: a session that ended while the module was away leaves its rooms with the next word for it") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.enter(bert, "Bert");
  world.host.unload();
  world.host.end(bert);
  world.host.load(hl_module);
  world.forget_sent();
  CHECK(count(world.speak(anna, "hi"), {"type='unavailable'", "/Bert"}) == 1);
}

TEST_CASE("groups: five hundred members get one message each, and one is put for each") {
  World world;
  const hl_session anna = world.opened_by_anna();
  auto& rows = world.host.state().tables["rooms"]["room@groups.localhost"];
  for (int i = 0; i < 500; ++i)
    rows["am" + std::to_string(i) + "@localhost"] = "member\x1fm" + std::to_string(i);
  CHECK(world.speak(anna, "hi").size() == 1);
  int kept = 0;
  for (const auto& [account, entries] : world.host.state().mailboxes) kept += entries.size() == 1 ? 1 : 0;
  CHECK(kept == 501);  // anna is one of them.
}

TEST_CASE("groups: push_notify hears of a copy that waits for a member with devices") {
  using hotline::test::woken;
  World world;
  const hl_session anna = world.opened_by_anna(), before = world.member(anna, "bert", "Bert");
  world.host.load(hotline::test::push_listener);
  world.host.end(before);
  world.host.run();
  world.speak(anna, "hi");
  CHECK(woken.empty());
  world.host.state().tables["push_devices"]["bert@localhost"]["push.localhost\ntoken"] = "row";
  world.speak(anna, "ho", "m2");
  CHECK(woken == std::vector<std::string>{"bert@localhost"});
}

TEST_CASE("groups: XEP-0191, nothing that one blocks comes through a room, and the others have it all") {
  for (const char* listed :
       {"room@groups.localhost/Carl", "room@groups.localhost", "groups.localhost", "groups.localhost/Carl"}) {
    CAPTURE(listed);
    World world;
    const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                     carl = world.online("carl");
    world.enter(carl, "Carl");
    world.forget_sent();
    world.block("bert", listed);
    CHECK(world.speak(carl, "spam").size() == 1);
    world.say(carl, to_room("<body>spam</body>", "/Bert", "chat"));
    world.say(carl, to_room(chat_state));
    world.say(carl, "<presence to='room@groups.localhost/Carl'><status>spam</status></presence>");
    CHECK(world.sent(bert).empty());
    world.leave(bert, "Bert");  // What would wait for him is not kept either.
    world.speak(carl, "spam");
    world.say(carl, to_room("<body>spam</body>", "/Bert", "chat"));
    world.leave(carl, "Carl");
    CHECK(world.mailbox("bert") == 0);
    CHECK(count(world.sent(anna), {"<body>spam</body>"}) == 2);
  }
}

TEST_CASE("groups: XEP-0191, a block on one nick leaves the others, and is over when it is taken back") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                   carl = world.online("carl");
  world.enter(carl, "Carl");
  world.forget_sent();
  world.block("bert", "room@groups.localhost/Carl");
  world.block("bert", "anna@localhost");  // As whom he does not see her here.
  world.speak(anna, "hi");
  CHECK(count(world.sent(bert), {"/Anna", "<body>hi</body>"}) == 1);
  CHECK(world.mailbox("bert") == 1);
  CHECK(count(world.speak(bert, "ho"), {"<body>ho</body>"}) == 1);
  world.unblock("bert");
  world.speak(carl, "again");
  CHECK(count(world.sent(bert), {"<body>again</body>"}) == 1);
}

TEST_CASE("groups: XEP-0191, who enters is not shown whom they block, and still learns that they are in") {
  World world;
  const hl_session anna = world.opened_by_anna(), carl = world.online("carl"), bert = world.online("bert");
  world.configure(anna, World::field("changesubject", "1"));
  world.enter(carl, "Carl &amp; Co");
  world.say(carl, to_room("<subject>spam</subject>"));
  world.block("bert", "room@groups.localhost/Carl & Co");
  const Lines sent = world.enter(bert, "Bert");
  CHECK(count(sent, {"Carl"}) == 0);
  CHECK(count(sent, {"spam"}) == 0);
  CHECK(count(sent, {"<presence from='room@groups.localhost/Anna'"}) == 1);
  CHECK(count(sent, {"<presence from='room@groups.localhost/Bert'", "code='110'"}) == 1);
  REQUIRE_FALSE(sent.empty());
  // Clients take it for the end of entering.
  CHECK(sent.back() ==
        "<message from='room@groups.localhost' to='bert@localhost/phone' type='groupchat'>"
        "<subject></subject></message>");
}

TEST_CASE("groups: XEP-0191, who blocks a room is told so on writing to it, and can leave it") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.block("bert", "room@groups.localhost");
  const auto is_blocked = [](const Lines& sent) {
    return is_refused(sent, "cancel", "not-acceptable") &&
           count(sent, {"<blocked xmlns='urn:xmpp:blocking:errors'/>"}) == 1;
  };
  CHECK(is_blocked(world.speak(bert, "hi")));
  CHECK(is_blocked(world.ask(bert, to_room("<body>hi</body>", "/Anna", "chat"))));
  CHECK(is_blocked(
      world.ask(bert, "<message to='ROOM@groups.localhost' type='unavailable'><body/></message>")));
  CHECK(is_blocked(world.iq(bert, "get", "<ping xmlns='urn:xmpp:ping'/>")));
  const Lines refused = world.enter(bert, "Bert");
  CHECK(is_blocked(refused));
  CHECK(count(refused, {"<x xmlns='http://jabber.org/protocol/muc'/>"}) == 1);
  CHECK(world.ask(bert, to_room("<body/>", "", "error")).empty());
  CHECK(world.sent(anna).empty());
  CHECK(world.ask(bert, "<presence to='room@groups.localhost/Bert' type='unavailable'/>").empty());
  CHECK(count(world.sent(anna), {"/Bert", "type='unavailable'"}) == 1);
}

TEST_CASE("groups: XEP-0191, who blocks a nick alone writes to the room, and not to that nick") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.block("bert", "room@groups.localhost/Anna");
  CHECK(is_refused(world.ask(bert, to_room("<body>hi</body>", "/Anna", "chat")), "cancel", "not-acceptable"));
  CHECK(world.sent(anna).empty());
  CHECK(count(world.speak(bert, "hi"), {"<body>hi</body>"}) == 1);
}

TEST_CASE("groups: XEP-0191, a room that is blocked has no words left for being thrown out of it") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.block("bert", "room@groups.localhost");
  world.make(anna, "bert", "admin");
  world.admin(anna, "nick='Bert' role='none'");
  CHECK(world.sent(bert).empty());
  world.unblock("bert");
  CHECK(is_refused(world.speak(bert, "hi"), "modify", "not-acceptable"));  // He is not in it.
}
