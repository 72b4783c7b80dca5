// Who is what in a room, who may change it, and what follows.
#include "groups/rank.h"
#include "unit/modules/groups_world.h"

using namespace hotline::groups_test;
using hotline::groups::Affiliation;
using hotline::groups::may_change;
using hotline::groups::Permission;
using hotline::groups::Role;
using hotline::groups::Standing;

namespace {

// What routing is given to deliver.
Lines routed;

struct Routing {
  explicit Routing(const hl_host*) { routed.clear(); }
  static hotline::sdk::Status on_post(const hl_post_event& event) {
    if (event.topic == 1 && event.stanza != nullptr)
      routed.emplace_back(hotline::sdk::view(event.stanza->xml));
    return HL_OK;
  }
};
constexpr hl_module_entry routing_entry = hotline::sdk::entry<Routing>(
    "name routing\nversion 1.0.0\nabi 1.0\nabout Listens\naccepts-posts groups\n");

std::string of_invitation(std::string_view act, std::string_view to, std::string_view reason) {
  const std::string name(act);
  return "<message to='room@groups.localhost' id='i1'><x xmlns='http://jabber.org/protocol/muc#user'><" +
         name + " to='" + std::string(to) + "'><reason>" + std::string(reason) + "</reason></" + name +
         "></x></message>";
}
std::string invite(std::string_view account) {
  return of_invitation("invite", std::string(account) + "@localhost", "come");
}
std::string decline(std::string_view to) {
  return of_invitation("decline", to, "no time");
}

}  // namespace

TEST_CASE("groups: who may change which affiliation, as XEP-0045 5.2.1 and 10 have it") {
  using enum Affiliation;
  using enum Permission;
  struct Line {
    Affiliation actor, before, after;
    Permission is;
  };
  const Line table[] = {
      {owner, admin, none, granted},       {owner, owner, member, granted},
      {owner, none, owner, granted},       {admin, none, member, granted},
      {admin, member, outcast, granted},   {admin, outcast, none, granted},
      {admin, none, admin, forbidden},     {admin, member, owner, forbidden},
      {admin, admin, none, not_allowed},   {admin, owner, outcast, not_allowed},
      {member, none, member, forbidden},   {none, none, member, forbidden},
      {outcast, outcast, none, forbidden},
  };
  for (const Line& line : table) {
    CAPTURE(text(line.actor));
    CAPTURE(text(line.before));
    CAPTURE(text(line.after));
    CHECK(may_change(line.actor, line.before, line.after) == line.is);
  }
}

TEST_CASE("groups: who may change which role, as XEP-0045 5.1.1, 8 and 9 have it") {
  using enum Permission;
  const Standing owner{Affiliation::owner, Role::moderator}, admin{Affiliation::admin, Role::moderator},
      moderator{Affiliation::none, Role::moderator}, member{Affiliation::member, Role::participant},
      guest{Affiliation::none, Role::participant}, visitor{Affiliation::none, Role::visitor};
  struct Line {
    Standing actor, target;
    Role after;
    Permission is;
  };
  const Line table[] = {
      {moderator, guest, Role::none, granted},        {moderator, visitor, Role::participant, granted},
      {moderator, guest, Role::visitor, granted},     {moderator, member, Role::none, not_allowed},
      {moderator, admin, Role::none, not_allowed},    {moderator, admin, Role::visitor, forbidden},
      {moderator, guest, Role::moderator, forbidden}, {admin, guest, Role::moderator, granted},
      {admin, moderator, Role::participant, granted}, {admin, owner, Role::participant, not_allowed},
      {admin, admin, Role::none, not_allowed},        {owner, admin, Role::none, granted},
      {owner, admin, Role::visitor, not_allowed},     {member, visitor, Role::participant, forbidden},
      {visitor, guest, Role::none, forbidden},
  };
  for (const Line& line : table) {
    CAPTURE(text(line.actor.affiliation));
    CAPTURE(text(line.target.affiliation));
    CAPTURE(text(line.after));
    CHECK(may_change(line.actor, line.target, line.after) == line.is);
  }
}

