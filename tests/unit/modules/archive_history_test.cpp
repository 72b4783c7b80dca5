// What stays in an archive, for how long, and what its owner wants in it; rows from one schema to the next.
#include "archive/archived_row.h"
#include "archive/preferences.h"
#include "unit/modules/archive_world.h"

using namespace hotline::archive_test;
using hotline::archive::ArchivedRow;

TEST_CASE("archive: beyond as many messages as it may have the oldest go") {
  World world;
  world.host.numbers["messages_max"] = 3;
  world.host.renew();
  const hl_session alice = world.online("alice");
  for (const char* body : {"1", "2", "3", "4", "5"}) world.hears(body);
  CHECK(world.ask(alice, "").bodies == Bodies{"3", "4", "5"});
  CHECK(world.rows("alice").size() == 3);
}

TEST_CASE("archive: beyond as many bytes as it may have the oldest go, and what alone has more is not kept") {
  World world;
  world.host.numbers["bytes_max"] = 64 << 10;
  world.host.renew();
  const hl_session alice = world.online("alice");
  const std::string half(31 << 10, 'x');
  for (const char* body : {"1", "2", "3"}) world.hears(body + half);
  CHECK(world.ask(alice, "").bodies == Bodies{"2" + half, "3" + half});
  world.hears(std::string(65 << 10, 'x'));
  CHECK(world.ask(alice, "").bodies == Bodies{"2" + half, "3" + half});
  // How many bytes there are is counted anew where the host has forgotten it.
  world.host.state().tables["archive_state"].clear();
  world.hears("4" + half);
  CHECK(world.ask(alice, "").bodies == Bodies{"3" + half, "4" + half});
}

