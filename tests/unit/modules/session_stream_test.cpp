// A stream before, at and after binding: features, STARTTLS, resources, and the queries clients ask their
// server.
#include <doctest/doctest.h>

#include <hotline/entry.hpp>
#include <string>

#include "sasl2_client.h"
#include "session/topics.h"
#include "unit/modules/has.h"

using namespace hotline::session;
using namespace hotline::session::test;
using hotline::sdk::FakeHost;
using hotline::test::has;

namespace {

struct Streams {
  FakeHost host;
  Streams() {
    host.load(hl_module);
    add_account(host, "user@localhost", "pencil");
  }
  // A stream that has logged in, its features read.
  hl_stream authenticated(const std::string& account = "user@localhost") {
    fake::Stream stream;
    stream.account = account;
    return connect(host, stream);
  }
  // One that has logged in by its password.
  hl_stream logged_in(const std::string& password = "pencil") {
    const hl_stream id = connect(host);
    ScramClient client{.user = "user", .password = password};
    REQUIRE(log_in(host, id, client).starts_with("<success"));
    host.open_stream(id);
    host.stream_sent(id);
    return id;
  }
  void remove_account() { host.state().tables["accounts"].erase("user@localhost"); }
  std::size_t unbound() { return host.state().tables["unbound_streams"]["user@localhost"].size(); }
  std::string bind(hl_stream stream, const std::string& resource) {
    return answer(host, stream,
                  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" +
                      (resource.empty() ? "" : "<resource>" + resource + "</resource>") + "</bind></iq>");
  }
  std::string ask(hl_session session, const std::string& xml) {
    return answer(host, host.stream_of(session), xml);
  }
  const fake::Stream& stream(hl_stream id) { return host.state().streams.at(id); }
};

std::string bound(const std::string& jid) {
  return "<iq id='b' type='result'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>" + jid +
         "</jid></bind></iq>";
}

}  // namespace

TEST_CASE("features: where TLS is required there is nothing else") {
  Streams f;
  fake::Stream stream;
  stream.flags = HL_STREAM_CAN_STARTTLS | HL_STREAM_NEEDS_TLS;
  const hl_stream id = f.host.connect(stream);
  CHECK(f.host.stream_sent(id).at(0) ==
        "<stream:features><starttls "
        "xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>");
}