TEST_CASE("groups: a moderator kicks, everybody is told by whom and why, and the nick is free again") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert"), carl = world.online("carl");
  world.enter(bert, "Bert");
  world.enter(carl, "Carl");
  world.forget_sent();
  const std::string kick =
      "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='Bert' "
      "role='none'><reason>loud</reason>"
      "</item></query>";
  CHECK(is_refused(world.iq(carl, "set", kick), "auth", "forbidden"));
  CHECK(is_result(world.iq(anna, "set", kick)));
  CHECK(count(world.sent(bert), {"type='unavailable'", "<actor nick='Anna'/>", "<reason>loud</reason>",
                                 "<status code='307'/><status code='110'/>"}) == 1);
  CHECK(count(world.sent(carl), {"type='unavailable'", "<status code='307'/>"}) == 1);
  CHECK(is_refused(world.speak(bert, "hi"), "modify", "not-acceptable"));
  CHECK(count(world.enter(carl, "Bert"), {"code='303'"}) == 1);
}

TEST_CASE("groups: who is banned is out, and does not come in again until that is taken back") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  CHECK(is_result(world.make(anna, "bert", "outcast")));
  CHECK(count(world.sent(bert), {"type='unavailable'", "affiliation='outcast' role='none'", "code='301'"}) ==
        1);
  CHECK(is_refused(world.enter(bert, "Bert"), "auth", "forbidden"));
  world.speak(anna, "hi");
  CHECK(world.mailbox("bert") == 0);
  const Lines list =
      world.iq(anna, "get",
               "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast'/></query>");
  CHECK(count(list, {"<item affiliation='outcast' jid='bert@localhost'/>"}) == 1);
  CHECK(is_result(world.make(anna, "bert", "none")));
  CHECK(count(world.enter(bert, "Bert"), {"code='110'"}) == 1);
}

TEST_CASE("groups: ranks change what one is shown as, and a room keeps an owner") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.enter(bert, "Bert");
  world.forget_sent();
  CHECK(is_result(world.make(anna, "bert", "admin")));
  CHECK(count(world.sent(bert), {"affiliation='admin' role='moderator'", "code='110'"}) == 1);
  CHECK(is_refused(world.make(bert, "carl", "admin"), "auth", "forbidden"));
  CHECK(is_refused(world.make(bert, "anna", "none"), "cancel", "not-allowed"));
  CHECK(is_refused(world.make(anna, "anna", "member"), "cancel", "conflict"));
  CHECK(is_refused(world.make(anna, "anna", "outcast"), "cancel", "conflict"));
  CHECK(is_result(world.make(anna, "bert", "owner")));
  CHECK(is_result(world.make(anna, "anna", "none")));
  CHECK(is_refused(world.configure(anna, ""), "auth", "forbidden"));
}

TEST_CASE("groups: two items of one query do not take the last owner from a room") {
  World world;
  const hl_session anna = world.opened_by_anna();
  world.make(anna, "bert", "owner");
  world.iq(
      anna, "set",
      "<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='bert@localhost' affiliation='none'/>"
      "<item jid='anna@localhost' affiliation='none'/></query>");
  CHECK(is_result(world.configure(anna, "")));
}

TEST_CASE("groups: nobody is made anything in a room that an item before has closed") {
  World world;
  const hl_session anna = world.online("anna"), bert = world.online("bert"), eve = world.online("eve");
  world.enter(anna, "Anna");  // Locked, so it closes when she is out.
  const std::string own = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
  CHECK(is_refused(
      world.iq(anna, "set",
               "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='Anna' role='none'/>"
               "<item jid='eve@localhost' affiliation='owner'/></query>"),
      "cancel", "item-not-found"));
  CHECK_FALSE(world.has_room());
  CHECK(world.host.state().tables["memberships"]["eve@localhost"].empty());
  CHECK(count(world.enter(bert, "Bert"), {"affiliation='owner'", "code='201'"}) == 1);
  CHECK(is_refused(world.iq(eve, "get", own), "auth", "forbidden"));
  CHECK(count(world.iq(bert, "get", own), {"type='result'"}) == 1);
}

TEST_CASE("groups: an item that closes the room and is the last one has been done") {
  World world;
  const hl_session anna = world.online("anna");
  world.enter(anna, "Anna");
  CHECK(is_result(world.admin(anna, "nick='Anna' role='none'")));
  CHECK_FALSE(world.has_room());
}

