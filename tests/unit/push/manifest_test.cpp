#include "push/manifest.h"

#include <doctest/doctest.h>

#include <string>

using namespace hotline;

namespace {

const std::string head = "name roster\nversion 1.4.2\nabi 1.0\n";

std::string refusal(const std::string& text) {
  const Result<Manifest> parsed = Manifest::parse(text);
  return parsed ? std::string("accepted") : parsed.error().message;
}

}  // namespace

TEST_CASE("manifest: every word is read") {
  const Result<Manifest> parsed = Manifest::parse(
      head +
      "about Keeps rosters,  two spaces\nneeds hotline.table/1\nwants hotline.crypto/2\n"
      "table roster durable writes 2 reads 2 1\ntable seen volatile writes 1 reads 1\n"
      "reads-table accounts\nroute message any\nroute iq jabber:iq:roster self\nroute iq * full\n"
      "route nonza urn:ietf:params:xml:ns:xmpp-sasl none before-login\nroute presence bare before-bind\n"
      "stream\nsessions\ndrain\nline echo\nservice groups\ncommand user.add account\ncommand count "
      "everywhere\n"
      "accepts-posts routing\nfeature urn:xmpp:ping\nbudget call_us 20000\nbudget hard_us 90000\n");
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().message));
  CHECK(parsed->label() == "roster 1.4.2");
  CHECK(parsed->abi_major == 1);
  CHECK(parsed->abi_minor == 0);
  CHECK(parsed->about == "Keeps rosters,  two spaces");
  CHECK(parsed->names_capability("hotline.table/1"));
  CHECK(parsed->names_capability("hotline.crypto/2"));
  CHECK_FALSE(parsed->names_capability("hotline.table/2"));
  REQUIRE(parsed->table("roster") != nullptr);
  CHECK(parsed->table("roster")->is_durable);
  CHECK(parsed->table("roster")->writes == 2);
  CHECK(parsed->table("roster")->reads == std::vector<std::uint32_t>{1, 2});
  CHECK_FALSE(parsed->table("seen")->is_durable);
  CHECK(parsed->table("accounts") == nullptr);
  CHECK(parsed->reads_tables == std::vector<std::string>{"accounts"});
  REQUIRE(parsed->routes.size() == 5);
  CHECK(parsed->routes[1] == Route{Stanza::Kind::iq, "jabber:iq:roster", AddressClass::self, When::bound});
  CHECK(parsed->routes[3].text() == "nonza urn:ietf:params:xml:ns:xmpp-sasl none before-login");
  CHECK(parsed->routes[4].text() == "presence bare before-bind");
  CHECK(parsed->wants_stream);
  CHECK(parsed->wants_sessions);
  CHECK(parsed->drains);
  CHECK(parsed->lines == std::vector<std::string>{"echo"});
  CHECK(parsed->services == std::vector<std::string>{"groups"});
  REQUIRE(parsed->commands.size() == 2);
  CHECK_FALSE(parsed->commands[0].is_everywhere);
  CHECK(parsed->commands[1].is_everywhere);
  CHECK(parsed->accepts_posts == std::vector<std::string>{"routing"});
  CHECK(parsed->features == std::vector<std::string>{"urn:xmpp:ping"});
  CHECK(parsed->budget_call_us == 20000);
  CHECK(parsed->budget_hard_us == 90000);
  CHECK(parsed->claims().size() == 5 + 2 + 2 + 1 + 1 + 1);
}

TEST_CASE("manifest: blank lines and indentation are fine, as raw string literals have them") {
  const Result<Manifest> parsed = Manifest::parse(head + "\n  about Fine\n\t\n  route message any\n  ");
  REQUIRE(parsed.has_value());
  CHECK(parsed->about == "Fine");
}

TEST_CASE("manifest: an unknown word is refused with its line") {
  CHECK(refusal(head + "rouet message any\n") ==
        "manifest line 4: unknown word `rouet`: hotline/manifest.h lists the known ones");
  CHECK(refusal(head + "# a remark\n").find("line 4: unknown word `#`") != std::string::npos);
}

TEST_CASE("manifest: a duplicate of anything is refused with its line") {
  for (const std::string line : {"about x",
                                 "needs a/1",
                                 "wants a/1",
                                 "table t durable writes 1 reads 1",
                                 "reads-table t",
                                 "route message any",
                                 "stream",
                                 "sessions",
                                 "drain",
                                 "line echo",
                                 "http GET /a",
                                 "service groups",
                                 "command c account",
                                 "accepts-posts m",
                                 "feature f",
                                 "budget call_us 1000",
                                 "budget hard_us 1000",
                                 "name roster",
                                 "version 1.4.2",
                                 "abi 1.0"}) {
    CAPTURE(line);
    const bool is_head = head.find(line + "\n") != std::string::npos;
    const std::string message = refusal(head + (is_head ? "" : line + "\n") + "\n" + line + "\n");
    CHECK(message.find(is_head ? "manifest line 5: " : "manifest line 6: ") == 0);
    CHECK(message.find("is there twice") != std::string::npos);
  }
  CHECK(refusal(head + "needs a/1\nwants a/1\n").find("`a/1` is there twice") != std::string::npos);
  CHECK(refusal(head + "command c account\ncommand c everywhere\n").find("twice") != std::string::npos);
}

