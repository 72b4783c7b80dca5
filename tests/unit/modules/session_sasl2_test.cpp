// Logging in by SASL2 (XEP-0388), with a resource, an old session and what else is wished for in the same
// step (XEP-0386, XEP-0198).
#include <doctest/doctest.h>

#include <hotline/entry.hpp>
#include <string>

#include "hotline/cap/login.h"
#include "presence/session_fields.h"
#include "sasl2_client.h"
#include "unit/modules/has.h"

using namespace hotline::session;
using namespace hotline::session::test;
using hotline::sdk::FakeHost;
using hotline::test::has;

namespace {

constexpr const char* bind = "<bind xmlns='urn:xmpp:bind:0'><tag>Play</tag></bind>";

// The features that routing brings.
struct Messages {
  explicit Messages(const hl_host*) {}
};
const hl_module_entry messages_module = hotline::sdk::entry<Messages>(
    "name messages\nversion 1.0.0\nabi 1.0\nfeature urn:xmpp:carbons:2\nfeature urn:xmpp:csi:0\n");

struct Login2 {
  FakeHost host;
  Login2() {
    host.load(hl_module);
    add_account(host, "user@localhost", "pencil");
  }
  ScramClient user() const { return {.user = "user", .password = "pencil"}; }
  std::vector<std::string> log_in(hl_stream stream, const std::string& wishes = {}) {
    ScramClient client = user();
    return log_in2(host, stream, client, wishes);
  }
  std::string features(fake::Stream stream = {}) {
    return host.stream_sent(host.connect(std::move(stream))).at(0);
  }
  const fake::Stream& stream(hl_stream id) { return host.state().streams.at(id); }
  const fake::Session& session(hl_stream id) { return host.state().sessions.at(host.session_of(id)); }
};

}  // namespace

TEST_CASE("sasl2: it is offered with what may be wished for, beside SASL") {
  Login2 f;
  CHECK(has(
      f.features(),
      "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-256</mechanism>"
      "<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism><inline>"
      "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='urn:xmpp:sm:3'/></inline></bind>"
      "<sm xmlns='urn:xmpp:sm:3'/><fast xmlns='urn:xmpp:fast:0'><mechanism>HT-SHA-256-NONE</mechanism></fast>"
      "</inline></authentication>"));
  CHECK(has(f.features(), "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"));
}

TEST_CASE("sasl2: a host on which a stream cannot go on offers none, and takes none") {
  Login2 f;
  f.host.missing.insert(HL_CAP_LOGIN);
  f.host.renew();
  CHECK_FALSE(has(f.features(), "urn:xmpp:sasl:2"));
  const hl_stream stream = connect(f.host);
  CHECK(f.host.receive(stream, authenticate("SCRAM-SHA-256", f.user().first())) == HL_E_NONE);
  CHECK(f.stream(stream).is_open);
}

TEST_CASE(
    "sasl2: SCRAM lets the owner in, proves the host to him, and the stream goes on with its features") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  const auto sent = log_in2(f.host, stream, client);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0] == "<success xmlns='urn:xmpp:sasl:2'><additional-data>" +
                       base64_encode(client.server_signature) +
                       "</additional-data><authorization-identifier>user@localhost</authorization-identifier>"
                       "</success>");
  CHECK(sent[1].starts_with("<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"));
  CHECK(f.stream(stream).account == "user@localhost");
  CHECK(f.stream(stream).scratch.empty());
}

TEST_CASE("sasl2: without an initial response it is asked for, and wishes are not forgotten meanwhile") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  CHECK(answer(f.host, stream,
               std::string("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'>") + bind +
                   "</authenticate>") == "<challenge xmlns='urn:xmpp:sasl:2'></challenge>");
  const std::string challenge = answer(f.host, stream, sasl2("response", client.first()));
  f.host.renew();
  f.host.receive(stream, sasl2("response", client.final(decoded(challenge))));
  CHECK(has(f.host.stream_sent(stream).at(0), "<bound xmlns='urn:xmpp:bind:0'>"));
}