TEST_CASE("groups: who makes a room has nothing of what another of that name has left") {
  World world;
  world.host.state().tables["rooms"]["room@groups.localhost"]["aeve@localhost"] = "owner\x1f";
  const hl_session anna = world.opened_by_anna(), eve = world.online("eve");
  CHECK(is_refused(world.configure(eve, ""), "auth", "forbidden"));
  CHECK(is_refused(world.make(anna, "anna", "none"), "cancel", "conflict"));  // Nobody else owns it.
}

TEST_CASE("groups: what is not an affiliation, a role, a nick or an account of ours is refused") {
  World world;
  const hl_session anna = world.opened_by_anna();
  CHECK(is_refused(world.admin(anna, "jid='bert@localhost' affiliation='king'"), "modify", "bad-request"));
  CHECK(is_refused(world.admin(anna, "nick='Anna' role='king'"), "modify", "bad-request"));
  CHECK(is_refused(world.admin(anna, "nick='Bert' role='visitor'"), "cancel", "item-not-found"));
  CHECK(is_refused(world.admin(anna, "nick='Bert' affiliation='member'"), "cancel", "item-not-found"));
  CHECK(is_refused(world.admin(anna, "jid='@' affiliation='member'"), "modify", "jid-malformed"));
  CHECK(is_refused(world.admin(anna, "jid='bert@elsewhere.example' affiliation='member'"), "modify",
                   "not-acceptable"));
  CHECK(is_refused(world.admin(anna, "jid='localhost' affiliation='member'"), "modify", "not-acceptable"));
  CHECK(is_refused(world.iq(anna, "set", "<query xmlns='http://jabber.org/protocol/muc#admin'/>"), "modify",
                   "bad-request"));
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "<item jid='u" + std::to_string(i) + "@localhost' affiliation='member'/>";
  CHECK(is_refused(
      world.iq(anna, "set", "<query xmlns='http://jabber.org/protocol/muc#admin'>" + many + "</query>"),
      "modify", "policy-violation"));
  CHECK(world.host.state().tables["memberships"]["u0@localhost"].empty());
}

TEST_CASE("groups: a room has as many affiliates as it may") {
  World world;
  world.host.unload();
  world.host.numbers["affiliates_max"] = 3;
  world.host.load(hl_module);
  const hl_session anna = world.opened_by_anna();
  int made = 0;
  for (int i = 0; i < 8; ++i) made += is_result(world.make(anna, "u" + std::to_string(i), "member")) ? 1 : 0;
  CHECK(made == 2);  // anna is the third.
  CHECK(is_refused(world.make(anna, "u9", "member"), "wait", "resource-constraint"));
}

TEST_CASE("groups: in a moderated room guests have no voice until a moderator gives them one") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.configure(anna, World::field("moderatedroom", "1"));
  CHECK(count(world.enter(bert, "Bert"), {"role='visitor'", "code='110'"}) == 1);
  CHECK(is_refused(world.speak(bert, "hi"), "auth", "forbidden"));
  CHECK(is_result(world.admin(anna, "nick='Bert' role='participant'")));
  CHECK(count(world.speak(bert, "hi"), {"<body>hi</body>"}) == 1);
}

TEST_CASE("groups: a room that becomes one for members sends the others out") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                   carl = world.online("carl");
  world.enter(carl, "Carl");
  world.forget_sent();
  world.configure(anna, World::field("membersonly", "1"));
  CHECK(count(world.sent(carl), {"type='unavailable'", "<status code='322'/><status code='110'/>"}) == 1);
  CHECK(count(world.sent(bert), {"/Carl", "code='322'"}) == 1);
  CHECK(is_result(world.make(anna, "bert", "none")));
  CHECK(count(world.sent(bert), {"type='unavailable'", "<status code='321'/><status code='110'/>"}) == 1);
}

