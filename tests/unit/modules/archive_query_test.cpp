// What a user's clients get from the user's archive (XEP-0313), page by page (XEP-0059), and what is refused.
#include "unit/modules/archive_world.h"

using namespace hotline::archive_test;

TEST_CASE("archive: what was sent and received comes in order, as it was, with its id and time") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string first = world.hears("one");
  world.says("bob@localhost/desk", "two");
  const Answer all = world.ask(alice, "");
  CHECK(all.bodies == Bodies{"one", "two"});
  CHECK(all.ids.front() == first);
  CHECK(all.raw.front() ==
        "<message from='alice@localhost' to='alice@localhost/phone'><result xmlns='urn:xmpp:mam:2' "
        "queryid='q' id='" +
            first +
            "'><forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' "
            "stamp='2014-02-24T19:00:00.000Z'/><message xmlns='jabber:client' from='bob@localhost/desk' "
            "to='alice@localhost' type='chat'><body>one</body></message></forwarded></result></message>");
  CHECK(all.is_complete());
  CHECK(has(all.fin, "<count>2</count>"));
  CHECK(has(all.fin, "<first>" + first + "</first><last>" + all.ids.back() + "</last>"));
}

TEST_CASE("archive: bodies that are encrypted end to end stay as they came") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string secret = "<encrypted xmlns='urn:xmpp:omemo:2'><payload>AAECAwQ=</payload></encrypted>";
  world.keep("alice", "bob@localhost/desk",
             "<message from='bob@localhost/desk' to='alice@localhost'>" + secret + "</message>");
  CHECK(has(world.ask(alice, "").raw.front(), secret));
}

TEST_CASE("archive: an empty archive is complete") {
  World world;
  const Answer none = world.ask(world.online("alice"), "");
  CHECK(none.bodies.empty());
  CHECK(none.is_complete());
  CHECK(has(none.fin,
            "<fin xmlns='urn:xmpp:mam:2' complete='true'><set xmlns='http://jabber.org/protocol/rsm'>"
            "<count>0</count></set></fin>"));
}

TEST_CASE("archive: nobody reads another account's archive") {
  World world;
  world.hears("for alice");
  const hl_session mallory = world.online("mallory");
  CHECK(world.ask(mallory, "").bodies.empty());
  CHECK(world.ask(mallory, form(field("with", "alice@localhost"))).bodies.empty());
  // No route of archive's takes what is for another account: routing answers service-unavailable.
  CHECK(world.host.stanza(
            mallory, "<iq type='set' id='1' to='alice@localhost'><query xmlns='urn:xmpp:mam:2'/></iq>") ==
        HL_E_NONE);
  CHECK(world.host.stanza(
            mallory, "<iq type='get' id='1' to='alice@localhost'><prefs xmlns='urn:xmpp:mam:2'/></iq>") ==
        HL_E_NONE);
  CHECK(world.host.sent(mallory).empty());
}

TEST_CASE("archive: pages go forwards by after, until one is complete") {
  World world;
  const hl_session alice = world.online("alice");
  for (const char* body : {"1", "2", "3", "4", "5"}) world.hears(body);
  const Answer one = world.ask(alice, page("<max>2</max>"));
  CHECK(one.bodies == Bodies{"1", "2"});
  CHECK_FALSE(one.is_complete());
  const Answer two = world.ask(alice, page("<max>2</max><after>" + one.ids.back() + "</after>"));
  CHECK(two.bodies == Bodies{"3", "4"});
  const Answer three = world.ask(alice, page("<max>2</max><after>" + two.ids.back() + "</after>"));
  CHECK(three.bodies == Bodies{"5"});
  CHECK(three.is_complete());
  CHECK_FALSE(has(three.fin, "<count>"));  // It would be of a part.
}

TEST_CASE("archive: pages go backwards by before, each in order of time, or flipped") {
  World world;
  const hl_session alice = world.online("alice");
  for (const char* body : {"1", "2", "3", "4", "5"}) world.hears(body);
  const Answer last = world.ask(alice, page("<max>2</max><before/>"));
  CHECK(last.bodies == Bodies{"4", "5"});
  CHECK_FALSE(last.is_complete());
  CHECK(has(last.fin, "<count>5</count>"));
  const Answer flipped =
      world.ask(alice, page("<max>2</max><before>" + last.ids.front() + "</before>") + "<flip-page/>");
  CHECK(flipped.bodies == Bodies{"3", "2"});
  CHECK(has(flipped.fin, "<first>" + flipped.ids.back() + "</first>"));  // As if it were not.
  const Answer first = world.ask(alice, page("<max>2</max><before>" + flipped.ids.back() + "</before>"));
  CHECK(first.bodies == Bodies{"1"});
  CHECK(first.is_complete());
}

