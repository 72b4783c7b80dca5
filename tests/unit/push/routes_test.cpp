#include "push/routes.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace hotline;
using Kind = Stanza::Kind;

namespace {

Manifest manifest(const std::string& name, const std::string& version, const std::string& lines) {
  const Result<Manifest> parsed =
      Manifest::parse("name " + name + "\nversion " + version + "\nabi 1.0\n" + lines);
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().message));
  return *parsed;
}

RouteTable table_of(const std::vector<Manifest>& modules) {
  std::vector<const Manifest*> pointers;
  for (const Manifest& module : modules) pointers.push_back(&module);
  Result<RouteTable> table = RouteTable::build(pointers);
  REQUIRE_MESSAGE(table.has_value(), (table ? "" : table.error().message));
  return *table;
}

}  // namespace

TEST_CASE("routes: a table of no modules routes nothing") {
  const RouteTable table;
  CHECK(table.lookup(Kind::message, "", AddressClass::bare, When::bound) == no_module);
  CHECK(table.lookup(Kind::iq, "jabber:iq:roster", AddressClass::none, When::bound) == no_module);
  CHECK(table.stream() == no_module);
  CHECK(table.line("echo") == no_module);
  CHECK(table.command("user.add").module == no_module);
}

TEST_CASE("routes: what a disabled module claims stays its own, and nothing of it is shown") {
  const Manifest rooms =
      manifest("rooms", "1.0.0", "service rooms\nsessions\nfeature urn:rooms\nroute iq urn:rooms self\n");
  const Manifest other =
      manifest("other", "1.0.0", "service other\nsessions\nfeature urn:other\nroute iq * any\n");
  const std::vector<const Manifest*> both{&rooms, &other};
  const std::vector<ModuleIndex> disabled{0};
  const Result<RouteTable> table = RouteTable::build(both, disabled);
  REQUIRE(table.has_value());
  CHECK(table->service("rooms") == 0);
  CHECK(table->lookup(Kind::iq, "urn:rooms", AddressClass::self, When::bound) == 0);
  CHECK(table->features() == std::vector<std::string>{"urn:other"});
  CHECK(table->services() == std::vector<std::string>{"other"});
  CHECK(table->sessions() == std::vector<ModuleIndex>{1});
}

TEST_CASE("routes: the exact address class wins over the wider, for message and presence") {
  const RouteTable table = table_of({manifest("wide", "1.0.0", "route message any\nroute presence bare\n"),
                                     manifest("own", "1.0.0", "route message self\nroute presence none\n"),
                                     manifest("full", "1.0.0", "route message full\n")});
  const auto message = [&](AddressClass address) {
    return table.lookup(Kind::message, "", address, When::bound);
  };
  CHECK(message(AddressClass::self) == 1);
  CHECK(message(AddressClass::none) == 1);  // A `self` route also takes an absent address.
  CHECK(message(AddressClass::full) == 2);
  CHECK(message(AddressClass::bare) == 0);
  CHECK(message(AddressClass::domain) == 0);
  const auto presence = [&](AddressClass address) {
    return table.lookup(Kind::presence, "", address, When::bound);
  };
  CHECK(presence(AddressClass::none) == 1);
  CHECK(presence(AddressClass::self) == 0);  // The own bare address is a bare address.
  CHECK(presence(AddressClass::bare) == 0);
  CHECK(presence(AddressClass::full) == no_module);
  CHECK(presence(AddressClass::domain) == no_module);
}

TEST_CASE("routes: an absent address prefers `none` over `self` over `any`") {
  const RouteTable table = table_of({manifest("wide", "1.0.0", "route iq urn:x any\n"),
                                     manifest("own", "1.0.0", "route iq urn:x self\n"),
                                     manifest("absent", "1.0.0", "route iq urn:x none\n")});
  CHECK(table.lookup(Kind::iq, "urn:x", AddressClass::none, When::bound) == 2);
  CHECK(table.lookup(Kind::iq, "urn:x", AddressClass::self, When::bound) == 1);
  CHECK(table.lookup(Kind::iq, "urn:x", AddressClass::bare, When::bound) == 0);
}

