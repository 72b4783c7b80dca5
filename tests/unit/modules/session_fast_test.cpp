// Tokens (XEP-0484): a login in one step, and everything that ends a token.
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "hotline/sdk.hpp"
#include "sasl2_client.h"
#include "session/exchange.h"
#include "session/topics.h"
#include "session/wishes.h"
#include "unit/modules/has.h"

using namespace hotline::session;
using namespace hotline::session::test;
using hotline::sdk::FakeHost;
using hotline::test::has;

namespace {

constexpr std::uint64_t hour_ms = 3'600'000;
constexpr std::uint64_t day_ms = 24 * hour_ms;
const std::string channel(32, 'x');

std::string wants(std::string_view mechanism = "HT-SHA-256-NONE") {
  return "<request-token xmlns='urn:xmpp:fast:0' mechanism='" + std::string(mechanism) + "'/>";
}
constexpr const char* by_fast = "<fast xmlns='urn:xmpp:fast:0'/>";
constexpr const char* last_time = "<fast xmlns='urn:xmpp:fast:0' invalidate='true'/>";

fake::Stream bound_to_tls() {
  fake::Stream stream;
  stream.channel_binding = channel;
  return stream;
}

struct Tokens {
  FakeHost host;
  Tokens() {
    host.load(hl_module);
    add_account(host, "user@localhost", "pencil");
  }
  std::string by_password(const std::string& wishes, fake::Stream stream = {},
                          const std::string& user = "user") {
    ScramClient client{.user = user, .password = "pencil"};
    return log_in2(host, connect(host, std::move(stream)), client, wishes).at(0);
  }
  // A token of the client of that id.
  std::string token(std::string_view id = client_id) {
    return token_in(by_password(user_agent(id) + wants()));
  }
  std::string by_token(const std::string& token, const std::string& wishes = by_fast,
                       std::string_view id = client_id, std::string_view user = "user") {
    return answer(host, connect(host),
                  authenticate("HT-SHA-256-NONE", token_message(user, token), user_agent(id) + wishes));
  }
  bool is_good(const std::string& token, std::string_view id = client_id) {
    return by_token(token, by_fast, id).starts_with("<success");
  }
  auto& rows() { return host.state().tables["fast_tokens"]["user@localhost"]; }
};

const std::string refused = failure2("not-authorized") + "</failure>";

}  // namespace

TEST_CASE("fast: a token that was asked for logs in in one step, which proves that the host knows it") {
  Tokens f;
  const std::string success = f.by_password(user_agent() + wants());
  const std::string token = token_in(success);
  CHECK(token.size() == 80);  // 320 bits.
  CHECK(has(success, "expiry='2014-03-17T19:00:00.000Z'"));
  const hl_stream stream = connect(f.host);
  f.host.receive(stream, authenticate("HT-SHA-256-NONE", token_message("user", token),
                                      user_agent() + by_fast + "<bind xmlns='urn:xmpp:bind:0'/>"));
  const auto sent = f.host.stream_sent(stream);
  REQUIRE(sent.size() == 2);
  CHECK(has(sent[0], "<additional-data>" + base64_encode(fake::hmac(HL_DIGEST_SHA256, token, "Responder")) +
                         "</additional-data>"));
  CHECK(has(sent[0], "<bound"));
  CHECK_FALSE(has(sent[0], "<token"));  // It is new enough.
  CHECK(f.host.state().counters.at("session.logins_by_token") == 1);
}

TEST_CASE("fast: nothing that is kept of a token logs in") {
  Tokens f;
  const std::string token = f.token();
  REQUIRE(f.rows().size() == 1);
  const auto& [key, row] = *f.rows().begin();
  CHECK_FALSE(has(row, token));
  CHECK_FALSE(has(row, fake::digest(HL_DIGEST_SHA256, token)));
  CHECK_FALSE(has(row, fake::hmac(HL_DIGEST_SHA256, token, "Initiator")));
  CHECK_FALSE(has(key, client_id));
}