TEST_CASE("archive: with max 0 only the count is told") {
  World world;
  const hl_session alice = world.online("alice");
  for (const char* body : {"1", "2", "3"}) world.hears(body);
  const Answer count = world.ask(alice, page("<max>0</max>"));
  CHECK(count.bodies.empty());
  CHECK_FALSE(count.is_complete());
  CHECK(has(count.fin, "<count>3</count>"));
}

TEST_CASE("archive: a page has 100 messages at the most, and 512 KiB") {
  World world;
  const hl_session alice = world.online("alice");
  for (int i = 0; i < 101; ++i) world.hears(std::to_string(i));
  CHECK(world.ask(alice, page("<max>100000</max>")).bodies.size() == 100);
  CHECK(world.ask(alice, "").bodies.size() == 50);
  const std::string large(200 << 10, 'x');
  for (const char* body : {"a", "b", "c"}) world.hears(body + large);
  const Answer backwards = world.ask(alice, page("<before/>"));
  CHECK(backwards.bodies.size() == 2);
  CHECK_FALSE(backwards.is_complete());
  const Answer forwards = world.ask(alice, form(field("start", "2014-02-24T19:00:00.101Z")));
  CHECK(forwards.bodies == Bodies{"a" + large, "b" + large});
  CHECK_FALSE(forwards.is_complete());
}

TEST_CASE("archive: with finds by the bare address, or by one resource, or what one has sent to oneself") {
  World world;
  const hl_session alice = world.online("alice");
  world.hears("desk", "bob@localhost/desk");
  world.hears("phone", "bob@localhost/phone");
  world.says("bob@localhost", "bare");
  world.says("carol@localhost", "other");
  world.says("alice@localhost", "self");
  const auto with = [&](const std::string& address) {
    return world.ask(alice, form(field("with", address))).bodies;
  };
  CHECK(with("bob@localhost") == Bodies{"desk", "phone", "bare"});
  CHECK(with("bob@localhost/phone") == Bodies{"phone"});
  CHECK(with("BOB@localhost/phone") == Bodies{"phone"});
  CHECK(with("alice@localhost") == Bodies{"self"});
  CHECK(with("alice@localhost/phone") == Bodies{"self"});
  CHECK(with("nobody@localhost").empty());
}

TEST_CASE("archive: start and end are inclusive, to the millisecond, in any zone") {
  World world;
  const hl_session alice = world.online("alice");
  for (const char* body : {"0", "1", "2", "3"}) world.hears(body);  // 19:00:00.000 and on.
  const auto range = [&](const std::string& start, const std::string& end) {
    return world.ask(alice, form(field("start", start) + field("end", end))).bodies;
  };
  CHECK(range("2014-02-24T19:00:00.001Z", "2014-02-24T19:00:00.002Z") == Bodies{"1", "2"});
  CHECK(range("2014-02-24T20:00:00.001+01:00", "2014-02-24T14:00:00.002-05:00") == Bodies{"1", "2"});
  CHECK(range("0001-01-01T00:00:00Z", "2014-02-24T19:00:00Z") == Bodies{"0"});
  CHECK(range("2014-02-24T19:00:01Z", "").empty());
}

TEST_CASE("archive: messages of one millisecond are all found by it, in order") {
  World world;
  const hl_session alice = world.online("alice");
  for (const char* body : {"a", "b", "c"})
    world.keep("alice", "bob@localhost/desk", World::message("bob@localhost/desk", "alice@localhost", body));
  const std::string moment = "2014-02-24T19:00:00Z";
  CHECK(world.ask(alice, form(field("start", moment) + field("end", moment))).bodies ==
        Bodies{"a", "b", "c"});
}

TEST_CASE("archive: before-id, after-id and ids choose by id") {
  World world;
  const hl_session alice = world.online("alice");
  std::vector<std::string> ids;
  for (const char* body : {"0", "1", "2", "3"}) ids.push_back(world.hears(body));
  CHECK(world.ask(alice, form(field("after-id", ids[0]) + field("before-id", ids[3]))).bodies ==
        Bodies{"1", "2"});
  const std::string two =
      "<field var='ids'><value>" + ids[3] + "</value><value>" + ids[1] + "</value></field>";
  CHECK(world.ask(alice, form(two)).bodies == Bodies{"1", "3"});
  CHECK(world.ask(alice, form("<field var='ids'/>")).bodies.empty());
}

