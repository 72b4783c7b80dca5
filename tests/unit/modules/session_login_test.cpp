// Logging in: SASL on a stream, from the features to the success, and every way it fails.
#include <doctest/doctest.h>

#include <string>

#include "hotline/cap/login.h"
#include "session_client.h"
#include "unit/modules/has.h"

using namespace hotline::session;
using namespace hotline::session::test;
using hotline::sdk::FakeHost;
using hotline::test::has;

namespace {

struct Login {
  FakeHost host;
  Login() {
    host.load(hl_module);
    add_account(host, "user@localhost", "pencil");
  }
  ScramClient user() const { return {.user = "user", .password = "pencil"}; }
  std::string features(fake::Stream stream) {
    return host.stream_sent(host.connect(std::move(stream))).at(0);
  }
  const fake::Stream& stream(hl_stream id) { return host.state().streams.at(id); }
};

fake::Stream plain_tcp(std::uint32_t flags = 0) {
  fake::Stream stream;
  stream.flags = flags;
  stream.tls_version.clear();
  return stream;
}

fake::Stream bindable() {
  fake::Stream stream;
  stream.channel_binding = std::string(32, 'x');
  return stream;
}

std::string plain(const std::string& authzid, const std::string& authcid, const std::string& password) {
  return authzid + '\0' + authcid + '\0' + password;
}

}  // namespace

TEST_CASE("login: each SCRAM mechanism lets the owner in and proves the host to him") {
  for (const auto& [name, digest] :
       {std::pair("SCRAM-SHA-256", HL_DIGEST_SHA256), std::pair("SCRAM-SHA-1", HL_DIGEST_SHA1)}) {
    const std::string mechanism = name;
    CAPTURE(mechanism);
    Login f;
    const hl_stream stream = connect(f.host);
    ScramClient client = f.user();
    client.digest = digest;
    const std::string last = log_in(f.host, stream, client, mechanism);
    CHECK(last.starts_with("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"));
    CHECK(decoded(last) == client.server_signature);
    CHECK(f.stream(stream).account == "user@localhost");
    CHECK(f.stream(stream).scratch.empty());
    CHECK(f.host.state().counters["session.logins"] == 1);
  }
}

TEST_CASE("login: a name is prepared before it is looked up") {
  Login f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  client.user = "USER";
  CHECK(log_in(f.host, stream, client).starts_with("<success"));
  CHECK(f.stream(stream).account == "user@localhost");
}

TEST_CASE("login: an exchange goes on where the instance was made anew in between") {
  Login f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  const std::string challenge = answer(f.host, stream, sasl("auth", client.first(), "SCRAM-SHA-256"));
  f.host.renew();
  CHECK(answer(f.host, stream, sasl("response", client.final(decoded(challenge)))).starts_with("<success"));
}

TEST_CASE("login: an exchange without an initial response begins with an empty challenge") {
  Login f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  CHECK(answer(f.host, stream, sasl("auth", "", "SCRAM-SHA-256")) ==
        "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></challenge>");
  const std::string challenge = answer(f.host, stream, sasl("response", client.first()));
  CHECK(answer(f.host, stream, sasl("response", client.final(decoded(challenge)))).starts_with("<success"));
}

TEST_CASE("login: the connection moves to the account's home before anything is done there") {
  Login f;
  f.host.state().elsewhere.insert("user@localhost");
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  CHECK(log_in(f.host, stream, client).starts_with("<success"));
}

TEST_CASE("login: a wrong password is not-authorized, and the right one may follow") {
  Login f;
  const hl_stream stream = connect(f.host);
  ScramClient wrong = f.user();
  wrong.password = "pencils";
  CHECK(log_in(f.host, stream, wrong).starts_with(failure("not-authorized")));
  CHECK(f.stream(stream).account.empty());
  ScramClient right = f.user();
  CHECK(log_in(f.host, stream, right).starts_with("<success"));
}

