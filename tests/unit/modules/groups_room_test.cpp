// Rooms are made, configured, entered, left and closed; what is asked of them.
#include "groups/form.h"
#include "groups/settings.h"
#include "unit/modules/groups_world.h"

using namespace hotline::groups_test;

TEST_CASE("groups: the first who enters makes the room, owns it, and only he is in until it is configured") {
  World world;
  const hl_session anna = world.online("anna"), bert = world.online("bert");
  const Lines sent = world.enter(anna, "Anna");
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0], "affiliation='owner' role='moderator'"));
  CHECK(has(sent[0], "<status code='110'/>"));
  CHECK(has(sent[0], "<status code='201'/>"));
  CHECK(has(sent[0], "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='"));
  CHECK(has(sent[1], "<subject></subject>"));
  CHECK(is_refused(world.enter(bert, "Bert"), "cancel", "item-not-found"));
  CHECK(is_result(world.configure(anna, "")));
  CHECK(count(world.enter(bert, "Bert"), {"<status code='110'/>", "affiliation='none' role='participant'"}) ==
        1);
}

TEST_CASE(
    "groups: who enters is shown everybody, then himself, then the subject, and everybody is shown him") {
  World world;
  const hl_session anna = world.opened_by_anna();
  CHECK(world
            .ask(anna,
                 "<message to='room@groups.localhost' type='groupchat'><subject>Lunch</subject></message>")
            .size() == 1);
  const hl_session bert = world.online("bert");
  world.sent(anna);
  const Lines sent = world.enter(bert, "Bert");
  REQUIRE(sent.size() == 3);
  CHECK(has(sent[0], "from='room@groups.localhost/Anna'"));
  CHECK_FALSE(has(sent[0], "jid="));  // Addresses are for moderators.
  CHECK(has(sent[1], "<status code='110'/>"));
  CHECK(has(sent[2], "<subject>Lunch</subject><delay"));
  const Lines seen = world.sent(anna);
  REQUIRE(seen.size() == 1);
  CHECK(has(seen[0], "<presence to='anna@localhost/phone' from='room@groups.localhost/Bert'"));
  CHECK(has(seen[0], "jid='bert@localhost/phone'"));
  CHECK_FALSE(has(seen[0], "code='110'"));
}

TEST_CASE("groups: a room refuses with the words of XEP-0045 7.2") {
  World world;
  const hl_session anna = world.opened_by_anna();
  const hl_session bert = world.online("bert"), carl = world.online("carl");
  CHECK(is_refused(world.ask(bert,
                             "<presence to='room@groups.localhost'><x "
                             "xmlns='http://jabber.org/protocol/muc'/></presence>"),
                   "modify", "jid-malformed"));
  CHECK(
      is_refused(world.ask(bert, "<presence to='room@groups.localhost/Bert'/>"), "cancel", "not-acceptable"));
  const Lines conflict = world.enter(bert, "Anna");
  CHECK(is_refused(conflict, "cancel", "conflict"));
  CHECK(count(conflict, {"<x xmlns='http://jabber.org/protocol/muc'/><error"}) == 1);
  CHECK(is_refused(world.enter(bert, std::string(65, 'b')), "modify", "not-acceptable"));
  world.make(anna, "carl", "outcast");
  CHECK(is_refused(world.enter(carl, "Carl"), "auth", "forbidden"));
  world.configure(anna, World::field("roomsecret", "sesame"));
  CHECK(is_refused(world.enter(bert, "Bert"), "auth", "not-authorized"));
  CHECK(is_refused(world.enter(bert, "Bert", "<password>simsim</password>"), "auth", "not-authorized"));
  CHECK(count(world.enter(bert, "Bert", "<password>sesame</password>"), {"code='110'"}) == 1);
  world.leave(bert, "Bert");
  world.configure(anna, World::field("passwordprotectedroom", "0") + World::field("membersonly", "1"));
  CHECK(is_refused(world.enter(bert, "Bert"), "auth", "registration-required"));
  world.configure(anna, World::field("membersonly", "0") + World::field("maxusers", "1"));
  CHECK(is_refused(world.enter(bert, "Bert"), "wait", "service-unavailable"));
}