TEST_CASE("sasl2: PLAIN goes on where its key was derived") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  f.host.receive(stream, authenticate("PLAIN", std::string("\0user\0pencil", 12), bind));
  CHECK(f.host.stream_sent(stream).empty());
  f.host.renew();
  f.host.run();
  const auto sent = f.host.stream_sent(stream);
  REQUIRE(sent.size() == 2);
  CHECK_FALSE(has(sent[0], "additional-data"));
  CHECK(has(sent[0], "<authorization-identifier>user@localhost/Play/"));
}

TEST_CASE("sasl2: what fails says so in its own words, counts, and leaves the stream to try again") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  ScramClient wrong{.user = "user", .password = "wrong"};
  CHECK(log_in2(f.host, stream, wrong, bind).at(0) == failure2("not-authorized") + "</failure>");
  CHECK(f.host.session_of(stream) == 0);
  CHECK(f.stream(stream).failures == 1);
  ScramClient stranger{.user = "nobody", .password = "pencil"};
  CHECK(log_in2(f.host, stream, stranger, bind).at(0) == failure2("not-authorized") + "</failure>");
  CHECK(f.log_in(stream).at(0).starts_with("<success"));
}

TEST_CASE("sasl2: each thing that is wrong with a login has its condition") {
  Login2 f;
  const auto first = [&](const std::string& xml) { return answer(f.host, connect(f.host), xml); };
  CHECK(first(authenticate("SCRAM-SHA-512", "x")).starts_with(failure2("invalid-mechanism")));
  CHECK(first("<authenticate xmlns='urn:xmpp:sasl:2'/>").starts_with(failure2("invalid-mechanism")));
  CHECK(first("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>!</initial-response>"
              "</authenticate>")
            .starts_with(failure2("incorrect-encoding")));
  CHECK(first(authenticate("SCRAM-SHA-256", "n,a=other@localhost,n=user,r=a"))
            .starts_with(failure2("invalid-authzid")));
  CHECK(first("<abort xmlns='urn:xmpp:sasl:2'/>").starts_with(failure2("aborted")));
  CHECK(first("<next xmlns='urn:xmpp:sasl:2' task='TOTP'/>").starts_with(failure2("malformed-request")));
  CHECK(
      first("<auth xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>").starts_with(failure2("malformed-request")));
  CHECK(first(sasl2("response", "x")).starts_with(failure2("malformed-request")));
  CHECK(first(authenticate("SCRAM-SHA-256", "n,,n=user,r=a", user_agent(std::string(129, 'a'))))
            .starts_with(failure2("malformed-request")));
  for (const char* resume :
       {"<resume xmlns='urn:xmpp:sm:3' h='1'/>", "<resume xmlns='urn:xmpp:sm:3' previd='a'/>",
        "<resume xmlns='urn:xmpp:sm:3' previd='a' h='-1'/>"})
    CHECK(first(authenticate("SCRAM-SHA-256", "n,,n=user,r=a", resume))
              .starts_with(failure2("malformed-request")));
}

TEST_CASE("sasl2: a login that was begun in one profile is not ended in the other") {
  Login2 f;
  ScramClient client = f.user();
  const hl_stream stream = connect(f.host);
  const std::string challenge = answer(f.host, stream, authenticate("SCRAM-SHA-256", client.first(), bind));
  CHECK(answer(f.host, stream, sasl("response", client.final(decoded(challenge))))
            .starts_with(failure("malformed-request")));
  const std::string other = answer(f.host, stream, sasl("auth", client.first(), "SCRAM-SHA-256"));
  CHECK(answer(f.host, stream, sasl2("response", client.final(decoded(other))))
            .starts_with(failure2("malformed-request")));
  CHECK(f.stream(stream).account.empty());
}