TEST_CASE("fast: a token is its account's, its client's and its mechanism's") {
  Tokens f;
  add_account(f.host, "other@localhost", "pencil");
  const std::string token = f.token();
  CHECK(f.by_token(token, by_fast, "another") == refused);
  CHECK(f.by_token(token, by_fast, client_id, "other") == refused);
  CHECK(f.by_token(token, by_fast, client_id, "nobody") == refused);
  CHECK(f.by_token(token.substr(1), by_fast) == refused);
  CHECK(f.by_token("", by_fast) == refused);
  f.host.numbers["channel_binding"] = 1;
  CHECK(answer(f.host, connect(f.host, bound_to_tls()),
               authenticate("HT-SHA-256-EXPR", token_message("user", token, channel),
                            user_agent() + by_fast)) == refused);
  CHECK(f.is_good(token));
}

TEST_CASE("fast: a token that is bound to the TLS channel is good on that alone") {
  Tokens f;
  const std::string asks = user_agent() + wants("HT-SHA-256-EXPR");
  CHECK_FALSE(has(f.by_password(asks, bound_to_tls()), "<token"));  // It is not offered.
  f.host.numbers["channel_binding"] = 1;
  CHECK_FALSE(has(f.by_password(asks), "<token"));  // TLS 1.2: no exporter.
  const std::string token = token_in(f.by_password(asks, bound_to_tls()));
  REQUIRE(token.size() == 80);
  const auto tries = [&](std::string_view mechanism, std::string_view data) {
    return answer(f.host, connect(f.host, bound_to_tls()),
                  authenticate(mechanism, token_message("user", token, data), user_agent() + by_fast));
  };
  const std::string success = tries("HT-SHA-256-EXPR", channel);
  CHECK(has(success, base64_encode(fake::hmac(HL_DIGEST_SHA256, token, "Responder" + channel))));
  CHECK(tries("HT-SHA-256-EXPR", std::string(32, 'y')) == refused);
  CHECK(tries("HT-SHA-256-EXPR", "") == refused);
  CHECK(tries("HT-SHA-256-NONE", "") == refused);
}

TEST_CASE("fast: a token's message is whole and says what it is") {
  Tokens f;
  const std::string token = f.token();
  CHECK(f.by_token(token, "").starts_with(failure2("malformed-request")));  // Without <fast/>.
  const auto tries = [&](const std::string& message) {
    return answer(f.host, connect(f.host), authenticate("HT-SHA-256-NONE", message, user_agent() + by_fast));
  };
  CHECK(tries("user").starts_with(failure2("malformed-request")));
  CHECK(tries(token_message("user", token) + "x") == refused);
  CHECK(tries(token_message("us er", token)) == refused);
  CHECK(answer(f.host, connect(f.host), sasl("auth", token_message("user", token), "HT-SHA-256-NONE"))
            .starts_with(failure("invalid-mechanism")));  // In SASL there is no such thing.
}

TEST_CASE("fast: no token goes over a connection that is not encrypted") {
  Tokens f;
  const std::string token = f.token();
  fake::Stream clear;
  clear.flags = 0;
  CHECK_FALSE(has(f.by_password(user_agent() + wants(), clear), "<token"));
  const hl_stream stream = f.host.connect(clear);
  CHECK_FALSE(has(f.host.stream_sent(stream).at(0), "HT-SHA-256"));
  CHECK(answer(f.host, stream,
               authenticate("HT-SHA-256-NONE", token_message("user", token), user_agent() + by_fast))
            .starts_with(failure2("encryption-required")));
}

TEST_CASE("fast: who does not say which client it is gets none, and nobody does where they are off") {
  Tokens f;
  CHECK_FALSE(has(f.by_password(wants()), "<token"));
  CHECK_FALSE(has(f.by_password(user_agent() + wants("HT-SHA-512-NONE")), "<token"));
  const std::string token = f.token();
  f.host.numbers["fast_clients_max"] = 0;
  CHECK_FALSE(has(f.by_password(user_agent() + wants()), "<token"));
  CHECK(f.by_token(token).starts_with(failure2("invalid-mechanism")));
}