TEST_CASE("features: STARTTLS that is only offered stands beside the mechanisms") {
  Streams f;
  fake::Stream stream;
  stream.flags = HL_STREAM_CAN_STARTTLS;
  const std::string features = f.host.stream_sent(f.host.connect(stream)).at(0);
  CHECK(has(features, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
  CHECK(has(features, "<mechanisms"));
}

TEST_CASE("features: after login come binding, the old session and stream management") {
  Streams f;
  const hl_stream stream = f.authenticated();
  f.host.open_stream(stream);
  CHECK(f.host.stream_sent(stream).at(0) ==
        "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
        "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/></session>"
        "<sm xmlns='urn:xmpp:sm:3'/><pending xmlns='urn:hotline:pending:0' count='0'/></stream:features>");
}

TEST_CASE("features: after login a client is told how many messages wait") {
  Streams f;
  f.host.state().mailboxes["user@localhost"] = {{1, {}}, {2, {}}, {3, {}}};
  f.host.state().mailboxes["other@localhost"] = {{4, {}}};
  const hl_stream stream = f.authenticated();
  f.host.open_stream(stream);
  CHECK(has(f.host.stream_sent(stream).at(0), "<pending xmlns='urn:hotline:pending:0' count='3'/>"));
  CHECK_FALSE(has(f.host.stream_sent(f.host.connect()).at(0), "pending"));  // Before login nobody is.
}

TEST_CASE("features: in-band registration is said where the operator says so") {
  Streams f;
  CHECK_FALSE(has(f.host.stream_sent(f.host.connect()).at(0), "register"));
  f.host.numbers["offer_register"] = 1;
  CHECK(has(f.host.stream_sent(f.host.connect()).at(0),
            "<register xmlns='http://jabber.org/features/iq-register'/>"));
}

TEST_CASE("features: a stream to another domain is host-unknown") {
  Streams f;
  f.host.domain = "localhost";
  const hl_stream stream = f.host.connect();
  CHECK(f.stream(stream).is_open);
  hl_stream_event event{
      sizeof event,           HL_STREAM_OPENED,      stream, hotline::sdk::str("elsewhere.example"),
      hotline::sdk::absent(), hotline::sdk::absent()};
  CHECK(f.host.stream_event(event) == HL_OK);
  CHECK(f.stream(stream).error == "host-unknown");
}

TEST_CASE("features: who says he is of another domain is told so, and is not heard further") {
  Streams f;
  const auto comes_from = [&](const std::string& from) -> const fake::Stream& {
    fake::Stream stream;
    stream.from = from;
    return f.stream(f.host.connect(stream));
  };
  for (const char* from : {"user@localhost", "USER@LOCALHOST/phone", "localhost", ""})
    CHECK(comes_from(from).is_open);
  for (const char* from :
       {"user@elsewhere.example", "elsewhere.example", "@localhost", "user@", "a@b@localhost"})
    CHECK(comes_from(from).error == "invalid-from");
}

TEST_CASE("starttls: it goes ahead where it is offered, and ends the stream where it is not") {
  Streams f;
  fake::Stream offering;
  offering.flags = HL_STREAM_CAN_STARTTLS | HL_STREAM_NEEDS_TLS;
  const hl_stream stream = connect(f.host, offering);
  const std::string request = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
  CHECK(answer(f.host, stream, request) == "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>");
  CHECK(f.stream(stream).is_tls_started);
  CHECK(answer(f.host, stream, request) == "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'></failure>");
  CHECK_FALSE(f.stream(stream).is_open);
}

TEST_CASE("bind: a resource is the client's wish, or made for it") {
  Streams f;
  const hl_stream first = f.authenticated();
  CHECK(f.bind(first, "phone &amp; me") == bound("user@localhost/phone &amp; me"));
  CHECK(f.host.state().sessions.at(f.host.session_of(first)).resource == "phone & me");
  const hl_stream second = f.authenticated();
  f.bind(second, "");
  CHECK(f.host.state().sessions.at(f.host.session_of(second)).resource.size() == 16);
}

TEST_CASE("bind: the same resource again ends the older session with a conflict") {
  Streams f;
  const hl_stream first = f.authenticated();
  f.bind(first, "phone");
  const hl_session old = f.host.session_of(first);
  const hl_stream second = f.authenticated();
  CHECK(f.bind(second, "phone") == bound("user@localhost/phone"));
  CHECK(f.host.state().sessions.at(old).error == "conflict");
  CHECK_FALSE(f.stream(first).is_open);
}

TEST_CASE("bind: what cannot be bound is refused with its reason") {
  Streams f;
  const hl_stream stream = f.authenticated();
  CHECK(has(f.bind(stream, "a&#9;b"), "<bad-request"));
  CHECK(has(f.bind(stream, std::string(1024, 'a')), "<bad-request"));
  CHECK(has(
      answer(f.host, stream, "<iq type='get' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
      "<bad-request"));
  CHECK(f.host.session_of(stream) == 0);
  f.bind(stream, "phone");
  CHECK(has(f.bind(stream, "other"), "<not-allowed"));
  CHECK(f.host.state().sessions.size() == 1);
}

TEST_CASE("bind: an account at its bound of sessions is told to wait") {
  Streams f;
  for (std::size_t i = 0; i < fake::Calls::sessions_max; ++i)
    f.bind(f.authenticated(), "r" + std::to_string(i));
  CHECK(has(f.bind(f.authenticated(), "one more"), "<error type='wait'><resource-constraint"));
}

TEST_CASE("bind: not before login, and no query before binding") {
  Streams f;
  const hl_stream stranger = connect(f.host);
  CHECK(f.host.receive(stranger,
                       "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>") ==
        HL_E_NONE);
  const hl_stream unbound = f.authenticated();
  CHECK(f.host.receive(unbound, "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>") == HL_E_NONE);
}

TEST_CASE(
    "bind: a login outlives neither its account nor its password, nor is it another's of the same name") {
  const auto refused_after = [](const auto& change) {
    Streams f;
    const hl_stream stream = f.logged_in();
    change(f);
    CHECK(f.bind(stream, "phone").empty());
    CHECK(f.stream(stream).error == "not-authorized");
    CHECK(f.host.state().sessions.empty());
    CHECK(f.host.failed.empty());
  };
  refused_after([](Streams& f) { f.remove_account(); });
  refused_after([](Streams& f) { add_account(f.host, "user@localhost", "another's"); });
  // Refused also where nothing but the name is left of what it was let in by, and its code was replaced.
  refused_after([](Streams& f) {
    f.remove_account();
    f.host.renew();
    add_account(f.host, "user@localhost", "another's");
  });
}

TEST_CASE("bind: who logged in without a resource by SASL2, or resumes, has the same account or none") {
  Streams f;
  const hl_stream stream = connect(f.host);
  ScramClient client{.user = "user", .password = "pencil"};
  REQUIRE(log_in2(f.host, stream, client, "").at(0).starts_with("<success"));
  add_account(f.host, "user@localhost", "another's");
  CHECK(f.bind(stream, "phone").empty());
  CHECK(f.stream(stream).error == "not-authorized");
  const hl_stream resuming = f.logged_in("another's");
  f.remove_account();
  CHECK(answer(f.host, resuming, "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>").empty());
  CHECK(f.stream(resuming).error == "not-authorized");
}

TEST_CASE("bind: logins that are not bound end when session hears of it, and later ones do not") {
  Streams f;
  const hl_stream before = f.logged_in();
  add_account(f.host, "user@localhost", "new");
  const hl_stream after = f.logged_in("new");
  f.host.post("session", "user@localhost", topic::key_replaced, "");
  CHECK(f.stream(before).error == "not-authorized");
  CHECK(f.stream(after).is_open);
  CHECK(f.unbound() == 1);
  f.remove_account();
  f.host.post("session", "user@localhost", topic::account_removed, "");
  CHECK(f.stream(after).error == "not-authorized");
  CHECK(f.unbound() == 0);
}

TEST_CASE("bind: nothing is kept of a login once it is bound, has resumed, or is gone") {
  Streams f;
  const hl_stream first = f.logged_in();
  CHECK(f.unbound() == 1);
  f.bind(first, "phone");
  CHECK(f.unbound() == 0);
  f.ask(f.host.session_of(first), "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const std::string id = f.host.state().sessions.at(f.host.session_of(first)).sm_id;
  f.host.disconnect(first);
  const hl_stream second = f.logged_in();
  CHECK(f.unbound() == 1);
  CHECK(answer(f.host, second, "<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='0'/>")
            .starts_with("<resumed"));
  CHECK(f.unbound() == 0);
  f.host.disconnect(f.logged_in());
  f.logged_in();
  CHECK(f.unbound() == 1);  // The later one.
}

TEST_CASE("session: the old session request is granted") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  CHECK(f.ask(user, "<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>") ==
        "<iq to='user@localhost/phone' id='s' type='result'></iq>");
}

TEST_CASE("ping: the host and the own account answer") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  CHECK(f.ask(user, "<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>") ==
        "<iq from='localhost' to='user@localhost/phone' id='p' type='result'></iq>");
  CHECK(f.ask(user, "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>") ==
        "<iq to='user@localhost/phone' id='p' type='result'></iq>");
  CHECK(f.ask(user, "<iq type='get' id='p' to='user@localhost'><ping xmlns='urn:xmpp:ping'/></iq>") ==
        "<iq from='user@localhost' to='user@localhost/phone' id='p' type='result'></iq>");
  CHECK(
      f.host.stanza(user, "<iq type='get' id='p' to='other@localhost'><ping xmlns='urn:xmpp:ping'/></iq>") ==
      HL_E_NONE);
}

TEST_CASE("ping: an answer is not answered, and a set is refused") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  CHECK(f.ask(user, "<iq type='error' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>").empty());
  CHECK(f.ask(user, "<iq type='result' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>").empty());
  CHECK(has(f.ask(user, "<iq type='set' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>"),
            "<feature-not-implemented"));
}

TEST_CASE("disco: the host says what it is and lists its modules' features") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  const std::string info = f.ask(
      user,
      "<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
  CHECK(has(info, "<identity category='server' type='im' name='Hotline'/>"));
  CHECK(has(info, "<feature var='urn:xmpp:ping'/>"));
  CHECK(has(info, "<feature var='http://jabber.org/protocol/disco#info'/>"));
  CHECK(has(f.ask(user, "<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"),
            "<identity category='account' type='registered'/>"));
  CHECK(f.ask(user,
              "<iq type='get' id='d' to='localhost'><query "
              "xmlns='http://jabber.org/protocol/disco#items'/></iq>") ==
        "<iq from='localhost' to='user@localhost/phone' id='d' type='result'>"
        "<query xmlns='http://jabber.org/protocol/disco#items'></query></iq>");
  CHECK(has(f.ask(user,
                  "<iq type='get' id='d' to='localhost'>"
                  "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/></iq>"),
            "<item-not-found"));
}

TEST_CASE("disco: XEP-0398 2, the account says that avatars and vCards are converted, where they are") {
  struct Profile {
    explicit Profile(const hl_host*) {}
  };
  constexpr hl_module_entry profile = hotline::sdk::entry<Profile>(
      "name profile\nversion 1.0.0\nabi 1.0\nabout Avatars\nfeature urn:xmpp:pep-vcard-conversion:0\n");
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  const auto says_so = [&] {
    return has(
        f.ask(user, "<iq type='get' id='d'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"),
        "<feature var='urn:xmpp:pep-vcard-conversion:0'");
  };
  CHECK_FALSE(says_so());
  f.host.load(profile);
  CHECK(says_so());
}

TEST_CASE(
    "disco: the domains that other modules answer for are among the host's items, and not the account's") {
  struct Rooms {
    explicit Rooms(const hl_host*) {}
  };
  constexpr hl_module_entry rooms =
      hotline::sdk::entry<Rooms>("name rooms\nversion 1.0.0\nabi 1.0\nabout Rooms\nservice rooms\n");
  Streams f;
  f.host.load(rooms);
  const hl_session user = f.host.login("user@localhost", "phone");
  const std::string query = "<query xmlns='http://jabber.org/protocol/disco#items'/></iq>";
  CHECK(has(f.ask(user, "<iq type='get' id='d' to='localhost'>" + query), "<item jid='rooms.localhost'/>"));
  CHECK_FALSE(has(f.ask(user, "<iq type='get' id='d'>" + query), "<item"));
}

TEST_CASE("disco: a client's answer to what profile has asked is passed on, with the events it wants alone") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  const auto told = [&](const std::string& id) {
    CHECK(f.host.stanza(user, "<iq type='result' id='" + id +
                                  "' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'>"
                                  "<identity category='client' type='phone'/><feature var='a+notify'/>"
                                  "<feature var='urn:xmpp:ping'/><feature var='b+notify'/></query></iq>") ==
          HL_OK);
    return f.host.state().posts.size();
  };
  CHECK(told("d") == 0);
  REQUIRE(told("caps-1") == 1);
  CHECK(f.host.state().posts[0].module == "profile");
  CHECK(f.host.state().posts[0].topic == 7);
  CHECK(f.host.state().posts[0].bytes == "phone\ncaps-1\na+notify\nb+notify\n");
}

TEST_CASE("version and time: the host answers for itself") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  const std::string version =
      f.ask(user, "<iq type='get' id='v' to='localhost'><query xmlns='jabber:iq:version'/></iq>");
  CHECK(has(version, "<name>Hotline</name><version>" HL_MODULE_VERSION "</version>"));
  CHECK(has(f.ask(user, "<iq type='get' id='t' to='localhost'><time xmlns='urn:xmpp:time'/></iq>"),
            "<time xmlns='urn:xmpp:time'><tzo>+00:00</tzo><utc>2014-02-24T19:00:00.000Z</utc></time>"));
}

TEST_CASE("ping: a quiet client without stream management is asked, and its answer asks for nothing") {
  Streams f;
  const hl_session user = f.host.login("user@localhost", "phone");
  f.host.grow_quiet(user, 300);
  const std::vector<std::string> asked = f.host.sent(user);
  REQUIRE(asked.size() == 1);
  CHECK(asked.front() ==
        "<iq from='localhost' to='user@localhost/phone' type='get' id='ping'>"
        "<ping xmlns='urn:xmpp:ping'/></iq>");
  f.host.stanza(user, "<iq type='result' id='ping' to='localhost'/>");
  CHECK(f.host.sent(user).empty());
}