TEST_CASE("sasl2: a stream logs in once") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  REQUIRE(f.log_in(stream).size() == 2);
  f.host.receive(stream, authenticate("SCRAM-SHA-256", f.user().first()));
  CHECK(f.stream(stream).error == "policy-violation");
}

TEST_CASE("sasl2: it is refused before TLS where TLS is required") {
  Login2 f;
  fake::Stream clear;
  clear.flags = HL_STREAM_CAN_STARTTLS | HL_STREAM_NEEDS_TLS;
  CHECK(answer(f.host, connect(f.host, clear), authenticate("SCRAM-SHA-256", f.user().first()))
            .starts_with(failure2("encryption-required")));
}

TEST_CASE("sasl2: what is not encrypted has none of it, but where the operator trusts this machine") {
  Login2 f;
  fake::Stream clear;
  clear.flags = HL_STREAM_IS_LOOPBACK;
  CHECK_FALSE(has(f.features(clear), "urn:xmpp:sasl:2"));
  CHECK(answer(f.host, connect(f.host, clear), authenticate("SCRAM-SHA-256", f.user().first())) ==
        failure2("encryption-required") + "</failure>");
  f.host.numbers["allow_plain_loopback"] = 1;
  CHECK(has(f.features(clear), "urn:xmpp:sasl:2"));
  CHECK(answer(f.host, connect(f.host, clear), authenticate("SCRAM-SHA-256", f.user().first()))
            .starts_with("<challenge"));
  clear.flags = 0;
  CHECK_FALSE(has(f.features(clear), "urn:xmpp:sasl:2"));
}

TEST_CASE("sasl2: an authorization identity is the account's, and that of the stream's header") {
  Login2 f;
  const auto first = [&](const std::string& from, const std::string& authzid) {
    fake::Stream stream;
    stream.from = from;
    const hl_stream id = connect(f.host, stream);
    return answer(f.host, id, authenticate("SCRAM-SHA-256", "n,a=" + authzid + ",n=user,r=a"));
  };
  CHECK(first("user@localhost", "user@localhost").starts_with("<challenge"));
  CHECK(first("USER@localhost", "user@localhost").starts_with("<challenge"));
  CHECK(first("", "user@localhost").starts_with("<challenge"));
  CHECK(first("localhost", "user@localhost").starts_with(failure2("invalid-authzid")));
  CHECK(first("other@localhost", "user@localhost").starts_with(failure2("invalid-authzid")));
  CHECK(first("other@localhost", "other@localhost").starts_with(failure2("invalid-authzid")));
  const std::string plain("other@localhost\0user\0pencil", 27);
  CHECK(
      answer(f.host, connect(f.host), authenticate("PLAIN", plain)).starts_with(failure2("invalid-authzid")));
}

TEST_CASE("sasl2: at another account's home it begins anew, wishes and all") {
  Login2 f;
  f.host.state().elsewhere.insert("user@localhost");
  const hl_stream stream = connect(f.host);
  CHECK(has(f.log_in(stream, bind).at(0), "<bound"));
}

TEST_CASE("bind2: a resource is the client's tag and what the host makes of its id, the same each time") {
  Login2 f;
  const hl_stream first = connect(f.host), again = connect(f.host), other = connect(f.host),
                  nameless = connect(f.host);
  const auto sent = f.log_in(first, user_agent() + bind);
  REQUIRE(sent.size() == 2);
  const std::string resource = f.session(first).resource;
  CHECK(resource.starts_with("Play/"));
  CHECK_FALSE(has(resource, client_id));
  CHECK(has(sent[0], "<authorization-identifier>user@localhost/" + resource +
                         "</authorization-identifier>"
                         "<bound xmlns='urn:xmpp:bind:0'></bound></success>"));
  CHECK(sent[1] ==
        "<stream:features><sm xmlns='urn:xmpp:sm:3'/><pending xmlns='urn:hotline:pending:0' count='0'/>"
        "</stream:features>");
  const hl_session old = f.host.session_of(first);
  f.log_in(other, user_agent("another") + bind);
  CHECK(f.session(other).resource != resource);
  CHECK_FALSE(f.host.state().sessions.at(old).has_ended);
  f.log_in(again, user_agent() + bind);
  CHECK(f.session(again).resource == resource);
  CHECK(f.host.state().sessions.at(old).error == "conflict");
  f.log_in(nameless, bind);
  CHECK(f.session(nameless).resource != resource);
}