TEST_CASE("fast: one that is a day old is replaced, and stays good until the next is used") {
  Tokens f;
  const std::string first = f.token();
  f.host.advance(day_ms);
  const std::string lost = token_in(f.by_token(first));
  REQUIRE_FALSE(lost.empty());
  f.host.renew();
  const std::string second = token_in(f.by_token(first));  // The client never got the other.
  REQUIRE_FALSE(second.empty());
  CHECK_FALSE(f.is_good(lost));
  CHECK(f.is_good(second));
  CHECK_FALSE(f.is_good(first));
  CHECK(f.rows().size() == 1);
}

TEST_CASE("fast: an expired one is refused as such, and to its holder alone") {
  Tokens f;
  f.host.numbers["fast_days"] = 2;
  const std::string token = f.token();
  f.host.advance(2 * day_ms - hour_ms);
  CHECK(f.is_good(token));
  f.host.advance(hour_ms);
  CHECK(f.by_token(token).starts_with(failure2("credentials-expired")));
  CHECK(f.by_token(token.substr(1)) == refused);
}

TEST_CASE("fast: a client that is done with its token has none, unless it asks for another") {
  Tokens f;
  const std::string token = f.token();
  f.host.advance(day_ms);
  CHECK_FALSE(has(f.by_token(token, last_time), "<token"));
  CHECK_FALSE(f.is_good(token));
  CHECK(f.rows().empty());
  const std::string other = f.token();
  const std::string next = token_in(f.by_token(other, last_time + wants()));
  CHECK_FALSE(f.is_good(other));
  CHECK(f.is_good(next));
}

TEST_CASE("fast: a login by password with a new token ends the client's older ones") {
  Tokens f;
  const std::string first = f.token();
  const std::string other = f.token("another");
  const std::string second = f.token();
  CHECK_FALSE(f.is_good(first));
  CHECK(f.is_good(second));
  CHECK(f.is_good(other, "another"));
}

TEST_CASE("fast: an account has so many clients, and the one that stayed away longest makes room") {
  Tokens f;
  f.host.numbers["fast_clients_max"] = 3;
  std::vector<std::string> tokens;
  for (const char* id : {"a", "b", "c"}) {
    tokens.push_back(f.token(id));
    f.host.advance(hour_ms);
  }
  f.host.advance(day_ms);
  CHECK(f.is_good(tokens[0], "a"));
  f.token("d");
  CHECK(f.rows().size() == 3);
  CHECK(f.is_good(tokens[0], "a"));
  CHECK_FALSE(f.is_good(tokens[1], "b"));
  CHECK(f.is_good(tokens[2], "c"));
}

TEST_CASE("fast: rows of expired tokens make room first") {
  Tokens f;
  f.host.numbers["fast_days"] = 1;
  for (const char* id : {"a", "b", "c"}) f.token(id);
  f.host.advance(2 * day_ms);
  f.token("d");
  CHECK(f.rows().size() == 1);
}

TEST_CASE("fast: a new password is the end of every token, whether anybody is told or not") {
  Tokens f;
  const std::string token = f.token();
  add_account(f.host, "user@localhost", "other");  // As registration writes it: another row.
  CHECK(f.by_token(token) == refused);
  f.host.state().tables["accounts"].erase("user@localhost");
  CHECK(f.by_token(token) == refused);
  add_account(f.host, "user@localhost", "another");
  CHECK(f.by_token(token) == refused);
}

TEST_CASE("fast: what registration says frees the rows of that account alone") {
  for (const std::uint32_t topic : {topic::account_removed, topic::key_replaced, topic::password_changed}) {
    Tokens f;
    add_account(f.host, "other@localhost", "pencil");
    f.token("a");
    f.token("b");
    f.by_password(user_agent() + wants(), {}, "other");
    CHECK(f.host.post("session", "user@localhost", topic, "") == HL_OK);
    CHECK(f.rows().empty());
    CHECK(f.host.state().tables["fast_tokens"]["other@localhost"].size() == 1);
  }
  Tokens f;
  f.token();
  CHECK(f.host.post("session", "user@localhost", 99, "of a newer one") == HL_OK);
  CHECK(f.rows().size() == 1);
}