TEST_CASE("login: the last allowed failure closes the stream") {
  Login f;
  const hl_stream stream = connect(f.host);
  for (std::uint32_t i = 0; i < fake::Calls::failures_max; ++i) {
    CHECK(f.stream(stream).is_open);
    ScramClient wrong = f.user();
    wrong.password = "pencils";
    CHECK(log_in(f.host, stream, wrong).starts_with(failure("not-authorized")));
  }
  CHECK_FALSE(f.stream(stream).is_open);
  CHECK(f.stream(stream).error == "policy-violation");
}

TEST_CASE("login: who does not exist is treated as who does") {
  Login f;
  const auto challenge_for = [&](const std::string& user, const std::string& mechanism) {
    const hl_stream stream = connect(f.host);
    ScramClient client{.user = user, .password = "whatever"};
    client.digest = mechanism == "SCRAM-SHA-1" ? HL_DIGEST_SHA1 : HL_DIGEST_SHA256;
    const std::string challenge = decoded(answer(f.host, stream, sasl("auth", client.first(), mechanism)));
    const std::string end = answer(f.host, stream, sasl("response", client.final(challenge)));
    CHECK(end == "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
    return challenge;
  };
  const std::string known = challenge_for("user", "SCRAM-SHA-256");
  const std::string unknown = challenge_for("nobody", "SCRAM-SHA-256");
  CHECK(unknown.size() == known.size());
  CHECK(field(unknown, 'i') == field(known, 'i'));
  CHECK(field(unknown, 'r') != field(known, 'r'));
  // The salt is the same at each attempt, also for the next generation; another for another name or hash.
  f.host.renew();
  CHECK(field(challenge_for("nobody", "SCRAM-SHA-256"), 's') == field(unknown, 's'));
  CHECK(field(challenge_for("somebody", "SCRAM-SHA-256"), 's') != field(unknown, 's'));
  CHECK(field(challenge_for("nobody", "SCRAM-SHA-1"), 's') != field(unknown, 's'));
}

TEST_CASE("login: nobody logs in as another account") {
  Login f;
  add_account(f.host, "victim@localhost", "secret");
  for (const std::string authzid :
       {"victim@localhost", "victim", "localhost", "user@elsewhere", "user@localhost/x"}) {
    CAPTURE(authzid);
    const hl_stream stream = connect(f.host);
    ScramClient client = f.user();
    client.gs2_header = "n,a=" + authzid + ",";
    CHECK(log_in(f.host, stream, client).starts_with(failure("invalid-authzid")));
    CHECK(answer(f.host, stream, sasl("auth", plain(authzid, "user", "pencil"), "PLAIN"))
              .starts_with(failure("invalid-authzid")));
    f.host.run();
    CHECK(f.stream(stream).account.empty());
  }
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  client.gs2_header = "n,a=USER@localhost,";
  CHECK(log_in(f.host, stream, client).starts_with("<success"));
}

TEST_CASE("login: PLAIN is checked off the loop and lets the owner in") {
  Login f;
  const hl_stream stream = connect(f.host);
  CHECK(answer(f.host, stream, sasl("auth", plain("", "user", "pencil"), "PLAIN")).empty());
  f.host.renew();
  f.host.run();
  CHECK(f.host.stream_sent(stream).at(0) == "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>");
  CHECK(f.stream(stream).account == "user@localhost");
}

TEST_CASE("login: PLAIN refuses a wrong password and an unknown name alike") {
  Login f;
  for (const auto& [user, password] : {std::pair("user", "pencils"), std::pair("nobody", "pencil")}) {
    const hl_stream stream = connect(f.host);
    CHECK(answer(f.host, stream, sasl("auth", plain("", user, password), "PLAIN")).empty());
    CHECK(f.host.state().work.size() == 1);
    CHECK(f.host.state().work[0].iterations == iterations);
    f.host.run();
    CHECK(f.host.stream_sent(stream).at(0) == failure("not-authorized") + "</failure>");
  }
}

TEST_CASE("login: a result that comes after the exchange was aborted logs nobody in") {
  Login f;
  const hl_stream stream = connect(f.host);
  f.host.receive(stream, sasl("auth", plain("", "user", "pencil"), "PLAIN"));
  CHECK(answer(f.host, stream, sasl("abort", "")) == failure("aborted") + "</failure>");
  ScramClient wrong{.user = "user", .password = "wrong"};
  f.host.receive(stream, sasl("auth", wrong.first(), "SCRAM-SHA-256"));
  f.host.stream_sent(stream);
  f.host.run();
  CHECK(f.host.stream_sent(stream).empty());
  CHECK(f.stream(stream).account.empty());
}

TEST_CASE("login: PLAIN needs encryption, but where this machine's own may go without") {
  Login f;
  const std::string auth = sasl("auth", plain("", "user", "pencil"), "PLAIN");
  CHECK_FALSE(has(f.features(plain_tcp()), "PLAIN"));
  CHECK(has(f.features(plain_tcp()), "<mechanism>SCRAM-SHA-256</mechanism>"));
  CHECK(answer(f.host, connect(f.host, plain_tcp()), auth).starts_with(failure("encryption-required")));
  CHECK(answer(f.host, connect(f.host, plain_tcp(HL_STREAM_IS_LOOPBACK)), auth)
            .starts_with(failure("encryption-required")));
  f.host.numbers["allow_plain_loopback"] = 1;
  CHECK(answer(f.host, connect(f.host, plain_tcp()), auth).starts_with(failure("encryption-required")));
  CHECK(answer(f.host, connect(f.host, plain_tcp(HL_STREAM_IS_LOOPBACK)), auth).empty());
  CHECK(f.host.state().work.size() == 1);
}

TEST_CASE("login: nothing works before TLS where TLS is required") {
  Login f;
  const fake::Stream required =
      plain_tcp(HL_STREAM_CAN_STARTTLS | HL_STREAM_NEEDS_TLS | HL_STREAM_IS_LOOPBACK);
  f.host.numbers["allow_plain_loopback"] = 1;
  CHECK_FALSE(has(f.features(required), "mechanism"));
  ScramClient client = f.user();
  CHECK(log_in(f.host, connect(f.host, required), client).starts_with(failure("encryption-required")));
}

TEST_CASE("login: mechanisms are offered the best first") {
  Login f;
  const std::string without = f.features(bindable());
  CHECK_FALSE(has(without, "PLUS"));
  f.host.numbers["channel_binding"] = 1;
  f.host.missing.insert(HL_CAP_LOGIN);  // Without SASL2 (session_sasl2_test).
  f.host.renew();
  CHECK(f.features(bindable()) ==
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
        "<mechanism>SCRAM-SHA-256-PLUS</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism>"
        "<mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism>"
        "</mechanisms><sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>"
        "</sasl-channel-binding></stream:features>");
  CHECK_FALSE(has(f.features({}), "PLUS"));  // TLS 1.2: no exporter.
}

TEST_CASE("login: SCRAM-PLUS holds the login to its TLS connection") {
  for (const auto& [name, digest] :
       {std::pair("SCRAM-SHA-256-PLUS", HL_DIGEST_SHA256), std::pair("SCRAM-SHA-1-PLUS", HL_DIGEST_SHA1)}) {
    const std::string mechanism = name;
    CAPTURE(mechanism);
    Login f;
    f.host.numbers["channel_binding"] = 1;
    ScramClient client = f.user();
    client.digest = digest;
    client.gs2_header = "p=tls-exporter,,";
    client.channel_data = std::string(32, 'x');
    CHECK(log_in(f.host, connect(f.host, bindable()), client, mechanism).starts_with("<success"));
    client.channel_data = std::string(32, 'y');  // Another connection's: somebody stands between.
    CHECK(log_in(f.host, connect(f.host, bindable()), client, mechanism)
              .starts_with(failure("not-authorized")));
  }
}

TEST_CASE("login: a channel binding that was hidden from the client is a refusal") {
  Login f;
  ScramClient client = f.user();
  client.gs2_header = "y,,";
  CHECK(log_in(f.host, connect(f.host, bindable()), client).starts_with("<success"));  // It was not offered.
  f.host.numbers["channel_binding"] = 1;
  CHECK(log_in(f.host, connect(f.host, bindable()), client).starts_with(failure("not-authorized")));
  CHECK(log_in(f.host, connect(f.host), client).starts_with("<success"));  // TLS 1.2: not offered.
}

TEST_CASE("login: the mechanism and the header's flag must agree") {
  Login f;
  f.host.numbers["channel_binding"] = 1;
  ScramClient client = f.user();
  client.gs2_header = "p=tls-exporter,,";
  CHECK(log_in(f.host, connect(f.host, bindable()), client, "SCRAM-SHA-256")
            .starts_with(failure("malformed-request")));
  client.gs2_header = "p=tls-unique,,";
  CHECK(log_in(f.host, connect(f.host, bindable()), client, "SCRAM-SHA-256-PLUS")
            .starts_with(failure("malformed-request")));
  client.gs2_header = "n,,";
  CHECK(log_in(f.host, connect(f.host, bindable()), client, "SCRAM-SHA-256-PLUS")
            .starts_with(failure("malformed-request")));
}

TEST_CASE("login: what a mechanism does not take has its own error") {
  Login f;
  const auto first = [&](const std::string& xml) { return answer(f.host, connect(f.host), xml); };
  const std::string ns = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  CHECK(first("<auth " + ns + " mechanism='SCRAM-SHA-512'>AA==</auth>")
            .starts_with(failure("invalid-mechanism")));
  CHECK(first("<auth " + ns + ">AA==</auth>").starts_with(failure("invalid-mechanism")));
  CHECK(first(sasl("auth", "p=tls-exporter,,n=u,r=a", "SCRAM-SHA-256-PLUS"))
            .starts_with(failure("invalid-mechanism")));
  CHECK(first("<auth " + ns + " mechanism='PLAIN'>!</auth>").starts_with(failure("incorrect-encoding")));
  CHECK(first("<auth " + ns + " mechanism='PLAIN'>=</auth>").starts_with(failure("malformed-request")));
  CHECK(first(sasl("auth", "no zero byte", "PLAIN")).starts_with(failure("malformed-request")));
  CHECK(
      first(sasl("auth", plain("", "user", "a") + '\0', "PLAIN")).starts_with(failure("malformed-request")));
  CHECK(first(sasl("auth", plain("", "", "a"), "PLAIN")).starts_with(failure("malformed-request")));
  CHECK(first(sasl("auth", plain("", "us er", "a"), "PLAIN")).starts_with(failure("not-authorized")));
  CHECK(first(sasl("auth", "n,,n=user", "SCRAM-SHA-256")).starts_with(failure("malformed-request")));
  CHECK(first(sasl("response", "x")).starts_with(failure("malformed-request")));
  CHECK(first("<success " + ns + "/>").starts_with(failure("malformed-request")));
  const std::string long_name(3500, 'a');
  CHECK(first(sasl("auth", "n,,n=" + long_name + ",r=a", "SCRAM-SHA-256"))
            .starts_with(failure("not-authorized")));
}

TEST_CASE("login: one exchange at a time, and each response in its place") {
  Login f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  f.host.receive(stream, sasl("auth", client.first(), "SCRAM-SHA-256"));
  f.host.stream_sent(stream);
  CHECK(answer(f.host, stream, sasl("auth", client.first(), "SCRAM-SHA-1"))
            .starts_with(failure("malformed-request")));
  CHECK(answer(f.host, stream, sasl("response", "c=biws")).starts_with(failure("malformed-request")));
  CHECK(f.stream(stream).failures == 2);
}

TEST_CASE("login: a stream logs in once") {
  Login f;
  const hl_stream stream = connect(f.host);
  ScramClient client = f.user();
  REQUIRE(log_in(f.host, stream, client).starts_with("<success"));
  f.host.open_stream(stream);
  f.host.stream_sent(stream);
  f.host.receive(stream, sasl("auth", client.first(), "SCRAM-SHA-256"));
  CHECK_FALSE(f.stream(stream).is_open);
  CHECK(f.stream(stream).error == "policy-violation");
}

TEST_CASE("login: too many logins at once is temporary") {
  Login f;
  f.host.numbers["fake.work_max"] = 0;
  CHECK(answer(f.host, connect(f.host), sasl("auth", plain("", "user", "pencil"), "PLAIN"))
            .starts_with(failure("temporary-auth-failure")));
}