TEST_CASE("bind2: a client that comes with another tag, or none, ends its earlier session and no other") {
  Login2 f;
  const hl_session stranger = f.host.login("user@localhost", "Play/0123456789abcdef");
  const hl_stream first = connect(f.host), second = connect(f.host), third = connect(f.host);
  f.log_in(first, user_agent() + bind);
  const hl_session before = f.host.session_of(first);
  f.log_in(second, user_agent() + "<bind xmlns='urn:xmpp:bind:0'/>");
  CHECK(f.host.state().sessions.at(before).error == "conflict");
  const hl_session untagged = f.host.session_of(second);
  CHECK(f.host.state().sessions.at(before).resource.ends_with(f.session(second).resource));
  f.log_in(third, user_agent() + "<bind xmlns='urn:xmpp:bind:0'><tag>Play 2</tag></bind>");
  CHECK(f.host.state().sessions.at(untagged).error == "conflict");
  CHECK_FALSE(f.host.state().sessions.at(stranger).has_ended);
}

TEST_CASE("bind2: a tag that no resource may have is passed over") {
  Login2 f;
  for (const std::string& tag : {std::string(65, 'a'), std::string("a&#9;b")}) {
    const hl_stream stream = connect(f.host);
    f.log_in(stream, "<bind xmlns='urn:xmpp:bind:0'><tag>" + tag + "</tag></bind>");
    CHECK(f.session(stream).resource.size() == 16);
  }
}

TEST_CASE("bind2: stream management is on from the success on") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  const auto sent =
      f.log_in(stream, "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3' resume='true'/></bind>");
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0], "<bound xmlns='urn:xmpp:bind:0'><enabled xmlns='urn:xmpp:sm:3' id='" +
                         f.session(stream).sm_id + "' max='300' resume='true'></enabled></bound></success>"));
  CHECK_FALSE(has(sent[1], "<sm "));  // It is not offered again.
  CHECK(f.session(stream).has_sm);
  CHECK(f.session(stream).resume_s == 300);
}

TEST_CASE("bind2: what no live module has is not turned on") {
  Login2 f;
  const hl_stream stream = connect(f.host);
  f.log_in(
      stream,
      "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:carbons:2'/><inactive xmlns='urn:xmpp:csi:0'/>"
      "</bind>");
  CHECK(f.host.field(f.host.session_of(stream), hotline::session_fields::carbons) == 0);
  CHECK(f.host.field(f.host.session_of(stream), hotline::session_fields::client_state) == 0);
}

TEST_CASE("bind2: carbons and client state begin as they were wished for, where routing is") {
  Login2 f;
  f.host.load(messages_module);
  CHECK(has(f.features(),
            "<inline><feature var='urn:xmpp:carbons:2'/><feature var='urn:xmpp:csi:0'/>"
            "<feature var='urn:xmpp:sm:3'/></inline>"));
  const hl_stream stream = connect(f.host);
  f.log_in(
      stream,
      "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:carbons:2'/><inactive xmlns='urn:xmpp:csi:0'/>"
      "</bind>");
  CHECK(f.host.field(f.host.session_of(stream), hotline::session_fields::carbons) == 1);
  CHECK(f.host.field(f.host.session_of(stream), hotline::session_fields::client_state) ==
        hotline::session_fields::client_inactive);
}