TEST_CASE("groups: an invitation goes through routing, with what is needed to enter") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.configure(anna, World::field("membersonly", "1") + World::field("roomsecret", "sesame"));
  const std::string invitation = invite("Carl");
  CHECK(is_refused(world.ask(bert, invitation), "auth", "forbidden"));
  CHECK(is_refused(world.ask(world.online("dora"), invitation), "auth", "forbidden"));
  world.host.load(routing_entry);
  world.say(anna, invitation);
  REQUIRE(routed.size() == 1);
  CHECK(has(routed[0], "from='room@groups.localhost' to='carl@localhost' id='i1'"));
  CHECK(has(routed[0],
            "<invite from='anna@localhost'><reason>come</reason></invite>"
            "<password>sesame</password>"));
  CHECK(has(routed[0], "<x xmlns='jabber:x:conference' jid='room@groups.localhost' reason='come'/>"));
  CHECK(count(world.enter(world.online("carl"), "Carl", "<password>sesame</password>"),
              {"affiliation='member'", "code='110'"}) == 1);
}

TEST_CASE("groups: who was invited declines once, to whom it was, and nobody else at all") {
  World world;
  const hl_session anna = world.opened_by_anna(), carl = world.online("carl"), dora = world.online("dora");
  world.member(anna, "bert", "Bert");
  world.host.load(routing_entry);
  world.say(anna, invite("carl"));
  REQUIRE(routed.size() == 1);
  // Whether she asks about who is in the room, of it, or nobody: she learns nothing, and nobody hears of her.
  const Lines refused = world.ask(dora, decline("anna@localhost/phone"));
  CHECK(is_refused(refused, "auth", "forbidden"));
  for (const char* to : {"anna@localhost", "bert@localhost", "erna@localhost", "erna@localhost/desk"})
    CHECK(world.ask(dora, decline(to)) == refused);
  CHECK(is_refused(world.ask(carl, decline("bert@localhost")), "auth", "forbidden"));
  CHECK(routed.size() == 1);
  CHECK(world.ask(carl, decline("anna@localhost/phone")).empty());
  REQUIRE(routed.size() == 2);
  CHECK(has(routed[1], "from='room@groups.localhost' to='anna@localhost'"));
  CHECK(has(routed[1], "<decline from='carl@localhost'><reason>no time</reason></decline>"));
  CHECK(is_refused(world.ask(carl, decline("anna@localhost")), "auth", "forbidden"));
  CHECK(routed.size() == 2);
}

TEST_CASE("groups: each who invited somebody may be declined to") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert"),
                   carl = world.online("carl");
  world.host.load(routing_entry);
  world.say(anna, invite("carl"));
  world.say(bert, invite("carl"));
  CHECK(world.ask(carl, decline("bert@localhost")).empty());
  CHECK(world.ask(carl, decline("anna@localhost")).empty());
  CHECK(routed.size() == 4);
}

TEST_CASE("groups: an invitation is over once one has entered, is banned, or the room is another") {
  World world;
  const hl_session anna = world.opened_by_anna(), carl = world.online("carl");
  world.host.load(routing_entry);
  world.say(anna, invite("carl"));
  world.enter(carl, "Carl");
  CHECK(is_refused(world.ask(carl, decline("anna@localhost")), "auth", "forbidden"));
  world.say(anna, invite("dora"));
  world.make(anna, "dora", "outcast");
  CHECK(is_refused(world.ask(world.online("dora"), decline("anna@localhost")), "auth", "forbidden"));
  world.say(anna, invite("erna"));
  world.iq(anna, "set", "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>");
  CHECK_FALSE(world.has_room());
  world.enter(anna, "Anna");
  CHECK(is_refused(world.ask(world.online("erna"), decline("anna@localhost")), "auth", "forbidden"));
  CHECK(routed.size() == 3);
}

TEST_CASE("groups: XEP-0191, a room carries no invitation from who is blocked, and no word of declining") {
  for (const char* listed : {"anna@localhost", "localhost"}) {
    CAPTURE(listed);
    World world;
    const hl_session anna = world.opened_by_anna();
    world.host.load(routing_entry);
    world.block("carl", listed);
    CHECK(world.ask(anna, invite("carl")).empty());
    CHECK(routed.empty());
  }
  World world;
  const hl_session anna = world.opened_by_anna(), carl = world.online("carl");
  world.host.load(routing_entry);
  world.say(anna, invite("carl"));
  world.block("anna", "carl@localhost");
  CHECK(world.ask(carl, decline("anna@localhost")).empty());
  CHECK(routed.size() == 1);
}