TEST_CASE("archive: what is larger than rows are is not kept, is no fault, and pushes nothing out") {
  World world;
  world.host.numbers["bytes_max"] = 1'300'000;
  world.host.renew();
  for (int i = 0; i < 2; ++i) world.hears(std::string(300'000, 'x'));
  for (int i = 0; i < 5; ++i) world.hears(std::string(HL_ROW_SIZE_MAX, 'x'));
  CHECK(world.host.failed.empty());
  CHECK(world.host.state().counters["archive.archive_refused"] == 5);
  CHECK(world.rows("alice").size() == 2);
  world.hears(std::string(HL_ROW_SIZE_MAX - 200, 'x'));
  CHECK(world.rows("alice").size() == 1);  // It fits alone.
}

TEST_CASE("archive: what is older than its days is not shown, and is swept, also of who does nothing") {
  World world;
  world.host.numbers["days"] = 2;
  world.host.renew();
  const hl_session alice = world.online("alice");
  world.hears("old");
  world.keep("bob", "alice@localhost", World::message("bob@localhost", "alice@localhost", "old"));
  world.host.advance(day_ms);
  world.hears("new");
  CHECK(world.ask(alice, "").bodies == Bodies{"old", "new"});
  world.host.wall_ms += day_ms;
  CHECK(world.ask(alice, "").bodies == Bodies{"new"});
  CHECK(world.rows("alice").size() == 2);
  world.host.advance(3'601'000);
  CHECK(world.rows("alice").size() == 1);
  CHECK(world.rows("bob").empty());
}

TEST_CASE(
    "archive: a sweep takes what there is in slices, and goes on where it was after a restart's first "
    "event") {
  World world;
  world.host.numbers["days"] = 1;
  world.host.renew();
  for (int i = 0; i < 120; ++i) {
    const std::string name = "user" + std::to_string(i);
    for (int j = 0; j < 10; ++j)
      world.keep(name, "bob@localhost", World::message("bob@localhost", name + "@localhost", "x"));
  }
  world.host.state().timers.clear();  // They do not outlive the host, and neither do volatile rows.
  world.host.state().tables["archive_state"].clear();
  world.host.wall_ms += 2 * day_ms;
  world.host.advance(3'700'000);
  CHECK(world.rows("user0").size() == 10);
  world.ask(world.online("alice"), "");
  world.host.advance(3'700'000);
  std::size_t left = 0;
  for (int i = 0; i < 120; ++i) left += world.rows("user" + std::to_string(i)).size();
  CHECK(left == 0);
}

TEST_CASE("archive: an account that was removed, or has a new key, leaves nothing") {
  World world;
  const hl_session alice = world.online("alice");
  world.hears("one");
  world.set(alice, "<prefs xmlns='urn:xmpp:mam:2' default='never'/>");
  CHECK(world.host.post("archive", "alice@localhost", hotline::archive::topic::forget, "") == HL_OK);
  CHECK(world.rows("alice").empty());
  CHECK(world.host.state().tables["archive_preferences"]["alice@localhost"].empty());
}

TEST_CASE("archive: what another generation may have posted is passed over") {
  World world;
  for (const std::string& bytes :
       {std::string(), std::string("id"), std::string("x\ny\n<message></message>"),
        hotline::archive::moment_text(1) + "0123456789abcdef\n\n<message></message>",
        hotline::archive::moment_text(1) + "0123456789abcdef\nbob@localhost\n<presence></presence>"}) {
    CAPTURE(bytes);
    CHECK(world.host.post("archive", "alice@localhost", hotline::archive::topic::keep, bytes) == HL_OK);
  }
  CHECK(world.rows("alice").empty());
  CHECK(world.host.post("archive", "alice@localhost", 99, "") == HL_E_NONE);
}

TEST_CASE("archive: a message that is posted twice is kept once") {
  World world;
  const hl_session alice = world.online("alice");
  const std::string id = world.hears("one");
  const std::string bytes =
      id + "\nbob@localhost/desk\n" + World::message("bob@localhost/desk", "alice@localhost", "one");
  CHECK(world.host.post("archive", "alice@localhost", hotline::archive::topic::keep, bytes) == HL_OK);
  CHECK(world.ask(alice, "").bodies == Bodies{"one"});
}

TEST_CASE("archive: preferences are told and set, whole or not at all (XEP-0441)") {
  World world;
  const hl_session alice = world.online("alice");
  CHECK(has(world.get(alice, "<prefs xmlns='urn:xmpp:mam:2'/>"),
            "<prefs xmlns='urn:xmpp:mam:2' default='always'><always/><never/></prefs>"));
  const std::string wanted =
      "<prefs xmlns='urn:xmpp:mam:2' default='roster'><always><jid>BOB@localhost</jid></always>"
      "<never><jid>carol@localhost/desk</jid></never></prefs>";
  const std::string told =
      "<prefs xmlns='urn:xmpp:mam:2' default='roster'><always><jid>bob@localhost</jid></always>"
      "<never><jid>carol@localhost/desk</jid></never></prefs>";
  CHECK(has(world.set(alice, wanted), told));
  CHECK(has(world.get(alice, "<prefs xmlns='urn:xmpp:mam:2'/>"), told));
  std::string many;
  for (int i = 0; i < 201; ++i) many += "<jid>user" + std::to_string(i) + "@localhost</jid>";
  CHECK(is_error(
      world.set(alice, "<prefs xmlns='urn:xmpp:mam:2' default='never'><always>" + many + "</always></prefs>"),
      "modify", "policy-violation"));
  CHECK(is_error(world.set(alice, "<prefs xmlns='urn:xmpp:mam:2' default='sometimes'/>"), "modify",
                 "bad-request"));
  CHECK(is_error(world.set(alice, "<prefs xmlns='urn:xmpp:mam:2'/>"), "modify", "bad-request"));
  CHECK(is_error(
      world.set(alice, "<prefs xmlns='urn:xmpp:mam:2' default='never'><never><jid>@</jid></never></prefs>"),
      "modify", "jid-malformed"));
  CHECK(has(world.get(alice, "<prefs xmlns='urn:xmpp:mam:2'/>"), told));
}

TEST_CASE("archive: a row goes up and down unchanged, and one that was cut is refused") {
  for (const std::string& message :
       {std::string("<message from='a@b' to='c@d'><body>hi</body></message>"),
        std::string("<message to='c@d'><encrypted xmlns='urn:xmpp:omemo:2'/></message>")}) {
    const std::string one = "bob@localhost/desk\n" + message;
    const auto two = ArchivedRow::convert(1, 2, one);
    REQUIRE(two);
    CHECK(two->front() == (has(message, "<encrypted ") ? 'e' : '-'));
    CHECK(ArchivedRow::convert(2, 1, *two) == one);
    for (std::size_t size = 0; size < two->size(); ++size) {
      CHECK_FALSE(ArchivedRow::convert(2, 1, two->substr(0, size)));
      if (size < one.size()) CHECK_FALSE(ArchivedRow::convert(1, 2, one.substr(0, size)));
    }
  }
  CHECK_FALSE(ArchivedRow::convert(1, 3, "bob@localhost\n<message></message>"));
  CHECK_FALSE(ArchivedRow::convert(2, 1, "e bob@localhost\n<message></message>"));
}

TEST_CASE("archive: an instance destroyed between any two events is not missed") {
  World world;
  const hl_session alice = world.online("alice");
  world.hears("1");
  world.host.renew();
  world.hears("2");
  world.host.renew();
  CHECK(world.ask(alice, "").bodies == Bodies{"1", "2"});
}
