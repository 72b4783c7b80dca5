// In-band registration (XEP-0077): strangers where it is open, and owners.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <string>
#include <utility>

#include "unit/modules/has.h"

extern "C" const hl_module_entry hl_module;

using hotline::sdk::FakeHost;
using hotline::test::has;
namespace fake = hotline::sdk::fake;

namespace {

struct InBand {
  FakeHost host;
  explicit InBand(std::int64_t open = 1) {
    host.load(hl_module);
    host.numbers["open"] = open;
  }
  std::string ask(hl_stream stream, const std::string& xml) {
    host.receive(stream, xml);
    host.run();
    const auto sent = host.stream_sent(stream);
    return sent.empty() ? "" : sent.front();
  }
  bool exists(const std::string& account) { return host.state().tables["accounts"].contains(account); }
  // A session of an account that exists.
  hl_session owner() {
    host.command("user.add", "user@localhost", R"({"password":"old"})");
    return host.login("user@localhost", "phone");
  }
};

std::string set(const std::string& inner) {
  return "<iq type='set' id='r'><query xmlns='jabber:iq:register'>" + inner + "</query></iq>";
}
std::string sign_up(const std::string& user, const std::string& password) {
  return set("<username>" + user + "</username><password>" + password + "</password>");
}
constexpr const char* get = "<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>";

}  // namespace

TEST_CASE("sign-up: it is off for strangers unless the operator opened it") {
  InBand f(0);
  f.host.numbers.clear();
  CHECK(has(f.ask(f.host.connect(), get), "<error type='cancel'><not-allowed"));
  CHECK(has(f.ask(f.host.connect(), sign_up("a", "x")), "<not-allowed"));
  CHECK_FALSE(f.exists("a@localhost"));
}

TEST_CASE("sign-up: a stranger reads the form, sends it, and has an account") {
  InBand f;
  const hl_stream stream = f.host.connect();
  CHECK(f.ask(stream, get) ==
        "<iq id='r' type='result'><query xmlns='jabber:iq:register'><instructions>Choose a name and a "
        "password.</instructions><username/><password/></query></iq>");
  CHECK(f.ask(stream, sign_up("Alice", "secret")) == "<iq id='r' type='result'></iq>");
  CHECK(f.exists("alice@localhost"));
  CHECK(has(f.ask(stream, sign_up("alice", "other")), "<error type='cancel'><conflict"));
}

TEST_CASE("sign-up: the connection moves to the account's home first") {
  InBand f;
  f.host.state().elsewhere.insert("a@localhost");
  CHECK(f.ask(f.host.connect(), sign_up("a", "x")) == "<iq id='r' type='result'></iq>");
}

TEST_CASE("sign-up: an incomplete or impossible form is not acceptable") {
  InBand f;
  const hl_stream stream = f.host.connect();
  for (const std::string inner :
       {"", "<username>a</username>", "<password>x</password>", "<username/><password>x</password>",
        "<username>a b</username><password>x</password>", "<username>a</username><password/>"}) {
    CAPTURE(inner);
    CHECK(has(f.ask(stream, set(inner)), "<error type='modify'><not-acceptable"));
  }
  CHECK(has(f.ask(stream, set("<remove/>")), "<unexpected-request"));
}

TEST_CASE("sign-up: no password goes over a connection that is not encrypted") {
  InBand f;
  fake::Stream clear;
  clear.flags = HL_STREAM_IS_LOOPBACK;
  CHECK(has(f.ask(f.host.connect(clear), sign_up("a", "x")), "<not-allowed"));
  f.host.numbers["allow_plain_loopback"] = 1;
  fake::Stream needs_tls = clear;
  needs_tls.flags |= HL_STREAM_NEEDS_TLS | HL_STREAM_CAN_STARTTLS;
  CHECK(has(f.ask(f.host.connect(needs_tls), sign_up("a", "x")), "<not-allowed"));
  CHECK_FALSE(f.exists("a@localhost"));
  CHECK(f.ask(f.host.connect(clear), sign_up("a", "x")) == "<iq id='r' type='result'></iq>");
}

TEST_CASE("sign-up: an address makes so many accounts an hour, each for itself") {
  InBand f;
  f.host.numbers["signups_per_hour"] = 2;
  fake::Stream stream;
  stream.peer = "192.0.2.1";
  const auto from = [&](const std::string& peer, const std::string& name) {
    stream.peer = peer;
    return f.ask(f.host.connect(stream), sign_up(name, "x"));
  };
  CHECK(has(from("192.0.2.1", "a"), "result"));
  CHECK(has(from("192.0.2.1", "b"), "result"));
  CHECK(has(from("192.0.2.1", "c"), "<error type='wait'><resource-constraint"));
  CHECK(has(from("192.0.2.2", "c"), "result"));
  CHECK(f.host.state().counters["registration.signups_refused"] == 1);
  f.host.advance(3'600'000);
  CHECK(has(from("192.0.2.1", "d"), "result"));
}