TEST_CASE("groups: a room remembers so many invitations and forgets the oldest") {
  World world;
  const hl_session anna = world.opened_by_anna();
  world.host.load(routing_entry);
  const auto rows = [&world] {
    int found = 0;
    for (const auto& [key, row] : world.host.state().tables["rooms"]["room@groups.localhost"])
      found += key.starts_with('i') ? 1 : 0;
    return found;
  };
  for (int i = 0; i < 200; ++i) {
    world.host.advance(1000);
    world.say(anna, invite("u" + std::to_string(i)));
  }
  CHECK(rows() == 200);
  world.host.advance(1000);
  world.say(anna, invite("u0"));  // Anew: from now on it is the latest.
  world.say(anna, invite("carl"));
  CHECK(rows() == 200);
  CHECK(world.ask(world.online("u0"), decline("anna@localhost")).empty());
  CHECK(world.ask(world.online("u2"), decline("anna@localhost")).empty());
  CHECK(is_refused(world.ask(world.online("u1"), decline("anna@localhost")), "auth", "forbidden"));
}

TEST_CASE("groups: a reason is refused when it is too long, and never cut") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.host.load(routing_entry);
  std::string fits = "x", too_long;  // 1023 and 1025 bytes: a cut at 1024 would part a character.
  for (int i = 0; i < 511; ++i) fits += "é";
  too_long = fits + "é";
  CHECK(is_refused(world.ask(bert, of_invitation("invite", "anna@localhost", too_long)), "modify",
                   "policy-violation"));
  CHECK(is_refused(world.ask(bert, of_invitation("decline", "anna@localhost", too_long)), "modify",
                   "policy-violation"));
  CHECK(routed.empty());
  CHECK(world.ask(bert, of_invitation("invite", "anna@localhost", fits)).empty());
  CHECK(routed.size() == 1);
  const auto destroy = [](std::string_view reason) {
    return "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy><reason>" + std::string(reason) +
           "</reason></destroy></query>";
  };
  CHECK(is_refused(world.iq(anna, "set", destroy(too_long)), "modify", "policy-violation"));
  CHECK(world.has_room());
  world.forget_sent();
  CHECK(is_result(world.iq(anna, "set", destroy(fits))));
  CHECK(count(world.sent(bert), {"<destroy><reason>" + fits + "</reason></destroy>"}) == 1);
}

TEST_CASE("groups: one becomes a member of an open room by oneself, and ceases to be one of any") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.online("bert");
  world.enter(bert, "Bert");
  const std::string get = "<query xmlns='jabber:iq:register'/>",
                    leave = "<query xmlns='jabber:iq:register'><remove/></query>";
  CHECK(count(world.iq(bert, "get", get), {"<instructions>"}) == 1);
  CHECK(is_result(world.iq(bert, "set", get)));
  CHECK(count(world.iq(bert, "get", get), {"<registered/><username>Bert</username>"}) == 1);
  world.leave(bert, "Bert");
  world.speak(anna, "hi");
  CHECK(world.mailbox("bert") == 1);
  world.iq(bert, "set", leave);
  world.speak(anna, "hi again");
  CHECK(world.mailbox("bert") == 1);
  CHECK(is_refused(world.iq(anna, "set", leave), "cancel", "conflict"));
  world.configure(anna, World::field("membersonly", "1"));
  CHECK(is_refused(world.iq(bert, "set", get), "cancel", "not-allowed"));
}

TEST_CASE("groups: an account that is removed is nothing in any room, whoever has the name next") {
  World world;
  const hl_session anna = world.opened_by_anna(), bert = world.member(anna, "bert", "Bert");
  world.make(anna, "bert", "owner");
  world.say(bert, invite("carl"));
  world.say(anna, invite("bert"));
  world.forget_sent();
  world.host.end(bert);
  world.host.post("groups", "bert@localhost", 30, "");
  world.host.run();
  CHECK(world.host.state().tables["memberships"]["bert@localhost"].empty());
  for (const auto& [key, row] : world.host.state().tables["rooms"]["room@groups.localhost"])
    CHECK_FALSE(has(key, "bert"));
  CHECK(count(world.enter(world.online("bert"), "Bert"), {"affiliation='none'", "code='110'"}) == 1);
}