TEST_CASE("groups: a presence that is too large for a room is refused") {
  World world;
  world.opened_by_anna();
  const hl_session bert = world.online("bert");
  CHECK(is_refused(world.ask(bert,
                             "<presence to='room@groups.localhost/Bert'><x "
                             "xmlns='http://jabber.org/protocol/muc'/><status>" +
                                 std::string(3000, 'x') + "</status></presence>"),
                   "modify", "policy-violation"));
}

TEST_CASE("groups: XEP-0398 4, who enters shows the picture of the account") {
  World world;
  world.host.state().tables["avatars"]["anna@localhost"][""] = "abc1";
  const hl_session anna = world.online("anna");
  const Lines sent = world.enter(anna, "anna");
  REQUIRE_FALSE(sent.empty());
  CHECK(has(sent.front(), "<x xmlns='vcard-temp:x:update'><photo>abc1</photo></x>"));
}

TEST_CASE("groups: devices of one account share a nick, and the occupant goes with the last") {
  World world;
  const hl_session anna = world.opened_by_anna();
  const hl_session phone = world.online("bert"), desk = world.online("bert", "desk");
  world.enter(phone, "Bert");
  CHECK(count(world.enter(desk, "Bert"), {"code='110'"}) == 1);
  world.forget_sent();
  world.leave(phone, "Bert");
  CHECK(count(world.sent(phone), {"type='unavailable'", "code='110'"}) == 1);
  CHECK(world.sent(anna).empty());
  world.host.end(desk);
  world.host.run();
  CHECK(count(world.sent(anna), {"type='unavailable'", "/Bert"}) == 1);
}

TEST_CASE("groups: a session that may be resumed is still in its rooms, one that has ended is not") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.host.state().sessions.at(bert).has_sm = true;
  world.host.state().sessions.at(bert).resume_s = 60;
  world.enter(bert, "Bert");
  world.forget_sent();
  world.host.disconnect(world.host.stream_of(bert));
  world.host.run();
  CHECK(world.sent(anna).empty());
  world.host.end(bert);
  world.host.run();
  CHECK(count(world.sent(anna), {"type='unavailable'", "/Bert"}) == 1);
}

TEST_CASE("groups: who becomes unavailable to all leaves the rooms as well") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.enter(bert, "Bert");
  world.forget_sent();
  world.host.post("groups", "bert@localhost", 31, "phone");
  world.host.run();
  CHECK(count(world.sent(anna), {"type='unavailable'", "/Bert"}) == 1);
}

TEST_CASE("groups: a nick is changed, and one that is somebody's is not to be had") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.enter(bert, "Bert");
  world.forget_sent();
  const std::string rename = "<presence to='room@groups.localhost/";
  CHECK(is_refused(world.ask(bert, rename + "Anna'/>"), "cancel", "conflict"));
  const Lines sent = world.ask(bert, rename + "Bertie'/>");
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0], "type='unavailable'"));
  CHECK(has(sent[0], "nick='Bertie'"));
  CHECK(has(sent[0], "<status code='303'/><status code='110'/>"));
  CHECK(has(sent[1], "from='room@groups.localhost/Bertie'"));
  CHECK(count(world.sent(anna), {"/Bertie'"}) == 1);
  CHECK(count(world.speak(bert, "hi"), {"/Bertie'", "<body>hi</body>"}) == 1);
}

TEST_CASE("groups: addresses are shown to all where the owner wants it, and 172 says so") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.enter(bert, "Bert");
  world.forget_sent();
  world.configure(anna, World::field("whois", "anyone"));
  CHECK(count(world.sent(bert), {"type='groupchat'", "<status code='104'/><status code='172'/>"}) == 1);
  const Lines sent = world.enter(world.online("carl"), "Carl");
  CHECK(count(sent, {"/Anna'", "jid='anna@localhost/phone'"}) == 1);
  CHECK(count(sent, {"<status code='110'/><status code='100'/>"}) == 1);
}