TEST_CASE("fast: a row that is cut or of another form is no token") {
  Tokens f;
  const std::string token = f.token();
  const std::string whole = f.rows().begin()->second;
  const std::string key = f.rows().begin()->first;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    f.rows()[key] = whole.substr(0, size);
    CHECK_FALSE(fast::Row::decode(f.rows()[key]));
  }
  CHECK(f.by_token(token) == refused);
  f.rows()[key] = whole;
  CHECK(fast::Row::decode(whole)->encode() == whole);
  CHECK(f.is_good(token));
}

TEST_CASE("fast: guesses count against the stream like any other") {
  Tokens f;
  f.token();
  const hl_stream stream = connect(f.host);
  for (std::uint32_t i = 0; i < fake::Calls::failures_max; ++i)
    f.host.receive(stream,
                   authenticate("HT-SHA-256-NONE", token_message("user", "guess"), user_agent() + by_fast));
  CHECK_FALSE(f.host.state().streams.at(stream).is_open);
}

TEST_CASE("fast: whatever stands in place of a message, nobody gets in and the module lives") {
  Tokens f;
  const std::string token = f.token();
  const std::string good = token_message("user", token);
  std::mt19937 random(484);
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  constexpr int tries = 600;
  for (int i = 0; i < tries; ++i) {
    std::string message = good;
    switch (below(4)) {
      case 0: message.resize(below(message.size())); break;
      case 1: message[below(message.size())] ^= static_cast<char>(1 + below(255)); break;
      case 2: message.insert(below(message.size() + 1), 1 + below(64), static_cast<char>(below(256))); break;
      default:
        message.resize(below(200));
        for (char& c : message) c = static_cast<char>(below(256));
    }
    // A name may be written in other letters and mean the same: then it is the same message.
    const bool is_same = message.size() == good.size() && message.substr(4) == good.substr(4) &&
                         (message[0] | 0x20) == 'u' && (message[1] | 0x20) == 's' &&
                         (message[2] | 0x20) == 'e' && (message[3] | 0x20) == 'r';
    const hl_stream stream = connect(f.host);
    CHECK(f.host.receive(stream, authenticate("HT-SHA-256-NONE", message, user_agent() + by_fast)) == HL_OK);
    CHECK(f.host.state().streams.at(stream).account.empty() != is_same);
  }
  CHECK(f.is_good(token));
}

TEST_CASE("exchange: what is kept between a login's elements is read whole or not at all") {
  Wishes wishes;
  wishes.client = client_id;
  wishes.tag = "Play";
  wishes.previous = "sm-1";
  wishes.binds = wishes.wants_sm = wishes.resumes = wishes.has_token = true;
  wishes.handled = 7;
  wishes.resume_s = 300;
  wishes.wants_token = fast::Kind::expr;
  const std::string kept = wishes.encode();
  const auto read = Wishes::decode(kept);
  REQUIRE(read);
  CHECK(read->encode() == kept);
  for (std::size_t size = 0; size < kept.size(); ++size) CHECK_FALSE(Wishes::decode(kept.substr(0, size)));

  Exchange exchange;
  exchange.profile = Profile::sasl2;
  exchange.state = Exchange::State::scram;
  exchange.mechanism = "SCRAM-SHA-256";
  exchange.account = "user@localhost";
  exchange.nonce = "nonce";
  exchange.wishes = kept;
  const std::string whole = exchange.encode();
  REQUIRE(Exchange::decode(whole));
  CHECK(Exchange::decode(whole)->encode() == whole);
  for (std::size_t size = 1; size < whole.size(); ++size)
    CHECK_FALSE(Exchange::decode(whole.substr(0, size)));
  CHECK_FALSE(Exchange::decode("3" + whole.substr(1)));  // A newer generation's.
}