TEST_CASE("routes: the exact namespace wins over `*`, even with a wider address") {
  const RouteTable table = table_of({manifest("other", "1.0.0", "route iq * full\nroute iq * domain\n"),
                                     manifest("ping", "1.0.0", "route iq urn:xmpp:ping any\n"),
                                     manifest("roster", "1.0.0", "route iq jabber:iq:roster self\n")});
  CHECK(table.lookup(Kind::iq, "urn:xmpp:ping", AddressClass::full, When::bound) == 1);
  CHECK(table.lookup(Kind::iq, "jabber:iq:roster", AddressClass::none, When::bound) == 2);
  // What the exact namespace has no address for goes to `*`.
  CHECK(table.lookup(Kind::iq, "jabber:iq:roster", AddressClass::full, When::bound) == 0);
  CHECK(table.lookup(Kind::iq, "jabber:iq:roster", AddressClass::bare, When::bound) == no_module);
  CHECK(table.lookup(Kind::iq, "urn:unknown", AddressClass::domain, When::bound) == 0);
  CHECK(table.lookup(Kind::iq, "", AddressClass::full, When::bound) == 0);
}

TEST_CASE("routes: an HTTP request goes to the longest path that it begins with, at a '/'") {
  const RouteTable table =
      table_of({manifest("short", "1.0.0", "http GET /a\nhttp POST /a\n"),
                manifest("long", "1.0.0", "http GET /a/b\n"), manifest("root", "1.0.0", "http PUT /\n")});
  CHECK(table.http("GET", "/a").module == 0);
  CHECK(table.http("GET", "/a/").module == 0);
  CHECK(table.http("GET", "/a/c").module == 0);
  CHECK(table.http("GET", "/a/b").module == 1);
  CHECK(table.http("GET", "/a/b/c").module == 1);
  CHECK(table.http("GET", "/a/bc").module == 0);
  CHECK(table.http("PUT", "/anything").module == 2);
  CHECK(table.http("POST", "/a/b").module == 0);  // The longer path is for another method.
  CHECK(table.http("GET", "/ab").module == no_module);
  CHECK(table.http("GET", "/ab").allowed == "PUT");
  CHECK(table.http("DELETE", "/a/b").allowed == "GET, POST, PUT");
  const Manifest other = manifest("other", "1.0.0", "http GET /a\n"),
                 one = manifest("one", "1.0.0", "http GET /a\n");
  const Manifest* others[] = {&one};
  CHECK(claim_conflicts(other, others).front().find("it claims `http GET /a`, which one 1.0.0 has") !=
        std::string::npos);
}

TEST_CASE("routes: iq and nonza of one namespace are told apart") {
  const RouteTable table = table_of(
      {manifest("a", "1.0.0", "route iq urn:x any\n"), manifest("b", "1.0.0", "route nonza urn:x any\n")});
  CHECK(table.lookup(Kind::iq, "urn:x", AddressClass::none, When::bound) == 0);
  CHECK(table.lookup(Kind::nonza, "urn:x", AddressClass::none, When::bound) == 1);
}

TEST_CASE("routes: a route that says nothing of when is not reached before bind or before login") {
  const RouteTable table =
      table_of({manifest("routing", "1.0.0", "route message any\nroute iq * any\n"),
                manifest("session", "1.0.0",
                         "route nonza urn:ietf:params:xml:ns:xmpp-sasl none before-login\n"
                         "route nonza urn:xmpp:sm:3 none before-bind\nroute nonza urn:xmpp:sm:3 none\n")});
  CHECK(table.lookup(Kind::message, "", AddressClass::bare, When::bound) == 0);
  CHECK(table.lookup(Kind::message, "", AddressClass::bare, When::before_login) == no_module);
  CHECK(table.lookup(Kind::iq, "urn:x", AddressClass::bare, When::before_bind) == no_module);
  const std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
  CHECK(table.lookup(Kind::nonza, sasl, AddressClass::none, When::before_login) == 1);
  CHECK(table.lookup(Kind::nonza, sasl, AddressClass::none, When::before_bind) == no_module);
  CHECK(table.lookup(Kind::nonza, sasl, AddressClass::none, When::bound) == no_module);
  CHECK(table.lookup(Kind::nonza, "urn:xmpp:sm:3", AddressClass::none, When::before_bind) == 1);
  CHECK(table.lookup(Kind::nonza, "urn:xmpp:sm:3", AddressClass::none, When::bound) == 1);
  CHECK(table.lookup(Kind::nonza, "urn:xmpp:sm:3", AddressClass::none, When::before_login) == no_module);
}