TEST_CASE("groups: a room that is not persistent, or was never configured, goes with its last occupant") {
  World world;
  const hl_session anna = world.opened_by_anna();
  world.leave(anna, "Anna");
  CHECK(world.has_room());  // It is a group: it stays.
  world.enter(anna, "Anna");
  world.configure(anna, World::field("persistentroom", "0"));
  world.leave(anna, "Anna");
  CHECK_FALSE(world.has_room());
  world.enter(anna, "Anna");
  CHECK(world.has_room());
  world.leave(anna, "Anna");
  CHECK_FALSE(world.has_room());
  world.enter(anna, "Anna");
  CHECK(is_result(world.iq(anna, "set",
                           "<query xmlns='http://jabber.org/protocol/muc#owner'><x "
                           "xmlns='jabber:x:data' type='cancel'/></query>")));
  CHECK_FALSE(world.has_room());
  CHECK(world.host.state().tables["memberships"]["anna@localhost"].empty());
}

TEST_CASE("groups: an owner destroys the room, everybody leaves it, and nothing of it is left") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.configure(anna, World::field("publicroom", "1"));
  world.forget_sent();
  const std::string wish =
      "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy jid='next@groups.localhost'>"
      "<reason>moved</reason></destroy></query>";
  CHECK(is_refused(world.iq(bert, "set", wish), "auth", "forbidden"));
  CHECK(is_result(world.iq(anna, "set", wish)));
  CHECK(count(world.sent(bert), {"type='unavailable'", "<destroy jid='next@groups.localhost'>",
                                 "<reason>moved</reason>"}) == 1);
  CHECK_FALSE(world.has_room());
  for (const char* table : {"occupants", "visits", "memberships", "public_rooms"})
    for (const auto& [account, rows] : world.host.state().tables[table]) CHECK(rows.empty());
}

TEST_CASE("groups: the form shows what is set, and what is wrong in it is named and changes nothing") {
  World world;
  const hl_session anna = world.opened_by_anna();
  CHECK(is_result(world.configure(anna, World::field("roomname", "Lunch &amp; more") +
                                            World::field("moderatedroom", "true") +
                                            World::field("maxusers", "20"))));
  const Lines form = world.iq(anna, "get", "<query xmlns='http://jabber.org/protocol/muc#owner'/>");
  CHECK(count(form, {"<value>Lunch &amp; more</value>",
                     "<value>http://jabber.org/protocol/muc#roomconfig</value>", "<value>20</value>"}) == 1);
  for (const std::string& wrong :
       {World::field("moderatedroom", "maybe"), World::field("maxusers", "0"),
        World::field("maxusers", "501"), World::field("maxusers", "-1"), World::field("whois", "nobody"),
        World::field("roomname", std::string(257, 'x')), World::field("passwordprotectedroom", "1")}) {
    CAPTURE(wrong);
    CHECK(is_refused(world.configure(anna, wrong + World::field("membersonly", "1")), "modify",
                     "not-acceptable"));
  }
  std::string many;
  for (int i = 0; i < 51; ++i) many += World::field("unknown", "1");
  CHECK(is_refused(world.configure(anna, many), "modify", "not-acceptable"));
  CHECK(count(world.enter(world.online("bert"), "Bert"), {"code='110'"}) == 1);
}

