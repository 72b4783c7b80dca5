// Stream management on the wire (XEP-0198).
#include <doctest/doctest.h>

#include <string>

#include "session_client.h"

using namespace hotline::session;
using namespace hotline::session::test;
using hotline::sdk::FakeHost;

namespace {

constexpr std::string_view unexpected =
    "<failed xmlns='urn:xmpp:sm:3'><unexpected-request "
    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";

struct Counted {
  FakeHost host;
  Counted() { host.load(hl_module); }
  hl_session enabled(const std::string& resource = "phone") {
    const hl_session session = host.login("user@localhost", resource);
    ask(session, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    return session;
  }
  std::string ask(hl_session session, const std::string& xml) {
    return answer(host, host.stream_of(session), xml);
  }
  hl_stream authenticated(const std::string& account) {
    add_account(host, account, "pencil");
    fake::Stream stream;
    stream.account = account;
    return connect(host, stream);
  }
  void push(hl_session session, int count) {
    for (int i = 0; i < count; ++i)
      fake::send_counted(host.state(), host.state().sessions.at(session), "<message></message>", 0);
    host.sent(session);
  }
  std::string sm_id(hl_session session) { return host.state().sessions.at(session).sm_id; }
};

std::string resume(const std::string& id, const std::string& h) {
  return "<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='" + h + "'/>";
}

}  // namespace

TEST_CASE("sm: it is turned on once, with the id and the window a client resumes by") {
  Counted f;
  const hl_session session = f.host.login("user@localhost", "phone");
  CHECK(f.ask(session, "<enable xmlns='urn:xmpp:sm:3' resume='1' max='60'/>") ==
        "<enabled xmlns='urn:xmpp:sm:3' id='" + f.sm_id(session) + "' max='60' resume='true'></enabled>");
  CHECK(f.host.state().sessions.at(session).resume_s == 60);
  CHECK(f.ask(session, "<enable xmlns='urn:xmpp:sm:3'/>") == unexpected);
}

TEST_CASE("sm: a window above the host's is cut to it, and none is given unasked") {
  Counted f;
  const hl_session greedy = f.host.login("user@localhost", "a");
  f.ask(greedy, "<enable xmlns='urn:xmpp:sm:3' resume='true' max='100000'/>");
  CHECK(f.host.state().sessions.at(greedy).resume_s == fake::Calls::resume_s_max);
  const hl_session modest = f.host.login("user@localhost", "b");
  CHECK(f.ask(modest, "<enable xmlns='urn:xmpp:sm:3'/>") == "<enabled xmlns='urn:xmpp:sm:3'></enabled>");
  CHECK(f.host.state().sessions.at(modest).resume_s == 0);
}

TEST_CASE("sm: what comes out of its order is an unexpected request") {
  Counted f;
  const hl_stream unbound = f.authenticated("user@localhost");
  CHECK(answer(f.host, unbound, "<enable xmlns='urn:xmpp:sm:3'/>") == unexpected);
  CHECK(answer(f.host, unbound, "<r xmlns='urn:xmpp:sm:3'/>") == unexpected);
  CHECK(answer(f.host, unbound, "<a xmlns='urn:xmpp:sm:3' h='0'/>") == unexpected);
  const hl_session session = f.host.login("user@localhost", "phone");
  CHECK(f.ask(session, "<r xmlns='urn:xmpp:sm:3'/>") == unexpected);
  CHECK(f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='0'/>") == unexpected);
  CHECK(f.ask(session, resume("x", "0")) == unexpected);
  const hl_stream stranger = connect(f.host);
  CHECK(f.host.receive(stranger, resume("x", "0")) == HL_E_NONE);
}

TEST_CASE("sm: a request is answered with what is safe, at once or when it is") {
  Counted f;
  const hl_session session = f.enabled();
  f.host.receive(f.host.stream_of(session), "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
  f.host.sent(session);
  CHECK(f.ask(session, "<r xmlns='urn:xmpp:sm:3'/>") == "<a xmlns='urn:xmpp:sm:3' h='1'></a>");
  f.host.hold_safe(session, 0);
  CHECK(f.ask(session, "<r xmlns='urn:xmpp:sm:3'/>").empty());
  f.host.make_safe(session);
  CHECK(f.host.sent(session).at(0) == "<a xmlns='urn:xmpp:sm:3' h='1'></a>");
}

TEST_CASE("sm: acknowledging takes stanzas off the queue, also past 2^32") {
  Counted f;
  const hl_session session = f.enabled();
  f.push(session, 3);
  CHECK(f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='2'/>").empty());
  CHECK(f.host.state().sessions.at(session).unacknowledged.size() == 1);
  f.host.state().sessions.at(session).acknowledged = 0xffffffff;
  f.push(session, 1);
  CHECK(f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='1'/>").empty());
  CHECK(f.host.state().sessions.at(session).unacknowledged.empty());
}

TEST_CASE("sm: acknowledging more than was sent ends the stream and says how many that was") {
  Counted f;
  const hl_session session = f.enabled();
  f.push(session, 8);
  f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='5'/>");
  const hl_stream stream = f.host.stream_of(session);
  CHECK(f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='10'/>") ==
        "<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
        "<handled-count-too-high xmlns='urn:xmpp:sm:3' h='10' send-count='8'/>"
        "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>more stanzas were acknowledged than "
        "were "
        "sent</text></stream:error>");
  CHECK_FALSE(f.host.state().streams.at(stream).is_open);
}

TEST_CASE("sm: an h that is no number ends the stream") {
  for (const std::string h : {"", "-1", "4294967296", "1x", " 1"}) {
    CAPTURE(h);
    Counted f;
    const hl_session session = f.enabled();
    const hl_stream stream = f.host.stream_of(session);
    f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='" + h + "'/>");
    CHECK(f.host.state().streams.at(stream).error == "bad-format");
  }
}

TEST_CASE("sm: a session is resumed with both counts, and what was not accepted follows") {
  Counted f;
  const hl_session session = f.enabled();
  f.push(session, 3);
  f.host.receive(f.host.stream_of(session), "<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
  f.host.disconnect(f.host.stream_of(session));
  const hl_stream stream = f.authenticated("user@localhost");
  f.host.receive(stream, resume(f.sm_id(session), "2"));
  const auto sent = f.host.stream_sent(stream);
  REQUIRE(sent.size() == 3);  // <resumed/>, the third message, the ping's answer.
  CHECK(sent[0] == "<resumed xmlns='urn:xmpp:sm:3' h='1' previd='" + f.sm_id(session) + "'></resumed>");
  CHECK(sent[1] == "<message></message>");
  CHECK(f.host.stream_of(session) == stream);
  CHECK(f.ask(session, "<a xmlns='urn:xmpp:sm:3' h='9'/>").find("send-count='4'") != std::string::npos);
}

TEST_CASE("sm: a session that is not there, or another's, cannot be resumed, and binding may follow") {
  Counted f;
  constexpr std::string_view not_found =
      "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
  const hl_session session = f.enabled();
  const hl_stream thief = f.authenticated("thief@localhost");
  CHECK(answer(f.host, thief, resume(f.sm_id(session), "0")) == not_found);
  const hl_stream stream = f.authenticated("user@localhost");
  CHECK(answer(f.host, stream, resume("never-given", "0")) == not_found);
  CHECK(answer(f.host, stream, "<resume xmlns='urn:xmpp:sm:3' previd='x'/>").find("<bad-request") !=
        std::string::npos);
  CHECK(answer(f.host, stream, resume("%h", "0")) == not_found);
  CHECK(answer(f.host, stream, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .starts_with("<iq id='b' type='result'>"));
}

TEST_CASE("sm: resuming with a count too high ends the stream and keeps the session") {
  Counted f;
  const hl_session session = f.enabled();
  f.push(session, 1);
  f.host.disconnect(f.host.stream_of(session));
  const hl_stream stream = f.authenticated("user@localhost");
  CHECK(answer(f.host, stream, resume(f.sm_id(session), "2"))
            .starts_with("<stream:error><undefined-condition"));
  CHECK_FALSE(f.host.state().streams.at(stream).is_open);
  const hl_stream again = f.authenticated("user@localhost");
  CHECK(answer(f.host, again, resume(f.sm_id(session), "1")).starts_with("<resumed"));
}