TEST_CASE("bind2: who has as many sessions as may be is logged in, and refused when it binds") {
  Login2 f;
  for (std::size_t i = 0; i < fake::Calls::sessions_max; ++i)
    f.host.login("user@localhost", "r" + std::to_string(i));
  const hl_stream stream = connect(f.host);
  const auto sent = f.log_in(stream, bind);
  REQUIRE(sent.size() == 2);
  CHECK_FALSE(has(sent[0], "<bound"));
  CHECK(has(
      answer(f.host, stream, "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
      "<error type='wait'><resource-constraint"));
}

TEST_CASE("resume: an old session is taken up in the login, and no features follow") {
  Login2 f;
  const hl_session old = f.host.login("user@localhost", "phone");
  f.host.stanza(old, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  f.host.state().sessions.at(old).handled = 7;
  fake::send_counted(f.host.state(), f.host.state().sessions.at(old), "<message id='kept'></message>", 0);
  f.host.disconnect(f.host.stream_of(old));
  const std::string id = f.host.state().sessions.at(old).sm_id;

  const hl_stream stream = connect(f.host);
  const auto sent =
      f.log_in(stream, user_agent() + "<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='0'/>" + bind);
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].starts_with("<success xmlns='urn:xmpp:sasl:2'><resumed xmlns='urn:xmpp:sm:3' h='7' previd='" +
                            id + "'>"));
  CHECK(has(sent[0], "<authorization-identifier>user@localhost/phone</authorization-identifier>"));
  CHECK(sent[1] == "<message id='kept'></message>");
  CHECK(f.host.session_of(stream) == old);
  CHECK(f.host.state().sessions.size() == 1);  // It did not bind as well.
}

TEST_CASE("resume: one that fails says so and goes on to bind") {
  Login2 f;
  add_account(f.host, "other@localhost", "x");
  const hl_session foreign = f.host.login("other@localhost", "phone");
  f.host.stanza(foreign, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const std::string foreign_id = f.host.state().sessions.at(foreign).sm_id;
  const hl_session own = f.host.login("user@localhost", "phone");
  f.host.stanza(own, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
  const std::string own_id = f.host.state().sessions.at(own).sm_id;
  // Unknown, another's, and a count of more than was sent.
  for (const auto& each :
       {std::pair(std::string("gone"), "0"), std::pair(foreign_id, "0"), std::pair(own_id, "9")}) {
    const std::string id = each.first, h = each.second;
    CAPTURE(id);
    const hl_stream stream = connect(f.host);
    const auto sent = f.log_in(
        stream, "<resume xmlns='urn:xmpp:sm:3' previd='" + id + "' h='" + h + "'/>" + std::string(bind));
    REQUIRE(sent.size() == 2);
    CHECK(has(sent[0],
              "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"));
    CHECK(has(sent[0], "<bound xmlns='urn:xmpp:bind:0'>"));
    CHECK(f.session(stream).resource.starts_with("Play/"));
  }
  CHECK_FALSE(f.host.state().sessions.at(foreign).has_ended);
}

TEST_CASE("sasl2: no failure of the host's leaves a login half done") {
  for (std::uint64_t call = 1; call < 60; ++call) {
    Login2 f;
    ScramClient client = f.user();
    const hl_stream stream = connect(f.host);
    const std::string challenge = answer(
        f.host, stream,
        authenticate("SCRAM-SHA-256", client.first(),
                     user_agent() + "<request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/>"
                                    "<bind xmlns='urn:xmpp:bind:0'><enable xmlns='urn:xmpp:sm:3'/></bind>"));
    f.host.failing.let(call);
    f.host.receive(stream, sasl2("response", client.final(decoded(challenge))));
    CAPTURE(f.host.failing.call);
    const auto sent = f.host.stream_sent(stream);
    if (!sent.empty() && sent[0].starts_with("<success")) CHECK(f.stream(stream).account == "user@localhost");
    if (f.host.failing.call.empty()) break;
  }
}