TEST_CASE("archive: an id that is not there, or no more, is item-not-found wherever it is named") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string old = world.hears("old");
  world.host.wall_ms += 31 * day_ms;
  world.hears("new");
  world.keep("bob", "alice@localhost", World::message("bob@localhost", "alice@localhost", "new"));
  for (const std::string& id : {std::string("x"), old, world.rows("bob").begin()->first}) {
    CAPTURE(id);
    for (const std::string& asked :
         {page("<after>" + id + "</after>"), page("<before>" + id + "</before>"), form(field("after-id", id)),
          form(field("before-id", id)), form(field("ids", id))})
      CHECK(is_error(world.ask(alice, asked).fin, "cancel", "item-not-found"));
  }
}

TEST_CASE("archive: what is asked for wrongly is refused with the reason, and nothing is sent") {
  struct Line {
    std::string asked;
    const char* type;
    const char* condition;
  };
  std::string many;
  World world;
  const hl_session alice = world.online("alice");
  const std::string id = world.hears("one");
  for (int i = 0; i < 101; ++i) many += "<value>" + id + "</value>";
  for (const Line& line : std::vector<Line>{
           {"<x xmlns='jabber:x:data'>" + field("FORM_TYPE", "urn:other") + "</x>", "modify", "bad-request"},
           {form(field("start", "yesterday")), "modify", "bad-request"},
           {form(field("start", "2014-02-24T19:00:00")), "modify", "bad-request"},
           {form(field("end", "2014-13-24T19:00:00Z")), "modify", "bad-request"},
           {form(field("end", "2014-02-24T19:00:00Zx")), "modify", "bad-request"},
           {form(field("with", "@")), "modify", "jid-malformed"},
           {form(field("withtext", "love")), "cancel", "feature-not-implemented"},
           {form("<field var='ids'>" + many + "</field>"), "modify", "policy-violation"},
           {page("<max>-1</max>"), "modify", "bad-request"},
           {page("<max>ten</max>"), "modify", "bad-request"},
           {page("<max/>"), "modify", "bad-request"},
           {page("<index>1</index>"), "cancel", "feature-not-implemented"}}) {
    CAPTURE(line.asked);
    const Answer refused = world.ask(alice, line.asked);
    CHECK(is_error(refused.fin, line.type, line.condition));
    CHECK(refused.bodies.empty());
  }
  CHECK(is_error(world.ask(alice, "", "node='n'").fin, "cancel", "item-not-found"));
  // Each message of the answer would have it, six times as long.
  const std::string long_id = "queryid='" + std::string(257, '"') + "'";
  CHECK(is_error(world.ask(alice, "", long_id).fin, "modify", "bad-request"));
}

TEST_CASE("archive: more queries in a second than may be are refused, until the next") {
  World world;
  world.host.numbers["queries_per_second"] = 2;
  world.host.renew();
  const hl_session alice = world.online("alice"), bob = world.online("bob");
  CHECK(world.ask(alice, "").is_complete());
  CHECK(world.ask(alice, "").is_complete());
  CHECK(is_error(world.ask(alice, "").fin, "wait", "policy-violation"));
  CHECK(world.ask(bob, "").is_complete());  // Nobody else's concern.
  world.host.wall_ms += 1'000;
  CHECK(world.ask(alice, "").is_complete());
}

TEST_CASE("archive: which fields there are, and where the archive begins and ends, is told") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string fields = world.get(alice, "<query xmlns='urn:xmpp:mam:2'/>");
  for (const char* name : {"'with'", "'start'", "'end'", "'before-id'", "'after-id'", "'ids'"})
    CHECK(has(fields, std::string("<field var=") + name));
  const std::string none = world.get(alice, "<metadata xmlns='urn:xmpp:mam:2'/>");
  CHECK(has(none, "<metadata xmlns='urn:xmpp:mam:2'></metadata>"));
  const std::string first = world.hears("1");
  world.hears("2");
  const std::string last = world.hears("3");
  const std::string metadata = world.get(alice, "<metadata xmlns='urn:xmpp:mam:2'/>");
  CHECK(has(metadata, "<start id='" + first + "' timestamp='2014-02-24T19:00:00.000Z'/>"));
  CHECK(has(metadata, "<end id='" + last + "' timestamp='2014-02-24T19:00:00.002Z'/>"));
}