TEST_CASE("manifest: what is not of a word's form is refused with its line") {
  for (const std::string line : {"name Roster",
                                 "name ../etc",
                                 "version 1.2",
                                 "version 1.2.3.4",
                                 "version 1.2.-3",
                                 "version 01.2.3",
                                 "version 1.2.9999999",
                                 "abi 1",
                                 "abi 1.x",
                                 "abi 70000.0",
                                 "service Groups",
                                 "service groups.x",
                                 "service -groups",
                                 "needs hotline.table",
                                 "needs hotline.table/0",
                                 "needs /1",
                                 "table t durable writes 1",
                                 "table t eternal writes 1 reads 1",
                                 "table t durable writes 0 reads 0",
                                 "table t durable writes 2 reads 1",
                                 "table t durable writes x reads 1",
                                 "table t durable reads 1 writes 1",
                                 "table t durable writes 1 reads 1 1",
                                 "table t durable writes 99999999999 reads 1",
                                 "route telegram any",
                                 "route message",
                                 "route message to",
                                 "route message urn:x any",
                                 "route iq any",
                                 "route iq urn:x any later",
                                 "route iq urn:x",
                                 "stream please",
                                 "line",
                                 "line ECHO",
                                 "http GET",
                                 "http HEAD /a",
                                 "http get /a",
                                 "http GET a",
                                 "http GET /a/",
                                 "http GET //a",
                                 "http GET /a?b",
                                 "http GET /a%20b",
                                 "command c",
                                 "command c nowhere",
                                 "accepts-posts A",
                                 "budget call_us 0",
                                 "budget call_us 99999999",
                                 "budget wall_us 100",
                                 "about",
                                 "feature",
                                 "reads-table a/b"}) {
    CAPTURE(line);
    CHECK(refusal(line + "\n" + head).find("manifest line 1: ") == 0);
  }
}

TEST_CASE("manifest: without name, version or ABI there is none") {
  CHECK(refusal("version 1.0.0\nabi 1.0\n").find("no `name` line") != std::string::npos);
  CHECK(refusal("name a\nabi 1.0\n").find("no `version` line") != std::string::npos);
  CHECK(refusal("name a\nversion 1.0.0\n").find("no `abi` line") != std::string::npos);
  CHECK(refusal("").find("no `name` line") != std::string::npos);
}

TEST_CASE("manifest: its sizes are bounded") {
  CHECK(refusal(head + "about " + std::string(2000, 'x') + "\n").find("line 4: longer than 1024 bytes") !=
        std::string::npos);
  CHECK(refusal(std::string(Manifest::text_bytes_max + 1, '\n')).find("more than the 65536") !=
        std::string::npos);
  std::string routes = head;
  for (int i = 0; i < 300; ++i) routes += "route iq urn:" + std::to_string(i) + " any\n";
  CHECK(refusal(routes) == "manifest line 260: more than 256 routes");
  std::string words = head + "about";
  for (int i = 0; i < 60; ++i) words += " x";
  CHECK(refusal(words).find("more than 40 words") != std::string::npos);
  CHECK(refusal(head + "about a\x01z\n").find("control character") != std::string::npos);
}

TEST_CASE("manifest: what is not UTF-8 is refused") {
  CHECK(Manifest::parse(head + "about Vorg\xc3\xa4nge \xe2\x82\xac \xf0\x9f\x94\xa5\n").has_value());
  for (const std::string bytes :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xe2\x82"})
    CHECK(refusal(head + "about " + bytes + "\n") == "manifest line 4: it is not UTF-8");
}

TEST_CASE("manifest: versions compare by number, not by letter") {
  CHECK(*Version::parse("1.10.0") > *Version::parse("1.9.9"));
  CHECK(*Version::parse("2.0.0") > *Version::parse("1.99.99"));
  CHECK(*Version::parse("1.2.3") == *Version::parse("1.2.3"));
  CHECK(Version::parse("1.2.3")->text() == "1.2.3");
  CHECK(Version::parse("1.2.").error().message == "`1.2.` is not a version: x.y.z, three numbers");
  CHECK_FALSE(Version::parse("").has_value());
  CHECK_FALSE(Version::parse("1.2.3-rc1").has_value());
}