TEST_CASE("groups: an account makes as many rooms as it may, and gets none for giving one away") {
  World world;
  world.host.unload();
  world.host.numbers["rooms_max"] = 2;
  world.host.load(hl_module);
  const hl_session anna = world.online("anna");
  const auto make_room = [&](const std::string& name) {
    return world.ask(anna,
                     "<presence to='" + name +
                         "@groups.localhost/Anna'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  };
  CHECK(count(make_room("one"), {"code='201'"}) == 1);
  CHECK(count(make_room("two"), {"code='201'"}) == 1);
  CHECK(is_refused(make_room("three"), "wait", "resource-constraint"));
  const std::string to = "two@groups.localhost";
  const std::string set = "<query xmlns='http://jabber.org/protocol/muc#admin'>";
  CHECK(
      is_result(world.iq(anna, "set", set + "<item jid='bert@localhost' affiliation='owner'/></query>", to)));
  CHECK(
      is_result(world.iq(anna, "set", set + "<item jid='anna@localhost' affiliation='none'/></query>", to)));
  CHECK(is_refused(make_room("three"), "wait", "resource-constraint"));
  CHECK(is_result(world.iq(anna, "set",
                           "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>",
                           "one@groups.localhost")));
  CHECK(count(make_room("three"), {"code='201'"}) == 1);
}

TEST_CASE("groups: the service and its public rooms can be found, hidden ones by who knows them") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  const std::string info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
  const std::string items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
  CHECK(count(world.iq(bert, "get", info, "groups.localhost"),
              {"category='conference'", "var='http://jabber.org/protocol/muc'"}) == 1);
  CHECK(count(world.iq(bert, "get", items, "groups.localhost"), {"<count>0</count>"}) == 1);
  CHECK(count(world.iq(bert, "get", info), {"muc_hidden", "muc_open", "muc_semianonymous"}) == 1);
  world.configure(anna, World::field("publicroom", "1") + World::field("roomname", "Lunch"));
  CHECK(count(world.iq(bert, "get", items, "groups.localhost"),
              {"<item jid='room@groups.localhost' name='Lunch'/>", "<count>1</count>"}) == 1);
  CHECK(count(world.iq(bert, "get", info), {"muc_public", "<value>1</value>"}) == 1);
  CHECK_FALSE(has(world.iq(bert, "get", items).front(), "Anna"));
  CHECK(has(world.iq(anna, "get", items).front(), "Anna"));
  // Hidden and for members: to others it is not there.
  world.configure(anna, World::field("publicroom", "0") + World::field("membersonly", "1"));
  CHECK(count(world.iq(bert, "get", items, "groups.localhost"), {"<count>0</count>"}) == 1);
  CHECK(is_refused(world.iq(bert, "get", info), "cancel", "item-not-found"));
  CHECK(is_refused(world.iq(bert, "get", info, "none@groups.localhost"), "cancel", "item-not-found"));
}

TEST_CASE("groups: the list of public rooms comes a page at a time") {
  World world;
  for (int i = 0; i < 5; ++i)
    world.host.state()
        .tables["public_rooms"]["groups.localhost"]["r" + std::to_string(i) + "@groups.localhost"] = "";
  const hl_session anna = world.online("anna");
  const Lines page = world.iq(anna, "get",
                              "<query xmlns='http://jabber.org/protocol/disco#items'><set "
                              "xmlns='http://jabber.org/protocol/rsm'><max>2</max>"
                              "<after>r1@groups.localhost</after></set></query>",
                              "groups.localhost");
  CHECK(count(page, {"r2@", "<last>r3@groups.localhost</last><count>5</count>"}) == 1);
  CHECK_FALSE(has(page.front(), "jid='r4@"));
}

TEST_CASE("groups: XEP-0410, a ping to one's own place says whether one is still in it") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  const std::string ping = "<ping xmlns='urn:xmpp:ping'/>";
  CHECK(is_result(world.iq(anna, "get", ping, "room@groups.localhost/Anna")));
  CHECK(is_refused(world.iq(bert, "get", ping, "room@groups.localhost/Bert"), "cancel", "not-acceptable"));
  world.enter(bert, "Bert");
  CHECK(is_refused(world.iq(bert, "get", ping, "room@groups.localhost/Carl"), "cancel", "item-not-found"));
  CHECK(
      is_refused(world.iq(bert, "get", ping, "room@groups.localhost/Anna"), "cancel", "service-unavailable"));
}

TEST_CASE("groups: rows are read as they were written, and nothing else is taken for one") {
  hotline::groups::Settings settings;
  settings.name = "n";
  settings.password = "p";
  settings.is_public = true;
  settings.occupants_max = 7;
  const std::string row = settings.encode();
  const auto again = hotline::groups::Settings::decode(row);
  REQUIRE(again);
  CHECK(again->encode() == row);
  for (std::size_t size = 0; size + 2 < row.size(); ++size)
    CHECK_FALSE(hotline::groups::Settings::decode(row.substr(0, size)));
}

TEST_CASE("groups: an instance is missed by nobody") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.host.renew();
  CHECK(count(world.speak(anna, "hi"), {"<body>hi</body>"}) == 1);
  CHECK(count(world.sent(bert), {"<body>hi</body>"}) == 1);
  CHECK(world.host.failed.empty());
}
