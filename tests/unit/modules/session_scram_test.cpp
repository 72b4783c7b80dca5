// SCRAM's messages and arithmetic: the RFCs' examples, and what bent messages come to.
#include <doctest/doctest.h>

#include <hotline/fake_host.hpp>
#include <string>

#include "session/base64.h"
#include "session/scram.h"

using namespace hotline::session;
using hotline::sdk::Digest;
namespace sdk = hotline::sdk;
namespace fake = hotline::sdk::fake;

namespace {

// The fake host's crypto, for calls from outside a module.
struct CryptoHost {
  struct Taker {
    explicit Taker(const hl_host* host) { taken = host; }
    static inline const hl_host* taken = nullptr;
  };
  CryptoHost() { host.load(entry); }
  sdk::Crypto crypto() const { return sdk::Crypto(Taker::taken); }
  static constexpr hl_module_entry entry =
      sdk::entry<Taker>("name taker\nversion 1.0.0\nneeds hotline.crypto/1\n");
  sdk::FakeHost host;
};

struct Example {
  Digest digest;
  std::string client_first, server_nonce, salt, server_first, client_final, server_final;
};

// "user" with password "pencil": RFC 5802 5 and RFC 7677 3.
const Example examples[] = {
    {Digest::sha1, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j", "QSXCR+Q6sek8bf92",
     "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
     "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
     "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {Digest::sha256, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
     "W22ZaJ0SNY7soEsUEjb6gQ==",
     "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
     "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
     "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}};

struct Keys {
  std::string stored, server;
  Keys(const Example& example, const std::string& password) {
    const auto digest = static_cast<std::int32_t>(example.digest);
    const std::string salted = fake::pbkdf2(digest, password, *base64_decode(example.salt), 4096);
    stored = fake::digest(digest, fake::hmac(digest, salted, "Client Key"));
    server = fake::hmac(digest, salted, "Server Key");
  }
};

std::optional<std::string> run(const CryptoHost& host, const Example& example, const Keys& keys,
                               const std::string& client_final, std::string_view channel_data = {}) {
  const auto first = ScramFirst::parse(example.client_first);
  const auto final = ScramFinal::parse(client_final);
  if (!first || !final) return std::nullopt;
  const std::string nonce = std::string(first->nonce) + example.server_nonce;
  return scram_accept(host.crypto(), example.digest,
                      {first->gs2_header, first->bare, example.server_first, nonce}, *final, keys.stored,
                      keys.server, channel_data);
}

}  // namespace

TEST_CASE("scram: the examples of RFC 5802 and RFC 7677 come out as printed") {
  const CryptoHost host;
  for (const Example& example : examples) {
    CAPTURE(example.client_first);
    const auto first = ScramFirst::parse(example.client_first);
    REQUIRE(first);
    CHECK(first->username == "user");
    CHECK(first->gs2_header == "n,,");
    CHECK(scram_server_first(first->nonce, example.server_nonce, *base64_decode(example.salt), 4096) ==
          example.server_first);
    CHECK(run(host, example, Keys(example, "pencil"), example.client_final) == example.server_final);
  }
}

TEST_CASE("scram: another password, proof, nonce or binding is not accepted") {
  const CryptoHost host;
  for (const Example& example : examples) {
    const Keys right(example, "pencil");
    CHECK_FALSE(run(host, example, Keys(example, "pencils"), example.client_final));
    CHECK_FALSE(run(host, example, right, example.client_final, "channel data that was not bound"));
    std::string bent = example.client_final;
    bent[bent.rfind("p=") + 2] = bent[bent.rfind("p=") + 2] == 'A' ? 'B' : 'A';
    CHECK_FALSE(run(host, example, right, bent));
    std::string other_nonce = example.client_final;
    other_nonce[other_nonce.find(",p=") - 1] = '_';
    CHECK_FALSE(run(host, example, right, other_nonce));
    std::string other_binding = example.client_final;
    other_binding.replace(2, 4, base64_encode("y,,"));
    CHECK_FALSE(run(host, example, right, other_binding));
    std::string short_proof = example.client_final.substr(0, example.client_final.rfind("p=") + 2) + "AAAA";
    CHECK_FALSE(run(host, example, right, short_proof));
  }
}

TEST_CASE("scram: a first message says how it binds and for whom it asks") {
  const auto plus = ScramFirst::parse("p=tls-exporter,a=a=2Cb=3D,n=us=3Der=2C,r=abc,x=ignored");
  REQUIRE(plus);
  CHECK(plus->binding == Binding::used);
  CHECK(plus->binding_type == "tls-exporter");
  CHECK(plus->authzid == "a,b=");
  CHECK(plus->username == "us=er,");
  CHECK(plus->gs2_header == "p=tls-exporter,a=a=2Cb=3D,");
  CHECK(plus->bare == "n=us=3Der=2C,r=abc,x=ignored");
  CHECK(plus->nonce == "abc");
  CHECK(ScramFirst::parse("y,,n=u,r=a")->binding == Binding::unadvertised);
}

TEST_CASE("scram: malformed first messages are refused") {
  for (const std::string_view message :
       {"", "n", "n,", "n,,", "x,,n=u,r=a", "n,n=u,r=a", "n,,n=u", "n,,r=a,n=u", "n,,n=,r=a",
        "n,,n=u,r=", "n,,m=ext,n=u,r=a", "n,,n=u=2D,r=a", "n,,n=u=,r=a", "n,a=,n=u,r=a", "n,a==2,n=u,r=a",
        "p=,,n=u,r=a", "p,,n=u,r=a", "n,,n=u,r=a b", "n,,n=u,r=\xc3\xa4"}) {
    CAPTURE(message);
    CHECK_FALSE(ScramFirst::parse(message));
  }
  CHECK_FALSE(ScramFirst::parse("n,,n=u,r=" + std::string(257, 'a')));
  CHECK(ScramFirst::parse("n,,n=u,r=" + std::string(256, 'a')));
}

TEST_CASE("scram: malformed final messages are refused") {
  for (const std::string_view message : {"", "c=biws", "c=biws,r=a", "c=biws,p=AAAA", "r=a,c=biws,p=AAAA",
                                         "c=biws,r=a,p=A", "c=biw,r=a,p=AAAA", "c=biws,r=a,p=AAAA,x=y"}) {
    CAPTURE(message);
    CHECK_FALSE(ScramFinal::parse(message));
  }
  const auto extended = ScramFinal::parse("c=biws,r=a,x=ext,p=AAAA");
  REQUIRE(extended);
  CHECK(extended->without_proof == "c=biws,r=a,x=ext");
}

TEST_CASE("base64: one text for one value, nothing else") {
  for (const auto& [bytes, text] : {std::pair<std::string, std::string>{"", ""},
                                    {"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foobar", "Zm9vYmFy"},
                                    {std::string("\xff\xfe\x00", 3), "//4A"}}) {
    CHECK(base64_encode(bytes) == text);
    CHECK(base64_decode(text) == bytes);
  }
  for (const std::string_view bad :
       {"Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zm9v\n", " Zm9", "Zg==Zg==", "Z-_v", "====", "Zm=v"}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decode(bad));
  }
}