TEST_CASE(
    "routes: streams, sessions, lines, services, commands, tables, posts and features have their modules") {
  const RouteTable table =
      table_of({manifest("session", "1.0.0", "stream\nsessions\nfeature urn:xmpp:ping\nfeature urn:a\n"),
                manifest("routing", "1.0.0",
                         "drain\nsessions\ntable carbons volatile writes 1 reads 1\naccepts-posts session\n"
                         "feature urn:xmpp:ping\n"),
                manifest("echo", "1.0.0",
                         "line echo\nservice groups\ncommand user.add account\ncommand count everywhere\n")});
  CHECK(table.stream() == 0);
  CHECK(table.has_services());
  CHECK(table.service("groups") == 2);
  CHECK(table.service("rooms") == no_module);
  CHECK(table.sessions() == std::vector<ModuleIndex>{0, 1});
  CHECK(table.line("echo") == 2);
  CHECK(table.command("user.add").module == 2);
  CHECK_FALSE(table.command("user.add").is_everywhere);
  CHECK(table.command("count").is_everywhere);
  CHECK(table.table_owner("carbons") == 1);
  CHECK(table.table_owner("none") == no_module);
  CHECK(table.module("echo") == 2);
  CHECK(table.accepts_posts(1, "session"));
  CHECK(table.accepts_posts(1, "routing"));
  CHECK_FALSE(table.accepts_posts(1, "echo"));
  CHECK_FALSE(table.accepts_posts(0, "routing"));
  CHECK_FALSE(table.accepts_posts(no_module, "routing"));
  CHECK(table.features() == std::vector<std::string>{"urn:a", "urn:xmpp:ping"});
}

TEST_CASE("routes: two modules with one claim are refused, both by name") {
  const Manifest presence = manifest("presence", "1.4.2",
                                     "route iq jabber:iq:roster self\ntable roster durable writes 1 reads 1\n"
                                     "drain\nservice rooms\n");
  const Manifest routing = manifest("routing", "1.3.0",
                                    "route iq jabber:iq:roster self\ntable roster durable writes 1 reads 1\n"
                                    "drain\nservice rooms\nroute iq jabber:iq:roster full\n");
  const std::vector<const Manifest*> live{&presence};
  const std::vector<std::string> conflicts = claim_conflicts(routing, live);
  REQUIRE(conflicts.size() == 3);
  CHECK(conflicts[0] ==
        "routing 1.3.0 refused: it claims `iq jabber:iq:roster self`, which presence 1.4.2 has; take it from "
        "one of them, or push both as one set");
  CHECK(conflicts[1].find("`table roster`, which presence 1.4.2 has") != std::string::npos);
  CHECK(conflicts[2].find("`service rooms`") != std::string::npos);

  const std::vector<const Manifest*> both{&presence, &routing};
  const Result<RouteTable> table = RouteTable::build(both);
  REQUIRE_FALSE(table.has_value());
  CHECK(table.error().message == conflicts[0]);
}

TEST_CASE("routes: a module does not conflict with the version it replaces, and a set has one of them") {
  const Manifest old_one = manifest("routing", "1.3.0", "route message any\n");
  const Manifest new_one = manifest("routing", "1.4.0", "route message any\n");
  const std::vector<const Manifest*> live{&old_one};
  CHECK(claim_conflicts(new_one, live).empty());
  const std::vector<const Manifest*> both{&old_one, &new_one};
  const Result<RouteTable> table = RouteTable::build(both);
  REQUIRE_FALSE(table.has_value());
  CHECK(table.error().message ==
        "routing 1.4.0 refused: routing 1.3.0 is in the same set; a set has one version of a module");
}