TEST_CASE("sign-up: an IPv6 /64 is one address") {
  InBand f;
  fake::Stream stream;
  const auto from = [&](const std::string& peer, const std::string& name) {
    stream.peer = peer;
    return f.ask(f.host.connect(stream), sign_up(name, "x"));
  };
  constexpr const char* last = "123456789ab";
  for (int i = 0; i < 10; ++i)
    CHECK(has(from(std::string("2001:db8::") + last[i], std::string("a") + last[i]), "result"));
  CHECK(has(from("2001:db8::b", "ab"), "<error type='wait'><resource-constraint"));
  CHECK(has(from("2001:db8:0:1::b", "ab"), "result"));
}

TEST_CASE("sign-up: this machine's own have a limit of their own") {
  InBand f;
  f.host.numbers["signups_per_hour"] = 1;
  fake::Stream stream;
  stream.flags |= HL_STREAM_IS_LOOPBACK;
  for (const std::string name : {"a", "b", "c"})
    CHECK(has(f.ask(f.host.connect(stream), sign_up(name, "x")), "result"));
}

TEST_CASE("owner: the form says that he is registered, and as whom") {
  InBand f;
  const hl_session session = f.owner();
  CHECK(has(f.ask(f.host.stream_of(session), get), "<registered/><username>user</username>"));
}

TEST_CASE("owner: he changes his password, also where sign-up is closed") {
  InBand f(0);
  const hl_session session = f.owner();
  const std::string before = f.host.state().tables["accounts"]["user@localhost"]["scram"];
  CHECK(f.ask(f.host.stream_of(session), sign_up("user", "new")) ==
        "<iq to='user@localhost/phone' id='r' type='result'></iq>");
  CHECK(f.host.state().tables["accounts"]["user@localhost"]["scram"] != before);
}

TEST_CASE("owner: another's password and half a form are refused") {
  InBand f;
  const hl_session session = f.owner();
  const hl_stream stream = f.host.stream_of(session);
  f.host.command("user.add", "victim@localhost", R"({"password":"old"})");
  const std::string before = f.host.state().tables["accounts"]["victim@localhost"]["scram"];
  CHECK(has(f.ask(stream, sign_up("victim", "new")), "<not-allowed"));
  CHECK(has(f.ask(stream, set("<password>new</password>")), "<bad-request"));
  CHECK(has(f.ask(stream, sign_up("user", "")), "<not-acceptable"));
  CHECK(f.host.state().tables["accounts"]["victim@localhost"]["scram"] == before);
}

TEST_CASE("owner: a password that was changed after the account was removed brings nothing back") {
  InBand f;
  const hl_session session = f.owner();
  f.host.stanza(session, sign_up("user", "new"));
  f.host.command("user.remove", "user@localhost", "{}");
  f.host.run();
  CHECK_FALSE(f.exists("user@localhost"));
}

TEST_CASE("owner: a password whose keys come late is not that of whoever has the name by then") {
  InBand f;
  const hl_session session = f.owner();
  f.host.stanza(session, sign_up("user", "new"));
  const auto keys = std::exchange(f.host.state().work, {});
  f.host.command("user.remove", "user@localhost", "{}");
  f.host.command("user.add", "user@localhost", R"({"password":"another's"})");
  const std::string before = f.host.state().tables["accounts"]["user@localhost"]["scram"];
  f.host.state().work = keys;
  f.host.run();
  CHECK(f.host.state().tables["accounts"]["user@localhost"]["scram"] == before);
  CHECK(f.host.state().tables["registration_pending"]["user@localhost"].empty());
}

TEST_CASE("owner: he removes his account, is told so, and is cut") {
  InBand f;
  const hl_session session = f.owner();
  const hl_session tablet = f.host.login("user@localhost", "tablet");
  const hl_stream stream = f.host.stream_of(session);
  CHECK(f.ask(stream, set("<remove/>")) == "<iq to='user@localhost/phone' id='r' type='result'></iq>");
  CHECK_FALSE(f.exists("user@localhost"));
  CHECK(f.host.state().sessions.at(session).error == "not-authorized");
  CHECK(f.host.state().sessions.at(tablet).error == "not-authorized");
}
